"""Rows of `marts.transactions` as every resource reads them.

Belongs here: the columns of a transfer's item, where they come from, and their order. Does not belong here: which rows
(the resources' `queries.py`) and the item itself (`transfers.py`).
"""

TRANSFER_COLUMNS = """
    t.id, t.type, t.tx_hash, t.network, t.currency, t.amount, t.from_address, t.to_address,
    t.block_number, t.block_time, t.session_id, t.reference, t.gas_fee, h.head_block, h.required_confirmations"""

FROM_TRANSFERS = """
from marts.transactions as t
left join marts.chain_heads as h on h.mode = t.mode and h.network = t.network
"""

# One log can be two rows, out of one own address and into another: the id makes the order total.
NEWEST_FIRST = """
order by
    t.block_time desc,
    case t.network when 'BSC' then 0 when 'ETH' then 1 when 'POL' then 2 when 'TRX' then 3 when 'SOL' then 4 else 5 end,
    t.network,
    t.block_number desc,
    t.log_index desc,
    t.id
"""
