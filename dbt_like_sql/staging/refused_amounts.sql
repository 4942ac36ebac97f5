-- One transfer of a registered token whose amount is beyond what the books hold exactly; it counts nowhere.
-- grain: mode, network, block_hash, log_index

select
    logs.mode,
    logs.network,
    logs.block_hash,
    logs.log_index,
    logs.block_number,
    logs.tx_hash,
    logs.from_address,
    logs.to_address,
    tokens.currency,
    logs.amount_text,
from raw.evm_transfer_logs as logs
inner join registry.tokens as tokens
    on
        logs.mode = tokens.mode
        and logs.network = tokens.network
        and logs.token_address = tokens.token_address
where
    logs.topic_count = 3
    and (logs.amount_base_units is null or logs.amount_base_units >= tokens.limit_base_units)
