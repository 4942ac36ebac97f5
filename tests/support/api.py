"""A running API for tests: in this process, or as a real server on a socket.

Belongs here: starting and asking it. Does not belong here: rows and expectations.
"""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.testclient import TestClient

from api.app import create_app
from api.deployment import Reader
from tests.support.marts import NOW
from warehouse.settings import Settings, load_settings
from warehouse.store.api_keys import create_key
from warehouse.store.connection import open_store

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "tests" / "data" / "examples"
DASHBOARD = "/api/v1/dashboard"


def settings_in(directory: Path, **overrides: str) -> Settings:
    """Settings with their data in a directory; overrides are named as the environment names them."""
    environment = {f"PAYLAKE_{name}": value for name, value in overrides.items()}
    return load_settings(None, {"PAYLAKE_WAREHOUSE__DATA_DIR": str(directory), **environment})


def new_key(settings: Settings, merchant_id: str = "mer_7", mode: str = "live", **options: Any) -> str:
    """The text of a new key."""
    with open_store(settings) as store:
        return create_key(store, merchant_id, mode, **options)[0]


@contextmanager
def client_for(
    settings: Settings, reader: Reader, *, key: str | None = None, now: datetime = NOW
) -> Generator[TestClient]:
    """A client of the API in this process that sends this key; failures inside come back as answers."""
    app = create_app(settings, reader=reader, clock=lambda: now)
    headers = {"X-API-Key": key} if key else {}
    with TestClient(app, headers=headers, raise_server_exceptions=False) as client:
        yield client


def exact_json(answer: Any) -> Any:
    """The body with every number as an int or a Decimal, digit by digit."""
    return json.loads(answer.content, parse_float=Decimal)


def example(name: str) -> Any:
    """The sample answer of the specification."""
    return json.loads((EXAMPLES / f"{name}.response.json").read_text())


def keys_of(value: Any) -> Any:
    """The keys of an answer as a tree; a list stands for its first item."""
    if isinstance(value, Mapping):
        return {name: keys_of(item) for name, item in value.items()}
    if isinstance(value, list):
        return [keys_of(value[0])] if value else []
    return None


_SERVE = """
import sys
from pathlib import Path
from api.server import run
from tests.support.api import settings_in
if __name__ == "__main__":
    run(settings_in(Path(sys.argv[1])), "127.0.0.1", int(sys.argv[2]), int(sys.argv[3]))
"""


@contextmanager
def running_server(directory: Path, *, workers: int = 1) -> Generator[int]:
    """A real server over a data directory; gives its port."""
    script = directory / "serve.py"
    script.write_text(_SERVE)
    port = _free_port()
    log = directory / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, str(script), str(directory), str(port), str(workers)],
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT), "PATH": ""},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_up(port, log)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def served_here(settings: Settings) -> Generator[str]:
    """The API on a socket, but in this process, so that a test can plant faults in it; gives its URL."""
    # The server that the dagster-webserver brings; the product's own starts processes.
    server = uvicorn.Server(uvicorn.Config(create_app(settings), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        give_up_at = time.monotonic() + 40
        while not server.started and time.monotonic() < give_up_at:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=30)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _wait_until_up(port: int, log: Path) -> None:
    give_up_at = time.monotonic() + 40
    while time.monotonic() < give_up_at:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"The server did not come up:\n{log.read_text()}")
