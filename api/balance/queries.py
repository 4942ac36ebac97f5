"""Earnings of one tenant, and where it could hold a balance.

Belongs here: SQL over the marts, as static text with bound parameters. Does not belong here: what may be spent; that is
read in the operational store alone.
"""

EARNINGS = """
select
    d.currency,
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
group by d.currency
"""

# Of each pair that has an address.
ADDRESS_FIGURES = """
select
    a.network,
    a.currency,
    count(*) as addresses_count,
    count(*) filter (where a.balance > 0) as addresses_with_balance
from marts.addresses as a
where a.mode = $mode
  and a.merchant_id = $merchant_id
group by a.network, a.currency
"""

# Not the sums of addresses: a token can be swept from an address that has no row in its currency.
SWEEPS = """
select t.network, sum(t.amount) as total_swept, max(t.block_time) as last_sweep
from marts.transactions as t
where t.mode = $mode
  and t.merchant_id = $merchant_id
  and t.type = 'sweep'
group by t.network
"""

HOT_WALLETS = """
select h.network, h.address
from marts.hot_wallets as h
where h.mode = $mode
"""

ADDRESS_PAIRS = """
select distinct a.network, a.currency
from marts.addresses as a
where a.mode = $mode
  and a.merchant_id = $merchant_id
"""
