-- Addresses between which tokens moved, on the chain or not, in transfers that are new or read differently now.
-- grain: mode, network, from_address, to_address

-- where confirmations or finality moved: transfers in these block ranges read differently now
with moved_heads as (
    select
        heads.mode,
        heads.network,
        heads.required_confirmations,
        -- a head may also go back
        least(coalesce(seen.head_block, -1), heads.head_block) - heads.required_confirmations + 1 as confirmed_above,
        greatest(coalesce(seen.head_block, -1), heads.head_block) - heads.required_confirmations + 1
            as confirmed_up_to,
        coalesce(seen.finalized_block, -1) as final_above,
        heads.finalized_block as final_up_to,
    from staging.chain_heads as heads
    left join state.transformed_heads as seen on heads.mode = seen.mode and heads.network = seen.network
),

-- blocks that came, left or came back: transfers in them, and transfers that they confirm; blocks whose receipts came
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
    union
    select mode, network, block_number
    from staging.evm_receipts
    where batch_id > getvariable('since_batch')
),

-- their blocks first, of all transfers: what else a transfer holds is then read from the few files of that time
moved as (
    select distinct
        ends.mode,
        ends.network,
        ends.block_number,
        ends.block_time,
        coalesce(
            moved_blocks.block_number is not null
            or (ends.block_number > confirmed_above and ends.block_number <= confirmed_up_to)
            or (ends.block_number > final_above and ends.block_number <= final_up_to),
            false
        ) as is_whole_block,
    from staging.transfer_ends as ends
    left join moved_heads on ends.mode = moved_heads.mode and ends.network = moved_heads.network
    left join moved_blocks
        on
            ends.mode = moved_blocks.mode
            and ends.network = moved_blocks.network
            and ends.block_number = moved_blocks.block_number
    where ends.batch_id > getvariable('since_batch') or is_whole_block
)

select ends.mode, ends.network, ends.from_address, ends.to_address
from staging.transfer_ends as ends
inner join moved
    on
        ends.block_time = moved.block_time
        and ends.block_number = moved.block_number
        and ends.mode = moved.mode
        and ends.network = moved.network
where moved.is_whole_block or ends.batch_id > getvariable('since_batch')
union
-- a wallet that is registered now makes sweeps of what went to it before
select ends.mode, ends.network, ends.from_address, ends.to_address
from staging.transfer_ends as ends
semi join (select * from staging.hot_wallet_registrations where batch_id > getvariable('since_batch')) as wallets
    on
        ends.mode = wallets.mode
        and ends.network = wallets.network
        and ends.to_address = wallets.hot_wallet_address
