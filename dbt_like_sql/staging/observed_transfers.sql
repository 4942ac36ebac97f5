-- One transfer that moves a registered token in some block, on the chain or not: not zero, not to oneself, no NFT's log.
-- grain: mode, network, block_hash, log_index

select
    logs.mode,
    logs.network,
    logs.block_hash,
    logs.log_index,
    logs.block_number,
    logs.block_time,
    logs.tx_hash,
    logs.from_address,
    logs.to_address,
    tokens.currency,
    tokens.decimals,
    logs.amount_base_units,
    -- base units times 10^(18 - decimals) are atto-tokens; the literal brings them to tokens without a division
    (logs.amount_base_units * tokens.scale_to_18)::decimal(38, 0)
    * 0.000000000000000001::decimal(19, 18) as amount,
    logs.batch_id,
from raw.evm_transfer_logs as logs
inner join registry.tokens as tokens
    on
        logs.mode = tokens.mode
        and logs.network = tokens.network
        and logs.token_address = tokens.token_address
where
    logs.topic_count = 3
    and logs.amount_base_units > 0
    -- a trillion tokens is more than any issue of them: no fee could be computed exactly, staging.refused_amounts lists it
    and logs.amount_base_units < tokens.limit_base_units
    and logs.from_address <> logs.to_address
