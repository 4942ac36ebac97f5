"""Three real chains with random payments and reorganisations, and a gateway that tells of addresses when it likes.

Belongs here: what happens in the world, from a seed. Does not: expectations.
"""

from __future__ import annotations

import random
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from pipelines.demo.anvil import Anvil, Transaction
from pipelines.demo.evm_tokens import minting, transfer
from pipelines.demo.real_tokens import EvmNetwork, RealToken, real_tokens
from tests.support.anvil_fixtures import GENESIS, start_node
from tests.support.deployment import Deployment
from warehouse.domain.addresses import shown_address
from warehouse.domain.networks import Family

NETWORKS: tuple[EvmNetwork, ...] = ("BSC", "ETH", "POL")
FINALITY = 8
CONFIRMATIONS = 3
MERCHANTS = ("mer_1", "mer_2")
HOT_WALLET = "0x" + "70" * 20
PAYER = "0x" + "51" * 20
START = GENESIS + timedelta(days=2)


class RestlessChains:
    """Everything that happens outside of Paylake."""

    def __init__(self, nodes: dict[EvmNetwork, Anvil], deployment: Deployment, draw: random.Random) -> None:
        self.nodes = nodes
        self.deployment = deployment
        self.draw = draw
        self.replaced_blocks = 0
        self.events = 0
        # (network, currency, address) of every session, told of or not
        self.places: list[tuple[EvmNetwork, str, str]] = []
        self._untold: list[list[dict[str, Any]]] = []
        self._files = 0
        for network, node in nodes.items():
            tokens = [token.address for token in self.tokens(network).values()]
            node.send_and_mine([minting(token, PAYER, 10**30) for token in tokens])
            node.mine(at=START, blocks=FINALITY)
            self._untold.append(
                [self._event("hot_wallet.registered", None, {"network": network, "address": HOT_WALLET})]
            )

    @staticmethod
    def tokens(network: EvmNetwork) -> dict[str, RealToken]:
        """The tokens that count, by currency."""
        return real_tokens(network)

    def live(self) -> None:
        """One round: new sessions, some told of now and some later, and a few blocks on every chain."""
        for network in self.nodes:
            self._untold.append(self._session(network))
        self.tell(share=0.6)
        for network, node in self.nodes.items():
            self._pay(network, node)

    def tell(self, *, share: float) -> None:
        """The gateway tells of a share of what it has not told of."""
        told = [events for events in self._untold if self.draw.random() < share]
        self._untold = [events for events in self._untold if events not in told]
        lines = [event for events in told for event in events]
        self.events += len(lines)
        self._files += 1
        if lines:
            self.deployment.drop(f"{self._files:05d}.ndjson", lines)

    def _session(self, network: EvmNetwork) -> list[dict[str, Any]]:
        number = len(self.places) + 1
        currency = self.draw.choice(list(self.tokens(network)))
        address = f"0x{self.draw.getrandbits(160):040x}"
        self.places.append((network, currency, address))
        merchant = self.draw.choice(MERCHANTS)
        place = {"network": network, "currency": currency}
        session_id = str(UUID(int=self.draw.getrandbits(128), version=4))
        now = self._now(network)
        described = {
            "session_id": session_id, "reference": f"ORDER-{number}", "amount": str(self.draw.randint(1, 3)), **place,
            "customer": {"email": None, "name": None}, "description": None, "callback_url": None, "metadata": {},
            "payment_url": None, "expires_at": (now + timedelta(seconds=self.draw.choice((5, 20, 600)))).isoformat(),
        }  # fmt: skip
        created = {"address_id": number, "address": shown_address(Family.EVM, address), **place}
        return [
            self._event("address.created", merchant, created, now),
            self._event("session.created", merchant, described, now),
            self._event("session.address_assigned", merchant, {"session_id": session_id, "address_id": number}, now),
        ]

    def _event(self, kind: str, merchant: str | None, data: dict[str, Any], at: datetime = START) -> dict[str, Any]:
        return {
            "event_id": f"evt_{self.draw.getrandbits(64):016x}", "type": kind, "occurred_at": at.isoformat(),
            "merchant_id": merchant, "mode": "live", "data": data,
        }  # fmt: skip

    def _now(self, network: EvmNetwork) -> datetime:
        latest = self.nodes[network].rpc("eth_getBlockByNumber", "latest", False)
        return datetime.fromtimestamp(int(latest["timestamp"], 16), GENESIS.tzinfo)

    def _pay(self, network: EvmNetwork, node: Anvil) -> None:
        """Payments in a few new blocks, or in place of the newest ones."""
        luck = self.draw.random()
        if luck < 0.3:
            depth = self.draw.randint(1, FINALITY - 2)
            node.reorg(depth, [(one, self.draw.randrange(depth)) for one in self._payments(network, can_sweep=False)])
            self.replaced_blocks += depth
        elif luck < 0.4:
            depth = self.draw.randint(1, 3)
            node.rollback(depth)
            node.send_and_mine(self._payments(network, can_sweep=False))
            self.replaced_blocks += depth
        for _ in range(self.draw.randint(1, 3)):
            node.send_and_mine(self._payments(network))

    def _payments(self, network: EvmNetwork, *, can_sweep: bool = True) -> list[Transaction]:
        places = [(currency, address) for at, currency, address in self.places if at == network][-6:]
        payments = []
        for currency, address in self.draw.sample(places, self.draw.randint(0, len(places))):
            token = self.tokens(network)[currency]
            whole = 10**token.decimals
            amount = self.draw.choice((0, whole, whole, 2 * whole, 3 * whole, self.draw.randint(1, whole)))
            payments.append(transfer(token.address, PAYER, address, amount))
        if can_sweep and places and self.draw.random() < 0.3:
            currency, address = self.draw.choice(places)
            token = self.tokens(network)[currency].address
            balance = self._balance(network, token, address)
            payments.insert(0, transfer(token, address, HOT_WALLET, balance))
        return payments

    def _balance(self, network: EvmNetwork, token: str, address: str) -> int:
        call = {"to": token, "data": "0x70a08231" + address[2:].rjust(64, "0")}
        return int(self.nodes[network].rpc("eth_call", call, "latest"), 16)


@contextmanager
def restless_chains(folder: Path, seed: int) -> Generator[RestlessChains]:
    """Nodes of BSC, ETH and POL, and a deployment that reads them."""
    with ExitStack() as stack:
        nodes = {network: start_node(network, finality_blocks=FINALITY) for network in NETWORKS}
        for node in nodes.values():
            stack.callback(node.stop)
        yield RestlessChains(nodes, deployment_of(folder, nodes), random.Random(seed))


def deployment_of(folder: Path, nodes: dict[EvmNetwork, Anvil]) -> Deployment:
    """A deployment that reads these nodes."""
    deployment = Deployment(folder)
    lines = [
        f'[networks.live.{network}]\nrpc_urls = ["{node.url}"]\nrequired_confirmations = {CONFIRMATIONS}\n'
        for network, node in nodes.items()
    ]
    deployment.config.write_text(deployment.config.read_text() + "\n".join(lines))
    return deployment
