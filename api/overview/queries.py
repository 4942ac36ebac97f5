"""Figures of one tenant at a glance.

Belongs here: SQL over the marts, as static text with bound parameters. Does not belong here: what may be spent; that is
read in the operational store alone.
"""


def _figures_of(window: str) -> str:
    """Columns of one window, which begins at `$<window>_start` and ends before `$<window>_end`."""
    is_created = f"s.created_at >= ${window}_start and s.created_at < ${window}_end"
    is_paid = f"s.paid_at >= ${window}_start and s.paid_at < ${window}_end"
    return f"""
    count(*) filter (where {is_created}) as {window}_sessions,
    count(*) filter (where {is_paid}) as {window}_successful,
    sum(s.paid_amount) filter (where {is_paid}) as {window}_volume,
    sum(s.paid_amount - s.platform_fees) filter (where {is_paid}) as {window}_revenue"""


# A session has a paid_at only while it is paid. Its creation says nothing of it, so only the merchant bounds the scan.
FIGURES = (
    "select"
    + ",".join(_figures_of(window) for window in ("today", "this_week", "this_month"))
    + """
from marts.sessions as s
where s.mode = $mode
  and s.merchant_id = $merchant_id
  and (s.created_at >= $earliest or s.paid_at >= $earliest)
"""
)

RECENT_SESSIONS = """
select s.session_id, s.reference, s.amount, s.status, s.created_at
from marts.sessions as s
where s.mode = $mode
  and s.merchant_id = $merchant_id
order by s.created_at desc, s.session_id
limit 5
"""

PENDING_SESSIONS = """
select count(*) as pending_sessions
from marts.sessions as s
where s.mode = $mode
  and s.merchant_id = $merchant_id
  and s.status = 'pending'
"""

ADDRESSES_NEEDING_SWEEP = """
select count(*) as addresses_needing_sweep
from marts.addresses as a
where a.mode = $mode
  and a.merchant_id = $merchant_id
  and a.sweep_status in ('pending', 'failed')
  and a.final_balance >= $threshold
"""

PENDING_BALANCE = """
select sum(b.received_pending) as pending
from marts.balances as b
where b.mode = $mode
  and b.merchant_id = $merchant_id
"""
