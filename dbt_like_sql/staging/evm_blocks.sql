-- One block of an EVM chain as it is now, whose time some transfer needs.
-- grain: mode, network, block_hash

select blocks.*
from staging.observed_blocks as blocks
anti join staging.orphaned_blocks as orphaned
    on
        blocks.mode = orphaned.mode
        and blocks.network = orphaned.network
        and blocks.block_hash = orphaned.block_hash
