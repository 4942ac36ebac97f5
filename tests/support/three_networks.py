"""BSC, ETH and POL on real local nodes in one deployment, two of which can be taken down in several ways.

Belongs here: nodes, payments and faults. Does not belong here: expectations. ETH's node is asked directly, so that its
process can die or freeze; POL's through a stand-in that can answer anything.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from pipelines.demo.anvil import Anvil
from pipelines.demo.evm_tokens import minting, place_token, transfer
from tests.support.api import ROOT
from tests.support.deployment import Deployment
from tests.support.hostile_node import HostileNode, Reply, Rule, answered, asks, html_reply, refusal
from warehouse.lake import Lake
from warehouse.settings import load_settings

NETWORKS = ("BSC", "ETH", "POL")
SENDER = "0x" + "51" * 20
MERCHANT = "mer_1"


class Chain:
    """One network's node, with its USDT and one watched address; survives a stop of its process."""

    def __init__(self, network: str, folder: Path) -> None:
        settings = load_settings(None, {}).networks["live"][network]
        assert settings.chain_id
        self.network = network
        self.address = f"0x{100 + NETWORKS.index(network):040x}"
        self.paid = 0
        self._usdt = settings.tokens["USDT"]
        self._chain_id = settings.chain_id
        self._state = folder / f"{network}.json"
        self._genesis = datetime.now(UTC) - timedelta(hours=1)
        self.node = self._new_node(0)

    def _new_node(self, port: int) -> Anvil:
        node = Anvil(self._chain_id, port, genesis_time=self._genesis, args=["--state", str(self._state)])
        node.start()
        return node

    def prepare(self) -> None:
        """Place the token and give the payer enough of it."""
        place_token(self.node, self._usdt.address, name="Tether USD", symbol="USDT", decimals=self._usdt.decimals)
        self.node.send_and_mine([minting(self._usdt.address, SENDER, 10**30)])

    def pay(self) -> None:
        """One more token for the watched address, in a block of now, and make it final."""
        newest = int(self.node.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
        at = max(datetime.now(UTC), datetime.fromtimestamp(newest + 1, UTC))
        one = transfer(self._usdt.address, SENDER, self.address, 10**self._usdt.decimals)
        self.node.send_and_mine([one], at=at)
        self.node.mine(blocks=4)
        self.paid += 1

    def kill(self) -> None:
        """End the process; its port answers no more."""
        self.node.stop()

    def restart(self) -> None:
        """The same chain again, at the same port."""
        self.node = self._new_node(int(self.node.url.rsplit(":", 1)[1]))

    def freeze(self) -> None:
        """The process stays, and its port takes questions, but it does nothing."""
        os.kill(self.node.process_id, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self.node.process_id, signal.SIGCONT)


@dataclass(frozen=True)
class Fault:
    """One way in which POL's stand-in is useless, and the code of the problem that it must become."""

    rule: Rule
    code: str = "CHAIN_UNAVAILABLE"
    is_from_the_start: bool = False


def _cut(_request: Any) -> Reply:
    return Reply(b'{"jsonrpc": "2.0", "id": 1, "result": "0x', cut=True)


FAULTS = {
    "wrong chain": Fault(
        lambda request: answered(request, "0x38") if asks(request, "eth_chainId") else None,
        code="WRONG_CHAIN",
        is_from_the_start=True,
    ),
    "HTML": Fault(lambda _: html_reply(200)),
    "429": Fault(lambda request: refusal(request, "too many requests", status=429)),
    "-32005": Fault(lambda request: refusal(request, "daily request count exceeded", code=-32005)),
    "cut JSON": Fault(_cut),
    "null": Fault(lambda request: answered(request, None)),
}


class ThreeNetworks:
    """The world: three chains, a deployment that reads them, and an address of one merchant on each."""

    def __init__(self, folder: Path) -> None:
        self._stack = ExitStack()
        self.chains: dict[str, Chain] = {}
        try:
            for network in NETWORKS:
                self.chains[network] = Chain(network, folder)
                self._stack.callback(lambda network=network: self.chains[network].kill())
                self.chains[network].prepare()
            self.stand_in = self._stack.enter_context(HostileNode(self.chains["POL"].node.url))
        except BaseException:
            self._stack.close()
            raise
        self.deployment = Deployment(folder / "deployment")
        urls = {name: chain.node.url for name, chain in self.chains.items()} | {"POL": self.stand_in.url}
        tables = [
            f'[networks.live.{name}]\nrpc_urls = ["{url}"]\npoll_seconds = 0.5\nhead_lag_limit_seconds = 600\n'
            for name, url in urls.items()
        ]
        self.deployment.config.write_text(self.deployment.config.read_text() + "\n".join(tables))
        self.deployment.drop("addresses.ndjson", [self._created(chain) for chain in self.chains.values()])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _created(self, chain: Chain) -> dict[str, Any]:
        number = int(chain.address, 16)
        data = {"address_id": number, "network": chain.network, "currency": "USDT", "address": chain.address}
        return {
            "event_id": f"a{number}", "type": "address.created", "merchant_id": MERCHANT, "mode": "live", "data": data,
            "occurred_at": (datetime.now(UTC) - timedelta(minutes=30)).isoformat(),
        }  # fmt: skip

    def pay(self, *networks: str) -> None:
        """One payment on each of these."""
        for network in networks:
            self.chains[network].pay()

    @property
    def paid(self) -> dict[str, str]:
        """Network → what its address must have received."""
        return {name: f"{chain.paid}.00000000" for name, chain in self.chains.items()}

    @property
    def cursors(self) -> dict[str, int]:
        """Network → the stored head."""
        with Lake.open(self.deployment.settings.paths, read_only=True) as lake:
            return {row["network"]: row["head_block"] for row in lake.rows("FROM state.chain_heads")}

    @contextmanager
    def down(self, fault: str, *, frozen: bool = False) -> Generator[None]:
        """ETH's process killed or frozen, and POL answering with the fault; both well again at the end."""
        eth = self.chains["ETH"]
        fall, rise = (eth.freeze, eth.thaw) if frozen else (eth.kill, eth.restart)
        fall()
        self.stand_in.rule = FAULTS[fault].rule
        try:
            yield
        finally:
            self.stand_in.rule = None
            rise()

    @contextmanager
    def following(self) -> Generator[Callable[[], str]]:
        """`paylake sync` as a process; gives what ends it by SIGINT and returns its words."""
        process = subprocess.Popen(
            [sys.executable, "-m", "pipelines", "sync"],
            env=self.deployment.environment, cwd=ROOT, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

        def end() -> str:
            process.send_signal(signal.SIGINT)
            _, words = process.communicate(timeout=30)
            assert process.returncode == 0, words
            return words

        try:
            yield end
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()
