"""Transactions of one tenant.

Belongs here: SQL over the marts, as static text with bound parameters. Does not belong here: shapes of answers.
"""

from api.transfer_rows import FROM_TRANSFERS, NEWEST_FIRST, TRANSFER_COLUMNS

# Plain bounds on the block time: the optimizer then drops the segments outside them.
_FILTERS = """
where t.mode = $mode
  and t.merchant_id = $merchant_id
  and ($network is null or t.network = $network)
  and ($currency is null or t.currency = $currency)
  and ($start is null or t.block_time >= $start)
  and ($end is null or t.block_time <= $end)
  and ($min_amount is null or t.amount >= $min_amount)
  and ($max_amount is null or t.amount <= $max_amount)
"""

FIGURES_BY_TYPE = (
    """
select
    t.type,
    count(*) as transactions,
    sum(t.amount) filter (where h.head_block - t.block_number + 1 >= h.required_confirmations) as confirmed_amount
"""
    + FROM_TRANSFERS
    + _FILTERS
    + """
group by t.type
"""
)

LIST = (
    "select"
    + TRANSFER_COLUMNS
    + FROM_TRANSFERS
    + _FILTERS
    + "  and ($type is null or t.type = $type)"
    + NEWEST_FIRST
    + "limit $limit offset $offset"
)

# Where to look: without the times, every segment would be scanned for one hash.
BLOCK_TIMES = """
select min(l.block_time) as earliest, max(l.block_time) as latest
from lookups.transactions as l
where l.mode = $mode
  and l.merchant_id = $merchant_id
  and l.tx_hash = $tx_hash
"""

TRANSFERS_IN = (
    "select"
    + TRANSFER_COLUMNS
    + ", t.log_index, t.block_hash, t.gas_used, t.gas_price, t.confirmed_at"
    + FROM_TRANSFERS
    + """
where t.mode = $mode
  and t.merchant_id = $merchant_id
  and t.tx_hash = $tx_hash
  and list_contains($networks, t.network)
  and t.block_time between $earliest and $latest
"""
    + NEWEST_FIRST
)

RELATED_SESSION = """
select s.session_id, s.reference, s.customer_email, s.status
from marts.sessions as s
where s.mode = $mode
  and s.merchant_id = $merchant_id
  and s.session_id = $session_id
  and s.created_at = $created_at
"""
