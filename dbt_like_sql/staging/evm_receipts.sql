-- One receipt of a transaction on an EVM chain, in one block version: what its gas cost.
-- grain: mode, network, tx_hash, block_hash

select
    mode,
    network,
    tx_hash,
    block_hash,
    block_number,
    block_time,
    gas_used,
    effective_gas_price_wei as gas_price,
    -- the literal brings wei to native coin without a division
    fee_wei * 0.000000000000000001::decimal(19, 18) as gas_fee,
    batch_id,
from raw.evm_receipts
