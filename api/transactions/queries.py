"""Transactions of one tenant.

Belongs here: SQL over the marts, as static text with bound parameters. Does not belong here: shapes of answers.
"""

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
from marts.transactions as t
left join marts.chain_heads as h on h.mode = t.mode and h.network = t.network
"""
    + _FILTERS
    + """
group by t.type
"""
)

# One log can be two rows, out of one own address and into another: the id makes the order total.
LIST = (
    """
select
    t.id, t.type, t.tx_hash, t.network, t.currency, t.amount, t.from_address, t.to_address,
    t.block_number, t.block_time, t.session_id, t.reference, h.head_block, h.required_confirmations
from marts.transactions as t
left join marts.chain_heads as h on h.mode = t.mode and h.network = t.network
"""
    + _FILTERS
    + """
  and ($type is null or t.type = $type)
order by
    t.block_time desc,
    case t.network when 'BSC' then 0 when 'ETH' then 1 when 'POL' then 2 when 'TRX' then 3 when 'SOL' then 4 else 5 end,
    t.network,
    t.block_number desc,
    t.log_index desc,
    t.id
limit $limit offset $offset
"""
)
