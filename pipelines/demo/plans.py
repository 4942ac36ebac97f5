"""What the demo's traffic has in mind and on record, in the form in which it is written down.

Belongs here: the structures of `traffic.json`. Does not belong here: who fills them (`traffic.py`, `spam.py`,
`reorgs.py`), who performs them (`world.py`, `chain.py`). Amounts are text: they are beyond JSON's integers.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec

from pipelines.demo.anvil import Transaction
from pipelines.demo.cast import CHAINS, NFT
from pipelines.demo.evm_tokens import minting, transfer, transfer_from

Kind = Literal["transfer", "gas", "poison", "nft"]


class PlannedEvent(msgspec.Struct):
    """An event that the gateway will report; `at` in seconds since 1970."""

    at: int
    mode: str
    type: str
    merchant_id: str | None
    data: dict[str, Any]


class PlannedTransfer(msgspec.Struct):
    """Something that somebody will send.

    Attributes:
        at: seconds since 1970; it goes into the chain's next block from then on.
        chain: key of the chain.
        kind: `gas` moves the native coin, `poison` nothing out of somebody else's account, `nft` mints one.
        token: address of its contract; of gas none.
        sender: who sends it; of `poison` the owner whom it seems to come from.
        receiver: who gets it.
        base_units: amount; of an NFT its number.
        reports: what the gateway says of it once it knows the hash.
        is_payment: whether a buyer pays with it, so that they may pay again after a reorganisation.
    """

    at: int
    chain: str
    kind: Kind
    token: str
    sender: str
    receiver: str
    base_units: str
    reports: list[PlannedEvent] = []
    is_payment: bool = False

    def transaction(self) -> Transaction:
        """As the chain takes it."""
        units = int(self.base_units)
        match self.kind:
            case "gas":
                return Transaction(self.sender, self.receiver, value=units)
            case "poison":
                return transfer_from(self.token, self.receiver, self.sender, self.receiver, 0)
            case "nft":
                return minting(NFT, self.receiver, units)
            case _:
                return transfer(self.token, self.sender, self.receiver, units)

    def decimals(self) -> int | None:
        """Decimals of its token if that is one that counts."""
        if self.kind != "transfer":
            return None
        tokens = CHAINS[self.chain].tokens.values()
        return next((token.decimals for token in tokens if token.address == self.token), None)


class PlannedBlock(msgspec.Struct):
    """The time and the content of one block."""

    at: int
    transfers: list[PlannedTransfer]


class Step(msgspec.Struct):
    """What happens to one chain in a tick: the newest `depth` blocks are taken back, then these are mined.

    Attributes:
        chain: key of the chain.
        first: number of the first block to mine.
        depth: how many blocks give way, mostly none.
        blocks: the new ones, always one more than `depth`.
    """

    chain: str
    first: int
    depth: int
    blocks: list[PlannedBlock]

    @property
    def last(self) -> int:
        """Number of the newest block after it."""
        return self.first + len(self.blocks) - 1


class Tick(msgspec.Struct):
    """What happens at one time: events as they go into the feed, and steps of some of the chains."""

    number: int
    at: int
    events: list[dict[str, Any]]
    steps: list[Step]


class Deposit(msgspec.Struct):
    """A deposit address; `free_at` is when another session may get it."""

    address_id: int
    chain: str
    address: str
    merchant_id: str
    currency: str
    free_at: int


class ChainState(msgspec.Struct):
    """What traffic remembers of a chain: its newest block, and the newest ones that could be taken back."""

    head: int
    last_at: int
    recent: list[PlannedBlock] = []


class Account(msgspec.Struct):
    """What a merchant must find in one mode. `received` and `swept` are in 10^-18 of a token, all currencies added."""

    sessions: int = 0
    incoming: int = 0
    sweeps: int = 0
    received: str = "0"
    swept: str = "0"


class State(msgspec.Struct):
    """All that traffic remembers between ticks.

    Attributes:
        seed: of everything that chance decides.
        chains: by key.
        ticks: how many there were.
        last_at: time of the newest.
        next_address_id: for the next deposit address.
        deposits: every one there is.
        events: to be reported later.
        transfers: to be sent later.
        unreported: by chain, of each transfer of the newest tick in order, what is to be reported of it.
        record: what happened so far, by `account_key`.
    """

    seed: int
    chains: dict[str, ChainState]
    ticks: int = 0
    last_at: int = 0
    next_address_id: int = 1
    deposits: list[Deposit] = []
    events: list[PlannedEvent] = []
    transfers: list[PlannedTransfer] = []
    unreported: dict[str, list[list[PlannedEvent]]] = {}
    record: dict[str, Account] = {}

    def account(self, mode: str, merchant_id: str) -> Account:
        """The record of a merchant in a mode."""
        return self.record.setdefault(f"{mode}/{merchant_id}", Account())


def shown_amount(base_units: int, decimals: int) -> str:
    """Base units as the plain decimal the feed wants."""
    return f"{Decimal(base_units).scaleb(-decimals):f}"


def moment(seconds: int) -> str:
    """Seconds since 1970 as the feed writes times."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
