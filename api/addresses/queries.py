"""Deposit addresses of one tenant.

Belongs here: SQL over the marts, as static text with bound parameters. Does not belong here: shapes of answers.
"""

from api.transfer_rows import FROM_TRANSFERS, NEWEST_FIRST, TRANSFER_COLUMNS

_FILTERS = """
where a.mode = $mode
  and a.merchant_id = $merchant_id
  and ($network is null or a.network = $network)
  and ($currency is null or a.currency = $currency)
  and ($sweep_status is null or a.sweep_status = $sweep_status)
  and (not $has_balance or a.balance > 0)
"""

_STATUS = """(
    $status is null
    or ($status = 'active' and a.is_active)
    or ($status = 'inactive' and not a.is_active)
    or ($status = 'assigned' and a.is_assigned)
    or ($status = 'unassigned' and not a.is_assigned)
)"""

FIGURES = (
    """
select
    count(*) as total_addresses,
    count(*) filter (where a.is_active) as active_addresses,
    count(*) filter (where a.is_assigned) as assigned_addresses,
    count(*) filter (where a.balance > 0) as addresses_with_balance,
    sum(a.balance) as total_balance,
    count(*) filter (where """
    + _STATUS
    + """) as total_items
from marts.addresses as a
"""
    + _FILTERS
)

_ITEMS = """
select
    a.id, a.address, a.network, a.currency, a.is_active, a.is_assigned, a.assigned_session_id, a.assigned_reference,
    a.balance, a.total_received, a.total_swept, a.sweep_status, a.last_swept_at, a.sweep_tx_hash,
    a.times_reused, a.first_used_at, a.last_used_at, a.gas_funded_at, a.gas_tx_hash, a.gas_amount,
    a.created_at, a.updated_at, a.session_ids, a.first_session_at, a.last_session_at,
    a.first_transfer_at, a.last_transfer_at
from marts.addresses as a
"""

_LIST = _ITEMS + _FILTERS + "  and " + _STATUS + "\n"

# (sort_by, sort_order) to the whole statement; the id makes every order total, nulls come last in both.
LIST = {
    ("created_at", "asc"): _LIST + "order by a.created_at asc nulls last, a.id asc limit $limit offset $offset",
    ("created_at", "desc"): _LIST + "order by a.created_at desc nulls last, a.id asc limit $limit offset $offset",
    ("updated_at", "asc"): _LIST + "order by a.updated_at asc nulls last, a.id asc limit $limit offset $offset",
    ("updated_at", "desc"): _LIST + "order by a.updated_at desc nulls last, a.id asc limit $limit offset $offset",
    ("balance", "asc"): _LIST + "order by a.balance asc nulls last, a.id asc limit $limit offset $offset",
    ("balance", "desc"): _LIST + "order by a.balance desc nulls last, a.id asc limit $limit offset $offset",
    ("total_received", "asc"): _LIST + "order by a.total_received asc nulls last, a.id asc limit $limit offset $offset",
    ("total_received", "desc"): _LIST
    + "order by a.total_received desc nulls last, a.id asc limit $limit offset $offset",
    ("last_used_at", "asc"): _LIST + "order by a.last_used_at asc nulls last, a.id asc limit $limit offset $offset",
    ("last_used_at", "desc"): _LIST + "order by a.last_used_at desc nulls last, a.id asc limit $limit offset $offset",
    ("id", "asc"): _LIST + "order by a.id asc limit $limit offset $offset",
    ("id", "desc"): _LIST + "order by a.id desc limit $limit offset $offset",
}

BY_ID = (
    _ITEMS
    + """
where a.mode = $mode
  and a.merchant_id = $merchant_id
  and a.id = $id
"""
)

BY_ADDRESS = (
    _ITEMS
    + """
where a.mode = $mode
  and a.merchant_id = $merchant_id
  and a.address = $address
  and list_contains($networks, a.network)
order by a.id
"""
)

# The times only spare reading other segments: the sessions were all created between the first and the last.
SESSIONS = """
select s.session_id, s.reference, s.amount, s.status, s.paid_at, s.created_at
from marts.sessions as s
where s.mode = $mode
  and s.merchant_id = $merchant_id
  and list_contains($session_ids, s.session_id)
  and s.created_at between $first_session_at and $last_session_at
order by s.created_at desc, s.session_id
"""

# The times only spare reading other segments: an address's transfers all lie between its first and its last.
TRANSFERS = (
    "select"
    + TRANSFER_COLUMNS
    + FROM_TRANSFERS
    + """
where t.mode = $mode
  and t.merchant_id = $merchant_id
  and t.deposit_address = $address
  and t.network = $network
  and t.currency = $currency
  and t.block_time between $first_transfer_at and $last_transfer_at
"""
    + NEWEST_FIRST
)
