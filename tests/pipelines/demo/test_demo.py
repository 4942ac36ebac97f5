"""`paylake demo --once` as a stranger runs it: twice, the second time going on where the first ended."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from warehouse.lake import Lake
from warehouse.settings import load_settings

ROOT = Path(__file__).parents[3]
LINE = re.compile(
    r"(?P<blocks>\d+) blocks; sessions (?P<sessions>\d+) \(paid (?P<paid>\d+), pending (?P<pending>\d+), "
    r"failed (?P<failed>\d+), expired (?P<expired>\d+)\), addresses (?P<addresses>\d+), "
    r"available (?P<available>[\d.]+) USD"
)


def paylake(*arguments: str) -> str:
    command = [sys.executable, "-m", "pipelines", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def figures(folder: Path) -> dict[str, str]:
    printed = LINE.search(paylake("demo", "--once", "--folder", str(folder)))
    assert printed
    return printed.groupdict()


def published_statuses(folder: Path) -> dict[str, str]:
    sql = "select status, count(*) from marts.sessions where merchant_id = 'mer_demo' group by status"
    told = paylake("query", sql, "--config", str(folder / "paylake.toml"))
    return dict(re.findall(r"(paid|pending|failed|expired)\W+(\d+)", told))


@pytest.mark.chain
@pytest.mark.process
def test_one_round_shows_published_figures_and_the_next_round_continues(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    first = figures(folder)
    key = (folder / "live.key").read_text()
    second = figures(folder)
    assert published_statuses(folder).items() <= second.items()
    assert int(second["paid"]) > 0
    assert int(second["blocks"]) > int(first["blocks"])
    assert int(second["sessions"]) > int(first["sessions"])
    assert int(second["paid"]) >= int(first["paid"])
    assert (folder / "live.key").read_text() == key
    with Lake.open(load_settings(folder / "paylake.toml", {}).paths, read_only=True) as lake:
        stored = {row["event_id"] for row in lake.rows("SELECT event_id FROM raw.gateway_events")}
        assert lake.rows("SELECT * FROM raw.gateway_quarantine") == []
    assert len(stored) == len((folder / "events.ndjson").read_text().splitlines())


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    command = [sys.executable, "-m", "pipelines", "demo", "--once", "--reset", "--folder", str(tmp_path)]
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 1
    assert "holds something else than a demo" in refused.stderr
    assert (tmp_path / "letters.txt").read_text() == "dear"
