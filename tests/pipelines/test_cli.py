"""The command line as a user types it: help with examples, clear failures, exit codes, no tracebacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.deployment import Deployment

COMMANDS = (
    ("sync",),
    ("rebuild",),
    ("serve",),
    ("query",),
    ("doctor",),
    ("check",),
    ("keys", "create"),
    ("keys", "list"),
    ("keys", "revoke"),
    ("quarantine", "list"),
    ("quarantine", "replay"),
)


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return Deployment(tmp_path / "deployment")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(command: tuple[str, ...]) -> None:
    from typer.testing import CliRunner

    from pipelines.cli import app

    done = CliRunner().invoke(app, [*command, "--help"])
    assert done.exit_code == 0
    assert f"Example: paylake {' '.join(command)}" in " ".join(done.output.split())


def test_wrong_usage_exits_with_2(deployment: Deployment) -> None:
    assert deployment.command("keys", "create", "--mode", "live").returncode == 2
    assert deployment.command("no-such-command").returncode == 2


def test_a_broken_settings_file_is_named_with_its_line(deployment: Deployment) -> None:
    deployment.config.write_text("[warehouse\n")
    done = deployment.command("sync", "--once")
    assert done.returncode == 1
    assert "paylake.toml" in done.stderr
    assert "line 1" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_setting_is_named(deployment: Deployment) -> None:
    deployment.config.write_text("[warehouse]\ndata_dri = 'x'\n")
    done = deployment.command("doctor")
    assert done.returncode == 1
    assert "warehouse.data_dri" in done.stderr


def test_a_key_is_printed_once_listed_by_prefix_and_revoked(deployment: Deployment) -> None:
    key = deployment.key("mer_1", "test")
    listed = deployment.command("keys", "list").stdout
    assert key.startswith("test_sk_")
    assert key not in listed
    assert key.removeprefix("test_sk_")[:8] in listed
    number = listed.split("\t")[0]
    assert deployment.command("keys", "revoke", number).returncode == 0
    assert "revoked" in deployment.command("keys", "list").stdout
    again = deployment.command("keys", "revoke", number)
    assert (again.returncode, "Traceback" in again.stderr) == (1, False)


def test_a_node_that_is_down_is_a_message_not_a_traceback(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path / "deployment", bsc_url="http://127.0.0.1:9/secret-path?key=canary")
    done = deployment.command("sync", "--once")
    assert done.returncode == 1
    assert "BSC" in done.stderr
    assert "Traceback" not in done.stderr
    assert "canary" not in done.stderr
    assert "secret-path" not in done.stderr
    doctor = deployment.command("doctor")
    assert doctor.returncode == 1
    assert "canary" not in doctor.stdout + doctor.stderr


def test_querying_before_the_first_publication_says_what_to_run(deployment: Deployment) -> None:
    done = deployment.command("query", "select 1")
    assert done.returncode == 1
    assert "paylake sync" in done.stderr


def test_a_refused_event_is_listed_with_place_and_reason_and_can_be_replayed(deployment: Deployment) -> None:
    (deployment.inbox / "broken.ndjson").write_bytes(b'{"event_id": 1}\n\xff\n')
    assert deployment.command("sync", "--once").returncode == 0
    listed = deployment.command("quarantine", "list").stdout
    assert "broken.ndjson:1" in listed
    assert "broken.ndjson:2" in listed
    assert "invalid_utf8" in listed
    replayed = deployment.command("quarantine", "replay")
    assert "refused again 2" in replayed.stdout
