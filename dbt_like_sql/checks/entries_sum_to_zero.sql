-- The legs of every entry sum to zero.
-- invariant: 1
-- about: marts.ledger_postings
-- hint: The entry's amount, fee and net disagree: `paylake rebuild` computes them again from raw.

select
    mode,
    merchant_id,
    entry_id,
    network,
    currency,
    '0 over 3 legs' as expected,
    sum(amount) || ' over ' || count(*) || ' legs' as actual,
from marts.ledger_postings
group by mode, merchant_id, entry_id, network, currency
having sum(amount) <> 0 or count(*) <> 3
