"""What the demo shows: figures asked of the API over HTTP, never known from elsewhere.

Belongs here: asking the API as a merchant would. Does not belong here: starting anything.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

import httpx

from pipelines.demo.processes import DemoFailed

API_PATH = "/api/v1/dashboard"
WAIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Figures:
    """One merchant's figures, as the API's answers say them."""

    as_of: str
    sessions: int
    paid: int
    pending: int
    failed: int
    expired: int
    addresses: int
    available: str
    confirming: str

    def line(self) -> str:
        """All of them on one line."""
        return (
            f"sessions {self.sessions} (paid {self.paid}, pending {self.pending}, failed {self.failed}, "
            f"expired {self.expired}), addresses {self.addresses}, "
            f"available {self.available} USD, confirming {self.confirming} USD, as of {self.as_of}"
        )


class Merchant:
    """A merchant's view of the API. A context manager.

    Args:
        port: where the API listens.
        key: API key.
    """

    def __init__(self, port: int, key: str) -> None:
        self.url = f"http://127.0.0.1:{port}{API_PATH}"
        self._ready = f"http://127.0.0.1:{port}/ready"
        self._client = httpx.Client(headers={"X-API-Key": key}, timeout=10, trust_env=False)

    def __enter__(self) -> Merchant:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def wait(self, stop: threading.Event) -> None:
        """Wait until the API has data.

        Raises:
            DemoFailed: it has none for a minute.
        """
        ends_at = time.monotonic() + WAIT_SECONDS
        while not stop.is_set():
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
        addresses, _ = self.get("/addresses", limit="1")
        balance, _ = self.get("/balance/crypto")
        summary = sessions["summary"]
        return Figures(
            as_of=as_of,
            sessions=summary["total_sessions"],
            paid=summary["total_paid"],
            pending=summary["total_pending"],
            failed=summary["total_failed"],
            expired=summary["total_expired"],
            addresses=addresses["pagination"]["total_items"],
            available=balance["available_balance"]["amount"],
            confirming=balance["pending_balance"]["amount"],
        )

    def check(self, session_count: int) -> Figures:
        """The figures, looked at: they are those of the sessions that were created, and some of it is paid.

        Args:
            session_count: how many sessions the gateway has created for this merchant.

        Raises:
            DemoFailed: they are not.
        """
        figures = self.figures()
        if figures.sessions != session_count:
            raise DemoFailed(f"the API shows {figures.sessions} sessions, the gateway created {session_count}")
        if not figures.paid:
            raise DemoFailed("no session is paid")
        listed, _ = self.get("/sessions", status="paid", limit="1")
        session = listed["sessions"][0]
        shown, _ = self.get(f"/sessions/{session['session_id']}")
        if shown["payment_details"]["blockchain_tx_hash"] != session["blockchain_tx_hash"]:
            raise DemoFailed(f"session {session['session_id']} differs between its list and its page")
        return figures
