"""Random histories, drawn from a small space so that facts collide.

Belongs here: what may happen: reused addresses, foreign claims, ties of time, chains that change their mind. Does not:
when a world hears of it (histories.py), what models make of it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from tests.models.histories import History, Tip
from tests.support.models import HOT_WALLET, PAYER, deposit, minute, session, transfer_hash

MERCHANTS = ("mer_1", "mer_2", "mer_3")
NETWORKS = ("BSC", "BSC", "BSC", "ETH")
CURRENCIES = ("USDT", "USDT", "USDC")
AMOUNTS = ("20", "50", "60", "100", "33.333333333333333333", "0.0000005", "0.00000001", "0")
LAST_MINUTE = 60
FIRST_FORK = 40
# By how many minutes the blocks of another branch are later.
SHIFTS = (-0.7, -0.2, 0, 0.4, 1.5)
ANOTHER_WALLET = "0x" + "ef" * 20


@dataclass(frozen=True)
class Home:
    """What an id was meant to be: most events about it agree, some do not."""

    merchant: str
    network: str
    currency: str
    address: str = ""


def random_history(rng: random.Random) -> History:
    """An hour in which three merchants share a few addresses, and much goes wrong."""
    return _Author(rng).write()


class _Author:
    """Writes one history."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._history = History()
        self._used_ids: set[str] = set()
        self._places: set[tuple[str, int, int, str]] = set()
        # Nine address rows over seven addresses: some share an address under two currencies, some under two merchants.
        self._addresses = {number: self._home(deposit(rng.randint(1, 7))) for number in range(1, 10)}
        self._sessions = {number: rng.choice(list(self._addresses.values())) for number in range(1, 11)}

    def _home(self, address: str = "") -> Home:
        rng = self._rng
        merchant = rng.choice(MERCHANTS[:2])
        return Home(merchant, rng.choice(NETWORKS), rng.choice(CURRENCIES), address)

    def write(self) -> History:
        """All of it."""
        for network in ("BSC", "ETH"):
            self._grow(network)
        for merchant in MERCHANTS[:2]:
            self._some(0, 3, self._update_merchant, merchant)
        for number in self._addresses:
            self._some(1, 3, self._create_address, number)
            self._some(1, 4, self._report_address, number)
        for number in self._sessions:
            self._some(1, 2, self._create_session, number)
            self._some(0, 3, self._assign, number)
            if self._rng.random() < 0.3:
                self._event("session.failed", self._sessions[number], {"session_id": session(number), "reason": "x"})
        self._some(0, 2, self._register_wallet)
        self._some(30, 50, self._move)
        self._call_witnesses("BSC")
        return self._history

    def _grow(self, network: str) -> None:
        """A chain that changes its mind between three branches, but not below its finalised block."""
        rng = self._rng
        branches, history = self._history.branches, self._history
        names = ["", f"{network}1", f"{network}2"]
        first, second = sorted(rng.sample(range(FIRST_FORK, LAST_MINUTE), 2))
        shift, another, parent = rng.choice(SHIFTS), rng.choice(SHIFTS), rng.choice(names[:2])
        branches.fork(names[1], first, minutes=shift)
        # No block is older than its parent.
        branches.fork(names[2], second, minutes=max(another, shift) if parent else another, parent=parent)
        heads = [("", rng.randrange(FIRST_FORK))]
        for _ in range(rng.randint(3, 5)):
            branch, block = rng.choice(names), rng.randrange(45, LAST_MINUTE + 15)
            if rng.random() < 0.4:  # back, or to a branch of almost the same height
                branch, block = rng.choice((heads[-1][0], branch)), max(45, heads[-1][1] - rng.randint(1, 3))
            heads.append((branch, block))
        if rng.random() < 0.5:
            heads.append((heads[-1][0], heads[-1][1] - rng.randint(1, 3)))
        finalized = 0
        tips = []
        for number, (branch, block) in enumerate(heads):
            shared = [branches.shared(branch, other, min(block, head)) for other, head in heads[number:]]
            finalized = max(finalized, min(block - 25, *shared, block))
            tips.append(Tip(branch, block, finalized))
        history.tips[network] = tips
        history.headers += [(network, branch, block) for branch, block in heads]

    def _call_witnesses(self, network: str) -> None:
        """Three sessions that nothing touches but the last change of a chain.

        One is paid in a block that the head then hardly confirms, one in a block of the tip that was left, one expires
        around the head's time.
        """
        rng = self._rng
        *_, left, last = self._history.tips[network]
        paid = ((20, last, rng.randint(0, 1)), (21, left, rng.randint(0, 3)))
        for number, expires in ((20, 99.0), (21, 99.0), (22, last.block + rng.choice((0, 0.5, 1)))):
            data = {"address_id": number, "network": network, "currency": "USDT", "address": deposit(number)}
            self._tell("address.created", 0, data, "mer_1")
            data = _session_data(number, amount="100", expires=expires) | {"network": network, "currency": "USDT"}
            self._tell("session.created", 0, data, "mer_1")
            self._tell("session.address_assigned", 0, {"session_id": session(number), "address_id": number}, "mer_1")
        for number, tip, depth in paid:
            block = tip.block - depth
            self._history.transfers.append(
                {
                    "block": block, "branch": self._history.branches.home(block, tip.branch), "amount": "100",
                    "to": deposit(number), "network": network, "log_index": 1000 + number,
                }
            )  # fmt: skip

    def _some(self, low: int, high: int, happen: Any, *arguments: Any) -> None:
        for _ in range(self._rng.randint(low, high)):
            happen(*arguments)

    def _event(self, event_type: str, home: Home | None, data: dict[str, Any]) -> None:
        rng = self._rng
        merchant = home.merchant if home else None
        if home and rng.random() < 0.1:
            merchant = rng.choice(MERCHANTS)
        mode = "test" if rng.random() < 0.03 else "live"
        self._tell(event_type, rng.randrange(LAST_MINUTE), data, merchant, mode)

    def _tell(self, event_type: str, at: int, data: dict[str, Any], merchant: str | None, mode: str = "live") -> None:
        event_id = f"evt_{self._rng.randrange(10**9):09d}"
        if event_id in self._used_ids:
            return
        self._used_ids.add(event_id)
        self._history.events.append(
            {
                "event_type": event_type, "at": at, "data": data,
                "merchant": merchant, "mode": mode, "event_id": event_id,
            }
        )  # fmt: skip

    def _place(self, home: Home) -> dict[str, str]:
        """Network and currency of a home, now and then another's."""
        rng = self._rng
        network = rng.choice(NETWORKS) if rng.random() < 0.1 else home.network
        return {"network": network, "currency": rng.choice(CURRENCIES) if rng.random() < 0.1 else home.currency}

    def _update_merchant(self, merchant: str) -> None:
        rng = self._rng
        rate = rng.choice(("0.01", "0.02", "0.005", "0"))
        data = {
            "name": rng.choice("ABC"),
            "email": "a@shop.example",
            "default_currency": "USDT",
            "platform_fee_rate": rate,
        }
        data |= {"withdrawal_fee_rate": "0.001", "status": rng.choice(("active", "suspended"))}
        self._event("merchant.updated", Home(merchant, "", ""), data)

    def _create_address(self, number: int) -> None:
        home = self._addresses[number]
        address = deposit(self._rng.randint(1, 7)) if self._rng.random() < 0.1 else home.address
        self._event("address.created", home, {"address_id": number, "address": address} | self._place(home))

    def _report_address(self, number: int) -> None:
        kind = self._rng.choice(("activated", "deactivated", "gas_funded", "swept", "sweep_failed"))
        said = {
            "gas_funded": {"tx_hash": "0x" + "aa" * 32, "amount": "0.01"},
            "swept": {"tx_hash": "0x" + "bb" * 32, "amount": "10", "hot_wallet": HOT_WALLET},
            "sweep_failed": {"reason": "no gas"},
        }
        self._event(f"address.{kind}", self._addresses[number], {"address_id": number} | said.get(kind, {}))

    def _create_session(self, number: int) -> None:
        rng = self._rng
        home = self._sessions[number]
        data = _session_data(number, amount=rng.choice(("50", "100")), expires=rng.randrange(5, LAST_MINUTE + 25)) | {
            "reference": f"ORDER-{rng.randrange(99)}"
        }
        self._event("session.created", home, data | self._place(home))

    def _assign(self, number: int) -> None:
        home = self._sessions[number]
        fitting = [
            key
            for key, address in self._addresses.items()
            if (address.merchant, address.network, address.currency) == (home.merchant, home.network, home.currency)
        ]
        anything = self._rng.random() < 0.1 or not fitting
        address_id = self._rng.choice(list(self._addresses) if anything else fitting)
        self._event("session.address_assigned", home, {"session_id": session(number), "address_id": address_id})

    def _register_wallet(self) -> None:
        address = self._rng.choice((HOT_WALLET, HOT_WALLET, ANOTHER_WALLET, deposit(4)))
        self._event("hot_wallet.registered", None, {"network": self._rng.choice(NETWORKS), "address": address})

    def _move(self) -> None:
        rng = self._rng
        home = rng.choice(list(self._addresses.values()))
        own = home.address
        sender, to = rng.choice(
            ((PAYER, own),) * 5 + ((own, HOT_WALLET),) * 2 + ((own, ANOTHER_WALLET), (own, deposit(1)))
        )
        place = self._place(home)
        block = rng.randrange(LAST_MINUTE)
        if rng.random() < 0.3:  # where a chain's change gives or takes confirmations
            block = max(0, rng.choice(self._history.tips[place["network"]]).block - rng.randint(0, 4))
        moved = {
            "block": block, "amount": rng.choice(AMOUNTS),
            "to": to, "sender": sender,
            "log_index": len(self._history.transfers), "topic_count": 4 if rng.random() < 0.05 else 3,
        } | place  # fmt: skip
        self._put(moved)
        while block >= FIRST_FORK - 5 and rng.random() < 0.6:  # on another branch too, somewhat otherwise
            other = {"block": block + rng.choice((-1, 0, 0, 1, 3))}
            self._put(moved | other | ({"amount": "20", "to": deposit(2)} if rng.random() < 0.2 else {}))

    def _put(self, transfer: dict[str, Any]) -> None:
        """On some branch, unless the place in the block is taken."""
        network, block, log_index = transfer["network"], transfer["block"], transfer["log_index"]
        branch = self._history.branches.home(block, self._rng.choice(("", f"{network}1", f"{network}2")))
        place = (network, block, log_index, branch)
        if place not in self._places:
            self._places.add(place)
            self._history.transfers.append(transfer | {"branch": branch})
            block_hash = self._history.branches.hash(network, block, branch)
            moved = [transfer[name] for name in ("log_index", "to", "sender", "amount")]
            tx_hash = transfer_hash(block_hash, *moved)
            own_draw = random.Random(tx_hash)
            if own_draw.random() < 0.6:
                place = {"network": network, "block": block, "branch": branch}
                gas = {"gas_used": own_draw.randrange(21_000, 90_000), "gas_price": own_draw.choice((1, 10**9, None))}
                self._history.receipts.append({"tx_hash": tx_hash} | place | gas)
            if transfer["to"] in (HOT_WALLET, ANOTHER_WALLET):
                self._some(0, 2, self._report_sweep, transfer, tx_hash)

    def _report_sweep(self, transfer: dict[str, Any], tx_hash: str) -> None:
        """What the gateway says of a sweep, now and then of another address or amount."""
        rng = self._rng
        swept = [number for number, home in self._addresses.items() if home.address == transfer["sender"]]
        number = rng.choice(list(self._addresses) if rng.random() < 0.1 else swept)
        data = {"address_id": number, "tx_hash": tx_hash, "hot_wallet": HOT_WALLET}
        amount = "1" if rng.random() < 0.2 else transfer["amount"]
        self._event("address.swept", self._addresses[number], data | {"amount": amount})


def _session_data(number: int, *, amount: str, expires: float) -> dict[str, Any]:
    return {
        "session_id": session(number), "reference": f"ORDER-{number}", "amount": amount,
        "customer": {"email": None, "name": None}, "description": None, "callback_url": None, "metadata": {},
        "payment_url": None, "expires_at": minute(expires).isoformat(),
    }  # fmt: skip
