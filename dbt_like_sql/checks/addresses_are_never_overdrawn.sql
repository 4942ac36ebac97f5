-- No transfer takes more from a deposit address than had come to it.
-- invariant: 2
-- about: marts.addresses
-- hint: A transfer to the address is missing, or it had money before it was watched: `paylake backfill` reads earlier blocks again.

with running as (
    select
        *,
        -- within one block the log index says what came first
        sum(if(type = 'incoming', amount, -amount)) over (
            partition by mode, network, deposit_address, currency order by block_number, log_index
        ) as balance,
    from marts.transactions
)

select
    mode,
    network,
    deposit_address,
    currency,
    tx_hash,
    '0 or more' as expected,
    balance::varchar as actual,
from running
where balance < 0
qualify row_number() over (
    partition by mode, network, deposit_address, currency order by block_number, log_index
) = 1
