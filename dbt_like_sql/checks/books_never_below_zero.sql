-- What is owed to a merchant is never below zero, after no entry of its book.
-- invariant: 2
-- about: marts.ledger
-- hint: More was taken from the book than had come; the entry named is the first that did.

with running as (
    select
        mode,
        merchant_id,
        network,
        currency,
        id as entry_id,
        posted_at,
        sum(net) over (
            partition by mode, merchant_id, network, currency order by posted_at, id
        ) as owed,
    from marts.ledger
)

select
    mode,
    merchant_id,
    network,
    currency,
    entry_id,
    '0 or more' as expected,
    owed::varchar as actual,
from running
where owed < 0
qualify row_number() over (partition by mode, merchant_id, network, currency order by posted_at, entry_id) = 1
