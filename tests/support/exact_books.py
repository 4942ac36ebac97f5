"""The sums of a lake's books, or of published ones, as integers.

Belongs here: reading them digit by digit. Does not: what they must be (exact_world.py).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, localcontext
from typing import Any

from tests.support.exact_world import Sums

BOOK = "merchant_id, network, currency"
LEDGER = f"SELECT {BOOK}, sum(amount), sum(fee), sum(net), count(*) FROM marts.ledger GROUP BY ALL"
POSTINGS = (
    f"SELECT {BOOK}, sum(amount) FILTER (account = 'deposit'), -sum(amount) FILTER (account = 'platform_fees'), "
    "-sum(amount) FILTER (account = 'merchant'), count(*) FILTER (account = 'deposit') "
    "FROM marts.ledger_postings GROUP BY ALL"
)
DAYS = (
    f"SELECT {BOOK}, day, received_final, platform_fees_final, received_pending, transfer_count "
    "FROM marts.daily_credits"
)
BALANCES = f"SELECT {BOOK}, received_final, platform_fees_final, received_pending FROM marts.balances"
ADDRESSES = "SELECT id, total_received, total_swept, balance, final_balance FROM marts.addresses"

RowsOf = Callable[[str], list[dict[str, Any]]]


def whole(value: Decimal | int, places: int) -> int:
    """A decimal as an integer of its smallest place; it must have no more."""
    with localcontext(prec=80):
        scaled = Decimal(value).scaleb(places)
        assert scaled == scaled.to_integral_value(), f"{value} has more than {places} places"
        return int(scaled)


def assert_books(rows_of: RowsOf, sums: Sums, where: str) -> None:
    """All five tables hold the sums, to the unit."""
    for name, sql in (("ledger", LEDGER), ("postings", POSTINGS)):
        found = {
            tuple(row[:3]): [whole(row[3], 18), whole(row[4], 8), whole(row[5], 18), row[6]]
            for row in _rows(rows_of, sql)
        }
        _assert_same(found, sums.ledger, f"{where}: {name}")
    days = {
        (tuple(row[:3]), row[3]): [whole(row[4], 18), whole(row[5], 8), whole(row[6], 18), row[7]]
        for row in _rows(rows_of, DAYS)
    }
    _assert_same(days, sums.days, f"{where}: days")
    totals: dict[Any, list[int]] = {}
    for (book, _), (final, fees, pending, _) in sums.days.items():
        total = totals.setdefault(book, [0, 0, 0])
        total[:] = [total[0] + final, total[1] + fees, total[2] + pending]
    balances = {
        tuple(row[:3]): [whole(row[3], 18), whole(row[4], 8), whole(row[5], 18)] for row in _rows(rows_of, BALANCES)
    }
    _assert_same(balances, totals, f"{where}: balances")
    addresses = {row[0]: [whole(amount, 18) for amount in row[1:]] for row in _rows(rows_of, ADDRESSES)}
    _assert_same({key: row for key, row in addresses.items() if any(row)}, sums.addresses, f"{where}: addresses")


def _rows(rows_of: RowsOf, sql: str) -> list[list[Any]]:
    return [list(row.values()) for row in rows_of(sql)]


def _assert_same(found: dict[Any, list[int]], expected: dict[Any, list[int]], where: str) -> None:
    differing = [key for key in found.keys() | expected.keys() if found.get(key) != expected.get(key)]
    first = [(key, found.get(key), expected.get(key)) for key in differing[:3]]
    assert first == [], f"{where}: {len(differing)} differ"
