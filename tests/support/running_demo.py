"""The demo as a person runs it, and the means to kill any of its processes.

Belongs here: starting `paylake demo`, finding its processes, ending them. Does not: expectations.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from pipelines.demo.cast import CHAINS
from tests.support.api import ROOT

# What a process of the demo has in its command line, by the name it has here.
MARKS = {
    **{f"node of {key}": f" --chain-id {chain.chain_id} " for key, chain in CHAINS.items()},
    "gateway": " -m pipelines.demo.gateway ",
    "sync": " -m pipelines sync ",
    "serve": " -m pipelines serve ",
    "dagster": " -m dagster dev ",
}
PATIENCE_SECONDS = 120.0


def demo_command(folder: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "pipelines", "demo", "--folder", str(folder), *options]


class RunningDemo:
    """`paylake demo` with short ticks.

    Args:
        folder: of the demo.
        log: what it prints is added here.
    """

    def __init__(self, folder: Path, log: Path) -> None:
        self._log = log
        with log.open("ab") as output:
            command = demo_command(folder, "--tick-seconds", "1")
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)

    def printed(self) -> str:
        """All it has printed."""
        return self._log.read_text()

    def welcomes(self) -> int:
        """How often it has shown its addresses and keys."""
        return self.printed().count("\nTry\n")

    def wait_for(self, what: Callable[[], object]) -> None:
        """Wait until something is so."""
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while not what():
            assert self.process.poll() is None, self.printed()
            assert time.monotonic() < ends_at, self.printed()
            time.sleep(0.05)

    def find(self, name: str) -> int | None:
        """Process id of one of its processes, if it runs."""
        return next((found for found, line in self.children().items() if MARKS[name] in line), None)

    def kill(self, name: str) -> None:
        """End one of its processes by SIGKILL, as soon as it is there."""
        self.wait_for(lambda: self.find(name))
        process_id = self.find(name)
        assert process_id is not None
        os.kill(process_id, signal.SIGKILL)

    def children(self) -> dict[int, str]:
        """Command lines of the processes that it started and that still run, by process id."""
        return {found: line for found, parent, line in running() if parent == self.process.pid}

    def kill_all(self) -> None:
        """End the demo itself by SIGKILL; its processes end with it."""
        children = self.children()
        self.process.kill()
        self.process.wait()
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while children.keys() & {found for found, _, _ in running()}:
            assert time.monotonic() < ends_at, children
            time.sleep(0.05)

    def stop(self) -> int:
        """End it by Ctrl-C; its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE_SECONDS)


def running() -> list[tuple[int, int, str]]:
    """Process id, parent and command line of every process that is no zombie."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rsplit(")", 1)[1].split()[:2]
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            found.append((int(folder.name), int(parent), line))
    return found
