-- One time a block that was ingested left its chain, or came back to it.
-- grain: mode, network, block_hash, batch_id

select
    mode,
    network,
    block_number,
    block_hash,
    is_orphaned,
    received_at as marked_at,
    batch_id,
from raw.evm_block_marks
