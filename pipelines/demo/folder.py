"""The demo's folder: whose it is, which ports belong to it, and the settings in it.

Belongs here: the lock, `demo.json`, `paylake.toml`, keys, what `--reset` throws away. Does not belong here: the files
of the outside world (`world.py`).
"""

from __future__ import annotations

import json
import shutil
import socket
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from pipelines.demo.cast import CHAINS, ChainCast
from pipelines.demo.gateway import TOKEN
from pipelines.demo.processes import DemoFailed
from warehouse.manifest import replace_file
from warehouse.settings import load_settings
from warehouse.store.api_keys import create_key, find_key
from warehouse.store.connection import open_store

# Where things listen unless somebody else does.
PREFERRED_PORTS = {
    "api": 8000,
    "dagster": 3000,
    "gateway": 9100,
    **{key: 8545 + number for number, key in enumerate(CHAINS)},
}
# After a kill, its processes take a moment to end.
_PORT_WAIT_SECONDS = 5.0
_MARK = "demo.json"
_LOCK = ".lock"
# Paylake's data go first: a reset that is cut short leaves a world that can be read from its beginning, or none.
_RESET_ORDER = ("data", "traffic.json")


@dataclass(frozen=True, slots=True)
class Ports:
    """Where things listen.

    Attributes:
        api: the API.
        dagster: Dagster's pages.
        gateway: the gateway's feed.
        nodes: each chain's node, by key of the chain.
    """

    api: int
    dagster: int
    gateway: int
    nodes: Mapping[str, int]


@contextmanager
def own(folder: Path, *, reset: bool) -> Generator[None]:
    """The demo's folder, locked and surely the demo's.

    Args:
        folder: made if it does not exist.
        reset: throw away what earlier runs left.

    Raises:
        DemoFailed: another demo runs in it, or it holds something else.
    """
    mark = folder / _MARK
    if folder.exists() and not mark.exists() and any(path.name != _LOCK for path in folder.iterdir()):
        raise DemoFailed(f"{folder} holds something else than a demo", hint="choose another with --folder")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(str(folder / _LOCK), timeout=0):
            if reset:
                _empty(folder)
            yield
    except Timeout:
        raise DemoFailed(f"another demo runs in {folder}", hint="stop it, or choose another with --folder") from None


def _empty(folder: Path) -> None:
    rest = sorted(path.name for path in folder.iterdir() if path.name not in (_LOCK, _MARK, *_RESET_ORDER))
    for path in (folder / name for name in (*_RESET_ORDER, *rest)):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def choose_ports(folder: Path, api_port: int | None) -> Ports:
    """The ports of the last run, else the usual ones, else free ones; written down for the next run.

    Args:
        folder: of the demo.
        api_port: of the API, if it is to be this one and no other.

    Raises:
        DemoFailed: that one is in use.
    """
    mark = folder / _MARK
    known = json.loads(mark.read_text()) if mark.exists() else {}
    wanted = PREFERRED_PORTS | {name: port for name, port in known.items() if name in PREFERRED_PORTS}
    if api_port is not None:
        wanted["api"] = api_port
    _wait_until_free([wanted[name] for name in known if name in wanted])
    chosen = {name: port if _is_free(port) else free_port() for name, port in wanted.items()}
    if api_port not in (None, chosen["api"]):
        raise DemoFailed(f"port {api_port} is in use", hint="choose another with --port")
    replace_file(mark, json.dumps(chosen).encode())
    return Ports(chosen["api"], chosen["dagster"], chosen["gateway"], {key: chosen[key] for key in CHAINS})


def _wait_until_free(ports: list[int]) -> None:
    ends_at = time.monotonic() + _PORT_WAIT_SECONDS
    while not all(_is_free(port) for port in ports) and time.monotonic() < ends_at:
        time.sleep(0.1)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def write_settings(folder: Path, ports: Ports) -> Path:
    """Write the demo's paylake.toml; where it is."""
    config = folder / "paylake.toml"
    replace_file(config, _settings_text(folder, ports).encode())
    return config


def _settings_text(folder: Path, ports: Ports) -> str:
    """JSON strings are TOML strings."""
    networks = "".join(_network_text(chain, ports.nodes[key]) for key, chain in CHAINS.items())
    return f"""\
# Written by `paylake demo` at each start.
[warehouse]
data_dir = {json.dumps(str(folder / "data"))}
[gateway]
base_url = "http://127.0.0.1:{ports.gateway}"
token = "{TOKEN}"
[api]
public_url = "http://127.0.0.1:{ports.api}"
{networks}"""


def _network_text(chain: ChainCast, port: int) -> str:
    lines = [
        f"[networks.{chain.key}]",
        f'rpc_urls = ["http://127.0.0.1:{port}"]',
        f"required_confirmations = {chain.confirmations}",
        "poll_seconds = 1.0",
    ]
    if chain.mode == "test":
        # Test networks have no token presets.
        for currency, token in chain.tokens.items():
            lines += [f"[networks.{chain.key}.tokens.{currency}]", f'address = "{token.address}"']
            lines.append(f"decimals = {token.decimals}")
    return "\n".join(lines) + "\n"


def key_of(folder: Path, merchant_id: str, mode: str) -> str:
    """A merchant's key: the one of the last run if it still opens anything."""
    file = folder / f"{mode}.key"
    with open_store(load_settings(folder / "paylake.toml")) as store:
        if file.exists() and find_key(store, text := file.read_text().strip()):
            return text
        text, _ = create_key(store, merchant_id, mode)
    file.touch(mode=0o600)
    file.write_text(text + "\n")
    return text
