-- A transaction's address and session are of its own merchant, mode and network.
-- invariant: 21
-- about: marts.transactions
-- hint: Stop serving until it is clear whose money it is: another merchant would see it. Then `paylake rebuild`.

select
    transactions.mode,
    transactions.merchant_id,
    transactions.id,
    'address ' || transactions.deposit_address as refers_to,
    transactions.mode || ' ' || transactions.merchant_id as expected,
    coalesce(owners.mode || ' ' || owners.merchant_id, 'nobody') as actual,
from marts.transactions as transactions
left join (
    select distinct mode, network, deposit_address, merchant_id from intermediate.deposit_addresses
) as owners
    on
        transactions.mode = owners.mode
        and transactions.network = owners.network
        and transactions.deposit_address = owners.deposit_address
where transactions.merchant_id is distinct from owners.merchant_id
union all
select
    transactions.mode,
    transactions.merchant_id,
    transactions.id,
    'session ' || transactions.session_id,
    transactions.mode || ' ' || transactions.merchant_id || ' ' || transactions.network || ' ' || transactions.currency,
    coalesce(sessions.mode || ' ' || sessions.merchant_id || ' ' || sessions.network || ' ' || sessions.currency, 'nobody'),
from marts.transactions as transactions
left join marts.sessions as sessions on transactions.session_id = sessions.session_id
where
    transactions.session_id is not null
    and (transactions.mode, transactions.merchant_id, transactions.network, transactions.currency)
    is distinct from (sessions.mode, sessions.merchant_id, sessions.network, sessions.currency)
