-- Deposit addresses whose owner, assignments or transfers may differ from what was last computed.
-- grain: mode, network, deposit_address

with recursive claims as (
    select distinct mode, network, deposit_address, address_id, merchant_id
    from staging.address_creations
),

changed_ids as (
    select address_id from staging.address_creations where batch_id > getvariable('since_batch')
    union
    select address_id from staging.address_activations where batch_id > getvariable('since_batch')
    union
    select address_id from staging.gas_fundings where batch_id > getvariable('since_batch')
    union
    select address_id from staging.sweep_reports where batch_id > getvariable('since_batch')
    union
    select assignments.address_id
    from staging.session_assignments as assignments
    inner join affected.changed_sessions as changed on assignments.session_id = changed.session_id
),

-- where confirmations or finality moved: transfers in these block ranges read differently now
moved_heads as (
    select
        heads.mode,
        heads.network,
        heads.required_confirmations,
        -- a head may also go back
        least(coalesce(seen.head_block, -1), heads.head_block) - heads.required_confirmations as confirmed_above,
        greatest(coalesce(seen.head_block, -1), heads.head_block) - heads.required_confirmations + 1
            as confirmed_up_to,
        coalesce(seen.finalized_block, -1) as final_above,
        heads.finalized_block as final_up_to,
    from staging.chain_heads as heads
    left join state.transformed_heads as seen on heads.mode = seen.mode and heads.network = seen.network
),

-- blocks that came, left or came back: transfers in them, and transfers that they confirm
moved_blocks as (
    select blocks.mode, blocks.network, blocks.block_number - networks.required_confirmations + 1 as block_number
    from staging.observed_blocks as blocks
    inner join moved_heads as networks on blocks.mode = networks.mode and blocks.network = networks.network
    where blocks.batch_id > getvariable('since_batch')
    union
    select
        marks.mode,
        marks.network,
        unnest([marks.block_number, marks.block_number - networks.required_confirmations + 1]),
    from staging.block_marks as marks
    inner join moved_heads as networks on marks.mode = networks.mode and marks.network = networks.network
    where marks.batch_id > getvariable('since_batch')
),

-- one scan of all transfers, on the chain or not: what left it is affected too
moved_transfers as (
    select transfers.mode, transfers.network, transfers.from_address, transfers.to_address
    from staging.observed_transfers as transfers
    left join moved_heads on transfers.mode = moved_heads.mode and transfers.network = moved_heads.network
    left join moved_blocks
        on
            transfers.mode = moved_blocks.mode
            and transfers.network = moved_blocks.network
            and transfers.block_number = moved_blocks.block_number
    -- a wallet that is registered now makes sweeps of what went to it before
    left join (select * from staging.hot_wallet_registrations where batch_id > getvariable('since_batch')) as wallets
        on
            transfers.mode = wallets.mode
            and transfers.network = wallets.network
            and transfers.to_address = wallets.hot_wallet_address
    where
        transfers.batch_id > getvariable('since_batch')
        or moved_blocks.block_number is not null
        or wallets.hot_wallet_address is not null
        or (transfers.block_number > confirmed_above and transfers.block_number <= confirmed_up_to)
        or (transfers.block_number > final_above and transfers.block_number <= final_up_to)
),

seeds as (
    select mode, network, deposit_address from claims where address_id in (select address_id from changed_ids)
    union
    select mode, network, from_address from moved_transfers
    union
    select mode, network, to_address from moved_transfers
    union
    -- new terms of a merchant change the fees of what it received
    select claims.mode, claims.network, claims.deposit_address
    from claims
    inner join staging.merchant_updates as updates
        on claims.mode = updates.mode and claims.merchant_id = updates.merchant_id
    where updates.batch_id > getvariable('since_batch')
),

-- addresses that were ever claimed under one id are decided together
linked as (
    select claims.mode, claims.network, claims.deposit_address
    from claims
    inner join seeds
        on
            claims.mode = seeds.mode
            and claims.network = seeds.network
            and claims.deposit_address = seeds.deposit_address
    union
    select others.mode, others.network, others.deposit_address
    from linked
    inner join claims
        on
            linked.mode = claims.mode
            and linked.network = claims.network
            and linked.deposit_address = claims.deposit_address
    inner join claims as others on claims.address_id = others.address_id
)

select mode, network, deposit_address from linked
