"""From the lake to the operational store: cumulative credits and the merchants' standing.

Belongs here: which rows cross over and in which units. Does not: what may be spent (warehouse/store).
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Context, Decimal

from warehouse.errors import MoneyOutOfRange, PaylakeError
from warehouse.lake import Lake
from warehouse.store.connection import Store
from warehouse.store.credits import Credit, apply_credits, credited_keys
from warehouse.store.merchants import Merchant, upsert_merchants

_EXACT = Context(prec=60)
_E8 = Decimal(100_000_000)

CREDITS = """
SELECT
    balances.mode, balances.merchant_id, balances.network, balances.currency,
    balances.received_final, balances.platform_fees_final, heads.finalized_block,
FROM marts.balances AS balances
INNER JOIN state.chain_heads AS heads ON balances.mode = heads.mode AND balances.network = heads.network
WHERE $since < 0 OR (balances.mode, balances.merchant_id) IN (
    SELECT (mode, merchant_id) FROM state.touched_merchants WHERE batch_id > $since
)
ORDER BY ALL
"""

BALANCE_KEYS = "SELECT merchant_id, mode, network, currency FROM marts.balances"

MERCHANTS = """
SELECT
    merchants.mode, merchants.merchant_id, merchants.status, merchants.platform_fee_rate,
    merchants.withdrawal_fee_rate, merchants.default_currency,
FROM marts.merchants AS merchants
WHERE $since < 0 OR (merchants.mode, merchants.merchant_id) IN (
    SELECT (mode, merchant_id) FROM state.touched_merchants WHERE batch_id > $since
)
ORDER BY ALL
"""


class HandOver:
    """Hands over what changed since the last time; the first time of a process everything, so a crash loses nothing."""

    def __init__(self, lake: Lake, store: Store) -> None:
        self._lake = lake
        self._store = store
        self._done_batch = -1
        self._refused: list[PaylakeError] = []

    def run(self) -> list[PaylakeError]:
        """Write changed credits and merchants to the store.

        Returns:
            Credits that were refused by name because the books cannot hold them; all others are written.
        """
        batch_id = self._lake.rows("SELECT batch_id FROM state.transforms")[0]["batch_id"]
        if batch_id == self._done_batch:
            return self._refused
        # While a credit is refused everything is tried again: the settings may have been corrected meanwhile.
        since = {"since": -1 if self._refused else self._done_batch}
        upsert_merchants(self._store, [Merchant(**row) for row in self._lake.rows(MERCHANTS, since)])
        credits = [_credit(row, batch_id) for row in self._lake.rows(CREDITS, since)] + self._vanished(batch_id)
        try:
            apply_credits(self._store, credits)
            self._refused = []
        except MoneyOutOfRange:
            self._refused = self._one_by_one(credits)
        self._done_batch = batch_id
        return self._refused

    def _vanished(self, batch_id: int) -> list[Credit]:
        """Credits of nothing for balances the books no longer know: an earlier claim on the address, a token gone."""
        known = {tuple(row.values()) for row in self._lake.rows(BALANCE_KEYS)}
        return [
            Credit(*key, version=batch_id, credited_total_e8=0, finalized_block=0)
            for key in credited_keys(self._store)
            if key not in known
        ]

    def _one_by_one(self, credits: list[Credit]) -> list[PaylakeError]:
        refused: list[PaylakeError] = []
        for credit in credits:
            try:
                apply_credits(self._store, [credit])
            except MoneyOutOfRange as error:
                refused.append(error)
        return refused


def _credit(row: dict, version: int) -> Credit:
    """The floor, to 1e-8, of the exact cumulative: never of single transfers."""
    exact = _EXACT.multiply(_EXACT.subtract(row["received_final"], row["platform_fees_final"]), _E8)
    return Credit(
        merchant_id=row["merchant_id"],
        mode=row["mode"],
        network=row["network"],
        currency=row["currency"],
        version=version,
        credited_total_e8=int(exact.to_integral_value(rounding=ROUND_FLOOR)),
        finalized_block=row["finalized_block"],
    )
