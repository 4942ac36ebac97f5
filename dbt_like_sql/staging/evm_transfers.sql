-- One transfer of a registered token that moves money on an EVM chain as it is now.
-- grain: mode, network, block_hash, log_index

select transfers.*
from staging.observed_transfers as transfers
anti join staging.orphaned_blocks as orphaned
    on
        transfers.mode = orphaned.mode
        and transfers.network = orphaned.network
        and transfers.block_hash = orphaned.block_hash
