"""A whole deployment in a folder of its own: settings file, inbox, commands as processes, API over HTTP.

Belongs here: starting things as a user would. Does not: expectations.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import zstandard

from pipelines.refresh import PassReport, Refresh
from tests.support.api import DASHBOARD, ROOT, _free_port
from tests.support.empty_lake import lay_empty_lake
from tests.support.feed_server import TOKEN as FEED_TOKEN
from warehouse.settings import Settings, load_settings

NO_LIMITS = "1000000"


class Deployment:
    """One deployment under `folder`.

    Args:
        folder: empty; gets paylake.toml, inbox and data.
        bsc_url: node of the live BSC network; without it there is no chain.
        feed_url: HTTP feed, if any.
        required_confirmations: of BSC.
        has_lake: begins with an empty lake, where how it comes to be is not the subject.
    """

    def __init__(
        self,
        folder: Path,
        *,
        bsc_url: str = "",
        feed_url: str = "",
        required_confirmations: int = 15,
        has_lake: bool = False,
    ) -> None:
        self.folder = folder
        self.inbox = folder / "inbox"
        self.inbox.mkdir(parents=True)
        lines = [f'[warehouse]\ndata_dir = "{folder / "data"}"', f'[gateway]\ninbox = "{self.inbox}"']
        lines += [f'base_url = "{feed_url}"\ntoken = "{FEED_TOKEN}"'] if feed_url else []
        if bsc_url:
            lines.append(
                f'[networks.live.BSC]\nrpc_urls = ["{bsc_url}"]\nrequired_confirmations = {required_confirmations}'
            )
        lines.append(f"[api.rate_limits]\nstandard_per_minute = {NO_LIMITS}")
        self.config = folder / "paylake.toml"
        self.config.write_text("\n".join(lines) + "\n")
        if has_lake:
            lay_empty_lake(self.settings)

    @property
    def settings(self) -> Settings:
        """The settings as a command would load them."""
        return load_settings(self.config, {})

    def drop(self, name: str, events: Iterable[Mapping[str, Any]]) -> None:
        """Put a file into the inbox, whole at once; packed as its name says."""
        content = b"".join(json.dumps(event, ensure_ascii=False).encode() + b"\n" for event in events)
        if name.endswith(".gz"):
            content = gzip.compress(content, mtime=0)
        if name.endswith(".zst"):
            content = zstandard.compress(content)
        hidden = self.inbox / f".{name}.part"
        hidden.write_bytes(content)
        hidden.rename(self.inbox / name)

    def command(self, *arguments: str, module: str = "pipelines") -> subprocess.CompletedProcess[str]:
        """Run `paylake …` as a process of its own and wait for it."""
        return subprocess.run(
            [sys.executable, "-m", module, *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=240,
        )

    @property
    def environment(self) -> dict[str, str]:
        """What a command's process sees."""
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PAYLAKE_CONFIG": str(self.config),
            "NO_COLOR": "1",
        }

    def sync(self) -> list[PassReport]:
        """Passes in this process until nothing new comes."""
        reports = []
        with Refresh.open(self.settings) as refresh:
            while not reports or not reports[-1].is_idle:
                reports.append(refresh.run_pass())
        return reports

    def key(self, merchant: str, mode: str = "live") -> str:
        """A new API key, made by the command."""
        done = self.command("keys", "create", "--merchant", merchant, "--mode", mode)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @contextmanager
    def serve(self) -> Generator[str]:
        """`paylake serve` as a process; gives the dashboard's address."""
        port = _free_port()
        log = self.folder / "serve.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "pipelines", "serve", "--port", str(port)],
                env=self.environment, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            _wait_for(f"http://127.0.0.1:{port}/health", process, log)
            yield f"http://127.0.0.1:{port}{DASHBOARD}"
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up and process.poll() is None:
        try:
            httpx.get(url, timeout=2)
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"{url} does not answer:\n{log.read_text()}")


def all_items(client: httpx.Client, path: str, noun: str) -> list[dict[str, Any]]:
    """Every item of a list, page by page."""
    items: list[dict[str, Any]] = []
    page = 1
    while True:
        answer = client.get(path, params={"page": page, "limit": 100})
        assert answer.status_code == 200, answer.text
        data = answer.json()["data"]
        items += data[noun]
        if not data["pagination"]["has_next"]:
            return items
        page += 1
