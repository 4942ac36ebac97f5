-- Where one Transfer log lies and between whom it says to move tokens, whatever it is worth: what is read of all of them.
-- grain: mode, network, block_hash, log_index

select
    mode,
    network,
    block_hash,
    block_number,
    block_time,
    log_index,
    from_address,
    to_address,
    batch_id,
from raw.evm_transfer_logs
