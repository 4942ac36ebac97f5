"""Sessions of one tenant.

Belongs here: SQL over the marts, as static text with bound parameters. Does not belong here: shapes of answers.
"""

from api.transfer_rows import FROM_TRANSFERS, NEWEST_FIRST, TRANSFER_COLUMNS

_FILTERS = """
where s.mode = $mode
  and s.merchant_id = $merchant_id
  and ($network is null or s.network = $network)
  and ($currency is null or s.currency = $currency)
  and ($start is null or s.created_at >= $start)
  and ($end is null or s.created_at <= $end)
  and (
    $search is null
    or contains(replace(replace(lower(s.reference), 'ς', 'σ'), 'i̇', 'i'), $search)
    or contains(replace(replace(lower(s.customer_email), 'ς', 'σ'), 'i̇', 'i'), $search)
    or contains(replace(replace(lower(s.customer_name), 'ς', 'σ'), 'i̇', 'i'), $search)
    or starts_with(s.session_id, $search)
    or list_contains($search_addresses, s.deposit_address)
    or list_has_any(s.tx_hashes, $search_hashes)
  )
"""

COUNT_BY_STATUS = (
    """
select s.status, count(*) as sessions
from marts.sessions as s
"""
    + _FILTERS
    + """
group by s.status
"""
)

_LIST = (
    """
select
    s.session_id, s.reference, s.amount, s.currency, s.network, s.status, s.exception,
    s.customer_email, s.customer_name, s.description, s.deposit_address, s.tx_hash,
    s.paid_amount, s.paid_at, s.created_at, s.expires_at, s.payment_url
from marts.sessions as s
"""
    + _FILTERS
    + """
  and ($status is null or s.status = $status)
"""
)

# (sort_by, sort_order) to the whole statement; the id makes every order total, nulls come last in both.
LIST = {
    ("created_at", "asc"): _LIST + "order by s.created_at asc nulls last, s.session_id asc limit $limit offset $offset",
    ("created_at", "desc"): _LIST
    + "order by s.created_at desc nulls last, s.session_id asc limit $limit offset $offset",
    ("amount", "asc"): _LIST + "order by s.amount asc nulls last, s.session_id asc limit $limit offset $offset",
    ("amount", "desc"): _LIST + "order by s.amount desc nulls last, s.session_id asc limit $limit offset $offset",
    ("paid_at", "asc"): _LIST + "order by s.paid_at asc nulls last, s.session_id asc limit $limit offset $offset",
    ("paid_at", "desc"): _LIST + "order by s.paid_at desc nulls last, s.session_id asc limit $limit offset $offset",
}

# Read only for a search that looks like a Tron address in another case: base58 cannot be folded in SQL.
TRON_DEPOSIT_ADDRESSES = """
select distinct a.address
from marts.addresses as a
where a.mode = $mode
  and a.merchant_id = $merchant_id
  and list_contains($tron_networks, a.network)
"""

SESSION = """
select
    s.session_id, s.reference, s.amount, s.currency, s.network, s.status, s.exception,
    s.customer_email, s.customer_name, s.description, s.callback_url, s.metadata, s.payment_url,
    s.deposit_address, s.deposit_address_id, s.tx_hash, s.tx_block_number, s.paid_amount, s.paid_at,
    s.first_transfer_at, s.last_transfer_at, s.required_confirmations,
    s.created_at, s.updated_at, s.expires_at, h.head_block
from marts.sessions as s
left join marts.chain_heads as h on h.mode = s.mode and h.network = s.network
where s.mode = $mode
  and s.merchant_id = $merchant_id
  and s.session_id = $session_id
  and s.created_at = $created_at
"""

TIMELINE = """
select t.event, t.event_at, t.details
from marts.session_timeline as t
where t.mode = $mode
  and t.merchant_id = $merchant_id
  and t.session_id = $session_id
  and t.session_created_at = $session_created_at
order by t.event_at, t.event_rank, t.details
"""

# The times only spare reading other segments: a session's transfers all lie between its first and its last.
TRANSFERS = (
    "select"
    + TRANSFER_COLUMNS
    + FROM_TRANSFERS
    + """
where t.mode = $mode
  and t.merchant_id = $merchant_id
  and t.session_id = $session_id
  and t.type = 'incoming'
  and t.block_time between $first_transfer_at and $last_transfer_at
"""
    + NEWEST_FIRST
)
