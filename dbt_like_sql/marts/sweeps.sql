-- One sweep: a transfer from a deposit address to a hot wallet, with what the gateway reported of it.
-- grain: mode, merchant_id, id
-- check: (reported_at is null) = (reported_amount is null)
-- incremental: affected.transactions on mode, id, deposit_address
-- within: block_time

-- only what the address's own merchant and mode say of it counts, and of several reports the last
with reports as (
    select addresses.address_id, events.tx_hash, events.amount, events.hot_wallet, events.occurred_at
    from current.deposit_addresses as addresses
    inner join staging.sweep_reports as events
        on
            addresses.address_id = events.address_id
            and addresses.mode = events.mode
            and addresses.merchant_id = events.merchant_id
    where not events.is_failed
    qualify row_number() over (
        partition by addresses.address_id, events.tx_hash order by events.occurred_at desc, events.event_id desc
    ) = 1
)

select
    transfers.mode,
    transfers.merchant_id,
    transfers.id,
    transfers.tx_hash,
    transfers.log_index,
    transfers.network,
    transfers.currency,
    transfers.decimals,
    transfers.amount,
    transfers.amount_base_units,
    transfers.deposit_address,
    addresses.address_id,
    transfers.to_address as hot_wallet,
    transfers.block_number,
    transfers.block_time,
    transfers.is_final,
    reports.amount as reported_amount,
    reports.hot_wallet as reported_hot_wallet,
    reports.occurred_at as reported_at,
from current.transactions as transfers
left join current.deposit_addresses as addresses
    on
        transfers.mode = addresses.mode
        and transfers.network = addresses.network
        and transfers.deposit_address = addresses.deposit_address
        and transfers.currency = addresses.currency
left join reports on addresses.address_id = reports.address_id and transfers.tx_hash = reports.tx_hash
where transfers.type = 'sweep'
