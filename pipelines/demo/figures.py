"""What the demo shows: figures asked of the API over HTTP, never known from elsewhere.

Belongs here: asking the API as a merchant would. Does not belong here: starting anything.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx

from pipelines.demo.plans import Account
from pipelines.demo.processes import DemoFailed

API_PATH = "/api/v1/dashboard"
WAIT_SECONDS = 180.0
# Final and other money are each rounded down to 8 decimals.
_ROUNDING = Decimal("2e-8")


@dataclass(frozen=True, slots=True)
class Figures:
    """One merchant's figures in one mode, as the API's answers say them."""

    as_of: str
    sessions: int
    paid: int
    pending: int
    failed: int
    expired: int
    incoming: int
    sweeps: int
    available: str
    confirming: str
    earned: str

    def line(self) -> str:
        """All of them on one line."""
        return (
            f"sessions {self.sessions} (paid {self.paid}, pending {self.pending}, failed {self.failed}, "
            f"expired {self.expired}), payments {self.incoming}, sweeps {self.sweeps}, "
            f"available {self.available} USD, confirming {self.confirming} USD, as of {self.as_of}"
        )

    def received(self) -> Decimal:
        """All money that ever came, final or not."""
        return Decimal(self.earned) + Decimal(self.confirming)


class Merchant:
    """A merchant's view of the API in the mode of their key. A context manager.

    Args:
        port: where the API listens.
        key: API key.
    """

    def __init__(self, port: int, key: str) -> None:
        self.key = key
        self.url = f"http://127.0.0.1:{port}{API_PATH}"
        self._ready = f"http://127.0.0.1:{port}/ready"
        self._client = httpx.Client(headers={"X-API-Key": key}, timeout=10, trust_env=False)

    def __enter__(self) -> Merchant:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def wait(self, stop: threading.Event, meanwhile: Callable[[], object] = lambda: None) -> None:
        """Wait until the API has data.

        Args:
            stop: set when nobody wants to wait any longer.
            meanwhile: done again and again while waiting: what it waits for may have died.

        Raises:
            DemoFailed: it has none for three minutes.
        """
        ends_at = time.monotonic() + WAIT_SECONDS
        while not stop.is_set():
            meanwhile()
            try:
                if self._client.get(self._ready).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass  # not up yet
            if time.monotonic() > ends_at:
                raise DemoFailed(
                    f"the API has no data after {WAIT_SECONDS:.0f} s", hint="see the logs of sync and serve"
                )
            stop.wait(0.1)

    def get(self, path: str, **parameters: str) -> tuple[dict[str, Any], str]:
        """The data of one answer, and the time it is as of.

        Raises:
            DemoFailed: the answer is no success.
        """
        try:
            answer = self._client.get(self.url + path, params=parameters)
        except httpx.TransportError as error:
            raise DemoFailed(f"GET {path}: {error}") from error
        if answer.status_code != httpx.codes.OK or not answer.json()["success"]:
            raise DemoFailed(f"GET {path}: {answer.status_code} {answer.text[:200]}")
        return answer.json()["data"], answer.headers.get("X-Data-As-Of", "")

    def figures(self) -> Figures:
        """The figures of now."""
        sessions, as_of = self.get("/sessions", limit="1")
        transactions, _ = self.get("/transactions", limit="1")
        balance, _ = self.get("/balance/crypto")
        counts, moved = sessions["summary"], transactions["summary"]
        return Figures(
            as_of=as_of,
            sessions=counts["total_sessions"],
            paid=counts["total_paid"],
            pending=counts["total_pending"],
            failed=counts["total_failed"],
            expired=counts["total_expired"],
            incoming=moved["total_incoming"],
            sweeps=moved["total_sweeps"],
            available=balance["available_balance"]["amount"],
            confirming=balance["pending_balance"]["amount"],
            earned=balance["total_earnings"]["all_time"],
        )

    def check(self, record: Account) -> Figures:
        """The figures, looked at: they are those of the traffic's own record, and some of it is paid.

        Args:
            record: what happened to this merchant in this mode.

        Raises:
            DemoFailed: they are not.
        """
        figures = self.figures()
        shown = (figures.sessions, figures.incoming, figures.sweeps)
        happened = (record.sessions, record.incoming, record.sweeps)
        if shown != happened:
            raise DemoFailed(f"sessions, payments, sweeps: the API shows {shown}, there were {happened}")
        received = Decimal(record.received).scaleb(-18)
        if not 0 <= received - figures.received() < _ROUNDING:
            raise DemoFailed(f"the API shows {figures.received()} USD received, it was {received}")
        if not figures.paid:
            raise DemoFailed("no session is paid")
        return figures
