-- An entry's session and address are of its own merchant and mode.
-- invariant: 21
-- about: marts.ledger
-- hint: Stop serving until it is clear whose money it is: another merchant would see it. Then `paylake rebuild`.

select
    ledger.mode,
    ledger.merchant_id,
    ledger.id,
    'session ' || ledger.session_id as refers_to,
    ledger.mode || ' ' || ledger.merchant_id as expected,
    coalesce(sessions.mode || ' ' || sessions.merchant_id, 'nobody') as actual,
from marts.ledger as ledger
left join marts.sessions as sessions on ledger.session_id = sessions.session_id
where
    ledger.session_id is not null
    and (ledger.mode, ledger.merchant_id) is distinct from (sessions.mode, sessions.merchant_id)
union all
select
    ledger.mode,
    ledger.merchant_id,
    ledger.id,
    'address ' || ledger.deposit_address,
    ledger.mode || ' ' || ledger.merchant_id,
    coalesce(owners.mode || ' ' || owners.merchant_id, 'nobody'),
from marts.ledger as ledger
left join (
    select distinct mode, network, deposit_address, merchant_id from intermediate.deposit_addresses
) as owners
    on
        ledger.mode = owners.mode
        and ledger.network = owners.network
        and ledger.deposit_address = owners.deposit_address
where ledger.merchant_id is distinct from owners.merchant_id
