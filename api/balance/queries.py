"""Earnings of one tenant, and where it could hold a balance.

Belongs here: SQL over the marts, as static text with bound parameters. Does not belong here: what may be spent; that is
read in the operational store alone.
"""

EARNINGS = """
select
    sum(d.received_pending) as pending,
    sum(d.received_final) as earned,
    sum(d.received_final) filter (where d.day >= $month_start) as earned_this_month,
    sum(d.received_final) filter (where d.day >= $week_start) as earned_this_week,
    sum(d.received_final) filter (where d.day >= $today) as earned_today,
    sum(d.platform_fees_final) as fees,
    sum(d.platform_fees_final) filter (where d.day >= $month_start) as fees_this_month
from marts.daily_credits as d
where d.mode = $mode
  and d.merchant_id = $merchant_id
"""

ADDRESS_PAIRS = """
select distinct a.network, a.currency
from marts.addresses as a
where a.mode = $mode
  and a.merchant_id = $merchant_id
"""
