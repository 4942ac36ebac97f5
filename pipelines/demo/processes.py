"""The demo's processes: started apart from the terminal, watched, started again, surely ended.

Belongs here: processes. Does not belong here: which ones there are (`run.py`), and the chain's node, which has its own
way to come back (`world.py`).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from warehouse.errors import PaylakeError

STOP_SECONDS = 20.0
# So many deaths in so short a time are no accident.
DEATHS_MAX = 5
DEATHS_SECONDS = 30.0
_LAST_WORDS_CHARACTERS = 1500


class DemoFailed(PaylakeError):
    """A part of the demo does not do what it should."""

    code = "DEMO_FAILED"


class Process:
    """One process in a session of its own: Ctrl-C reaches only the demo, which ends the others in order.

    Args:
        name: for messages.
        arguments: for the Python of the demo: `-m pipelines sync` and the like.
        log: file for all it writes.
    """

    def __init__(self, name: str, arguments: Sequence[str], log: Path) -> None:
        self.name = name
        self.log = log
        self._command = [sys.executable, *arguments]
        self._process: subprocess.Popen[bytes] | None = None
        self._deaths: list[float] = []

    def start(self) -> None:
        """Start it; it ends with the demo even if the demo is killed, where the system can arrange that."""
        setpriv = shutil.which("setpriv")
        command = [setpriv, "--pdeathsig", "TERM", "--", *self._command] if setpriv else self._command
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )

    def stop(self) -> None:
        """Ask it to end, wait, and insist; with all it started. Stopping twice is harmless."""
        if self._process is None:
            return
        process, self._process = self._process, None
        if process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
        _kill_session(process)

    def revive(self) -> str | None:
        """Start it again if it has ended; how it ended, or None if it runs.

        Raises:
            DemoFailed: it ends again and again.
        """
        if self._process is None or (code := self._process.poll()) is None:
            return None
        # What it started may still hold its port.
        _kill_session(self._process)
        now = time.monotonic()
        self._deaths = [*(death for death in self._deaths if now - death < DEATHS_SECONDS), now]
        if len(self._deaths) >= DEATHS_MAX:
            raise self.failure(f"ended {DEATHS_MAX} times in {DEATHS_SECONDS:.0f} s")
        self.start()
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def wait(self, stop: threading.Event) -> int | None:
        """Wait for its end; its exit code, or None if `stop` came first.

        Args:
            stop: set when nobody wants to wait any longer.
        """
        while self._process is not None and not stop.is_set():
            code = self._process.poll()
            if code is not None:
                return code
            stop.wait(0.05)
        return None

    def failure(self, what: str) -> DemoFailed:
        """An error with the last words of its log."""
        words = self.log.read_text(errors="replace")[-_LAST_WORDS_CHARACTERS:] if self.log.exists() else ""
        return DemoFailed(f"{self.name} {what}:\n{words.strip()}", hint=f"the whole log: {self.log}")


def _kill_session(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
