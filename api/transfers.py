"""One transfer as every resource shows it: an item of the transaction list.

Belongs here: the item and how a row of `marts.transactions` becomes one. Does not belong here: queries.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from api.answers import Schema
from api.money import Amount, Number, gas_fee_or_null, show_8
from api.presentation import ChainView, Moment, show_moment
from api.prices import USD_THEN, Prices

GAS_FEE = "What the whole transaction cost its sender in the native coin; null until its receipt is read."


class Transfer(Schema):
    """One token transfer that touches a merchant's address."""

    id: int
    tx_hash: str
    type: Literal["incoming", "outgoing", "sweep"]
    network: str
    currency: str
    amount: Amount
    amount_usd: Annotated[Number | None, Field(description=USD_THEN)]
    from_address: str | None
    to_address: str | None
    confirmations: Annotated[int | None, Field(description="Head - block + 1, at the ingested head.")]
    status: Literal["pending", "confirmed", "failed"]
    explorer_url: str | None
    timestamp: Annotated[Moment, Field(description="The block's time.")]
    session_id: str | None
    reference: str | None
    gas_fee: Annotated[Amount | None, Field(description=GAS_FEE + " Null for incoming transfers.")]
    gas_fee_currency: Annotated[str | None, Field(description="The native coin; null where gas_fee is.")]


def confirmations_at(head_block: int | None, block_number: int | None) -> int | None:
    """Blocks on top of a transfer, its own included; null without a head or a block, 0 while the head lags behind."""
    if head_block is None or block_number is None:
        return None
    return max(0, head_block - block_number + 1)


def transfer_item(row: Mapping[str, Any], view: ChainView, prices: Prices) -> Transfer:
    """The item of a row of `marts.transactions` joined with its network's head and required confirmations."""
    network = row["network"]
    confirmations = confirmations_at(row["head_block"], row["block_number"])
    required = row["required_confirmations"]
    is_confirmed = confirmations is not None and required is not None and confirmations >= required
    gas_fee = None if row["type"] == "incoming" else gas_fee_or_null(row["gas_fee"])
    return Transfer(
        id=row["id"],
        tx_hash=view.hash(network, row["tx_hash"]) or "",
        type=row["type"],
        network=network,
        currency=row["currency"],
        amount=show_8(row["amount"]),
        amount_usd=prices.usd(row["amount"], row["currency"], row["block_time"]),
        from_address=view.address(network, row["from_address"]),
        to_address=view.address(network, row["to_address"]),
        confirmations=confirmations,
        status="confirmed" if is_confirmed else "pending",
        explorer_url=view.transaction_link(network, row["tx_hash"]),
        timestamp=show_moment(row["block_time"]),
        session_id=row["session_id"],
        reference=row["reference"],
        gas_fee=gas_fee,
        gas_fee_currency=None if gas_fee is None else view.native_coin(network),
    )
