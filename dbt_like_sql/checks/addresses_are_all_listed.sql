-- A deposit address that holds has its row, used as often as it was handed out.
-- invariant: 26, 27
-- about: marts.addresses
-- hint: `paylake rebuild` computes the addresses again from the gateway's events and the transfers.

with uses as (
    select
        address_id,
        count(*) as use_count,
        max(assigned_at) as last_used_at,
    from intermediate.assignments
    group by address_id
)

select
    coalesce(addresses.id, known.address_id) as id,
    known.merchant_id || ' ' || known.deposit_address || ', used ' || coalesce(uses.use_count, 0) as expected,
    addresses.merchant_id || ' ' || addresses.address || ', used ' || addresses.times_reused as actual,
from marts.addresses as addresses
full join intermediate.deposit_addresses as known on addresses.id = known.address_id
left join uses on known.address_id = uses.address_id
where
    (addresses.id, addresses.mode, addresses.merchant_id, addresses.network, addresses.currency, addresses.address)
    is distinct from (
        known.address_id, known.mode, known.merchant_id, known.network, known.currency, known.deposit_address
    )
    or addresses.times_reused <> coalesce(uses.use_count, 0)
    or addresses.last_used_at is distinct from uses.last_used_at
