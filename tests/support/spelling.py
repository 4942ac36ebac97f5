"""Random values as a gateway would write them, in every spelling that the feed allows.

Belongs here: addresses, times, amounts, hashes. Does not belong here: events (`events.py`).
"""

import random
from datetime import datetime, timedelta

import base58

from warehouse.domain.addresses import shown_address
from warehouse.domain.networks import Family


def random_address(rng: random.Random, family: Family) -> str:
    """An address as a gateway would write it: any of the accepted spellings."""
    if family is Family.SOLANA:
        return base58.b58encode(rng.randbytes(32)).decode()
    canonical = "0x" + rng.randbytes(20).hex()
    return canonical if rng.random() < 0.3 else shown_address(family, canonical)


def written_time(rng: random.Random, moment: datetime) -> str:
    """A time in one of the spellings of ISO 8601."""
    if rng.random() < 0.2:
        moment = moment.replace(microsecond=0)
    style = rng.randrange(4)
    if style == 0:
        from_utc = timedelta(minutes=rng.choice((-300, 60, 330)))
        return (moment + from_utc).replace(tzinfo=None).isoformat() + _offset(from_utc)
    return moment.isoformat() if style == 1 else moment.isoformat().replace("+00:00", "Z")


def amount(rng: random.Random) -> str:
    """A plain decimal above zero, with any number of decimals up to 18."""
    decimals = rng.choice((0, 2, 2, 6, 8, 18))
    return f"{rng.randint(1, 5000)}" + (f".{rng.randrange(10**decimals):0{decimals}d}" if decimals else "")


def tx_hash(rng: random.Random) -> str:
    """A transaction hash."""
    return "0x" + rng.randbytes(32).hex()


def _offset(from_utc: timedelta) -> str:
    minutes = int(from_utc.total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"
