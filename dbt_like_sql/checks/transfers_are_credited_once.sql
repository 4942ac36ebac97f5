-- No transfer is credited twice, to whomever.
-- invariant: 5
-- about: marts.ledger
-- hint: Two merchants' books hold the same transfer: see which owns the address in intermediate.deposit_addresses.

select
    mode,
    network,
    transaction_id,
    min(tx_hash) as tx_hash,
    '1 entry' as expected,
    count(*) || ' entries, of ' || string_agg(merchant_id, ', ' order by merchant_id) as actual,
from marts.ledger
group by mode, network, transaction_id
having count(*) > 1
