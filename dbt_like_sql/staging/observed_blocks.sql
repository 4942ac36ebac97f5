-- One block of an EVM chain whose time some transfer needs, on the chain or not.
-- grain: mode, network, block_hash

select
    mode,
    network,
    block_number,
    block_hash,
    block_time,
    batch_id,
from raw.evm_blocks
