-- One token transfer that moved a merchant's money.
-- grain: mode, merchant_id, id
-- check: amount_base_units > 0
-- check: (type = 'incoming') = (platform_fee is not null)
-- check: gas_fee is null or gas_fee = gas_used * gas_price * 0.000000000000000001::decimal(19, 18)
-- incremental: affected.transactions on mode, id, deposit_address
-- within: block_time

with owners as (
    select distinct mode, network, deposit_address, merchant_id
    from current.deposit_addresses
),

wallets as (
    select distinct mode, network, hot_wallet_address from staging.hot_wallet_registrations
),

own_transfers as (
    select * from current.own_transfers where not is_orphaned
),

received as (
    select
        transfers.*,
        owners.merchant_id,
        owners.deposit_address,
        'incoming' as type,
        assignments.session_id,
        terms.reference,
    from own_transfers as transfers
    inner join owners
        on
            transfers.mode = owners.mode
            and transfers.network = owners.network
            and transfers.to_address = owners.deposit_address
    left join current.assignments as assignments
        on
            owners.mode = assignments.mode
            and owners.network = assignments.network
            and owners.deposit_address = assignments.deposit_address
            and transfers.currency = assignments.currency
            and transfers.block_time >= assignments.assigned_at
            -- a comparison: with an OR here DuckDB would try every pair
            and transfers.block_time < coalesce(assignments.held_until, timestamptz 'infinity')
    left join current.session_terms as terms on assignments.session_id = terms.session_id
),

sent as (
    select
        transfers.*,
        owners.merchant_id,
        owners.deposit_address,
        if(wallets.hot_wallet_address is null, 'outgoing', 'sweep') as type,
        null::varchar as session_id,
        null::varchar as reference,
    from own_transfers as transfers
    inner join owners
        on
            transfers.mode = owners.mode
            and transfers.network = owners.network
            and transfers.from_address = owners.deposit_address
    left join wallets
        on
            transfers.mode = wallets.mode
            and transfers.network = wallets.network
            and transfers.to_address = wallets.hot_wallet_address
),

moved as (
    select * from received
    union all by name
    select * from sent
),

confirming as (
    select mode, network, block_number, block_time
    from staging.evm_blocks
    where block_time >= getvariable('earliest')
),

receipts as (
    select *
    from staging.evm_receipts
    where block_time >= getvariable('earliest') and block_time <= getvariable('latest')
)

select
    moved.mode,
    moved.merchant_id,
    if(moved.type = 'incoming', moved.incoming_id, moved.leaving_id) as id,
    moved.type,
    moved.tx_hash,
    moved.log_index,
    moved.network,
    moved.currency,
    moved.decimals,
    moved.amount,
    moved.amount_base_units,
    moved.from_address,
    moved.to_address,
    moved.deposit_address,
    moved.block_number,
    moved.block_hash,
    moved.block_time,
    moved.session_id,
    moved.reference,
    if(moved.type = 'incoming', coalesce(rates.platform_fee_rate, defaults.platform_fee_rate), null)
        as platform_fee_rate,
    -- half-up at 8 places, once, for this transfer alone; a high rate of dust would round to more than came
    least(
        round(
            moved.amount
            * if(moved.type = 'incoming', coalesce(rates.platform_fee_rate, defaults.platform_fee_rate), null),
            8
        ),
        if(moved.type = 'incoming', moved.amount - moved.amount % 0.00000001::decimal(19, 18), null)
    )::decimal(38, 8) as platform_fee,
    moved.block_number <= heads.finalized_block as is_final,
    receipts.gas_used,
    receipts.gas_price,
    receipts.gas_fee::decimal(38, 18) as gas_fee,
    confirming.block_time as confirmed_at,
from moved
inner join staging.chain_heads as heads on moved.mode = heads.mode and moved.network = heads.network
cross join registry.merchant_defaults as defaults
asof left join intermediate.merchant_rates as rates
    on
        moved.mode = rates.mode
        and moved.merchant_id = rates.merchant_id
        and moved.block_time >= rates.effective_from
left join confirming
    on
        moved.mode = confirming.mode
        and moved.network = confirming.network
        and moved.block_number + heads.required_confirmations - 1 = confirming.block_number
        and confirming.block_number <= heads.head_block
left join receipts
    on
        moved.mode = receipts.mode
        and moved.network = receipts.network
        and moved.tx_hash = receipts.tx_hash
        and moved.block_hash = receipts.block_hash
