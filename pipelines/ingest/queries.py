"""SQL of ingestion: static text with bound parameters."""

# Every address of a network that is watched, with the earliest day it was spoken of: deposit addresses and hot wallets.
WATCHED = """
SELECT address, min(occurred_at) AS known_since
FROM (
    SELECT deposit_address AS address, occurred_at
    FROM staging.address_creations
    WHERE mode = $mode AND network = $network
    UNION ALL
    SELECT hot_wallet_address, registered_at
    FROM staging.hot_wallet_registrations
    WHERE mode = $mode AND network = $network
)
GROUP BY address
ORDER BY address
"""

HEAD = """
SELECT head_block, head_hash, head_time, window_hashes, observed_at, batch_id
FROM state.chain_heads
WHERE mode = $mode AND network = $network
"""

HEAD_BATCH = "SELECT batch_id FROM state.chain_heads WHERE mode = $mode AND network = $network"

# An address counts as covered only when it is covered for every token in force.
COVERED = """
SELECT address, max(from_block) AS from_block
FROM state.address_coverage
WHERE mode = $mode AND network = $network AND list_contains($tokens, token_address)
GROUP BY address
HAVING count(*) = len($tokens)
"""

# Blocks that confirm a stored transfer, at the head or below, and whose header is not stored. Headers of blocks that
# just left the chain do not count.
CONFIRMING_BLOCKS = """
SELECT DISTINCT logs.block_number + $confirmations - 1 AS block_number
FROM raw.evm_transfer_logs AS logs
WHERE
    logs.mode = $mode
    AND logs.network = $network
    AND logs.block_number + $confirmations - 1 > $above
    AND logs.block_number + $confirmations - 1 <= $head_block
    AND NOT EXISTS (
        SELECT 1
        FROM staging.evm_blocks AS blocks
        WHERE
            blocks.mode = $mode
            AND blocks.network = $network
            AND blocks.block_number = logs.block_number + $confirmations - 1
            AND NOT list_contains($left, blocks.block_hash)
    )
ORDER BY block_number
"""

# Blocks above a number that were ingested and have left the chain.
ORPHANED_BLOCKS = """
SELECT block_number, block_hash
FROM staging.orphaned_blocks
WHERE mode = $mode AND network = $network AND block_number > $above
ORDER BY block_number, block_hash
"""

NEW_LOGS = """
SELECT fetched.*
FROM fetched_logs AS fetched
ANTI JOIN raw.evm_transfer_logs AS stored
    ON
        stored.mode = $mode
        AND stored.network = $network
        AND stored.block_number BETWEEN $low AND $high
        AND fetched.block_hash = stored.block_hash
        AND fetched.log_index = stored.log_index
"""

NEW_BLOCKS = """
SELECT fetched.*
FROM fetched_blocks AS fetched
ANTI JOIN raw.evm_blocks AS stored
    ON
        stored.mode = $mode
        AND stored.network = $network
        AND fetched.block_hash = stored.block_hash
"""

# Whether a head that moves from $last_head to $head changes anything but the count of confirmations: a transfer gets
# its confirmations or becomes final, or a pending session's expiry passes.
DUE = """
SELECT 1
FROM raw.evm_transfer_logs
WHERE
    mode = $mode
    AND network = $network
    AND (
        (block_number > $last_head - $confirmations + 1 AND block_number <= $head - $confirmations + 1)
        OR (block_number > $last_final AND block_number <= $final)
    )
UNION ALL
SELECT 1
FROM intermediate.session_outcomes
WHERE
    status = 'pending'
    AND mode = $mode
    AND network = $network
    AND expires_at >= $last_time
    AND expires_at < $head_time
LIMIT 1
"""

FORGET_HEAD = "DELETE FROM state.chain_heads WHERE mode = $mode AND network = $network"

# A head that moves without a token leaves a hole for it: its coverage ends.
FORGET_OTHER_TOKENS = """
DELETE FROM state.address_coverage
WHERE mode = $mode AND network = $network AND NOT list_contains($tokens, token_address)
"""

FORGET_COVERAGE = """
DELETE FROM state.address_coverage
WHERE mode = $mode AND network = $network AND list_contains($addresses, address)
"""

# What is stored of a range, on the chain as it is now.
STORED_LOGS = """
SELECT logs.block_number, logs.block_time, logs.block_hash, logs.log_index, logs.from_address, logs.to_address
FROM raw.evm_transfer_logs AS logs
ANTI JOIN staging.orphaned_blocks AS orphaned
    ON logs.mode = orphaned.mode AND logs.network = orphaned.network AND logs.block_hash = orphaned.block_hash
WHERE
    logs.mode = $mode
    AND logs.network = $network
    AND logs.block_number BETWEEN $from_block AND $to_block
    AND list_contains($tokens, logs.token_address)
"""

# Blocks on the chain of which something is stored, and which stand at the height of another block of $hashes.
CONTRADICTIONS = """
WITH fetched AS (
    SELECT unnest($numbers) AS block_number, unnest($hashes) AS block_hash
)
SELECT stored.block_number, stored.block_hash
FROM staging.evm_blocks AS stored
INNER JOIN fetched ON stored.block_number = fetched.block_number AND stored.block_hash <> fetched.block_hash
WHERE stored.mode = $mode AND stored.network = $network AND NOT list_contains($left, stored.block_hash)
UNION ALL
SELECT stored.block_number, stored.block_hash
FROM staging.observed_transfers AS stored
INNER JOIN fetched ON stored.block_number = fetched.block_number AND stored.block_hash <> fetched.block_hash
ANTI JOIN staging.orphaned_blocks AS orphaned
    ON
        stored.mode = orphaned.mode
        AND stored.network = orphaned.network
        AND stored.block_hash = orphaned.block_hash
WHERE stored.mode = $mode AND stored.network = $network AND NOT list_contains($left, stored.block_hash)
LIMIT 1
"""

# Between which blocks the transfers lie that were added after a batch.
NEW_BLOCK_BOUNDS = """
SELECT min(block_number) AS low, max(block_number) AS high
FROM raw.evm_transfer_logs
WHERE mode = $mode AND network = $network AND batch_id > $since_batch
"""

# Transactions of stored transfers, in blocks on the chain, whose receipt is not stored; the newest first.
MISSING_RECEIPTS = """
SELECT DISTINCT logs.block_number, logs.block_hash, logs.tx_hash, logs.block_time
FROM raw.evm_transfer_logs AS logs
ANTI JOIN (
    SELECT tx_hash, block_hash
    FROM raw.evm_receipts
    WHERE mode = $mode AND network = $network AND block_number BETWEEN $low AND $high
) AS receipts
    ON logs.tx_hash = receipts.tx_hash AND logs.block_hash = receipts.block_hash
ANTI JOIN staging.orphaned_blocks AS orphaned
    ON logs.mode = orphaned.mode AND logs.network = orphaned.network AND logs.block_hash = orphaned.block_hash
WHERE
    logs.mode = $mode
    AND logs.network = $network
    AND logs.block_number BETWEEN $low AND $high
    AND logs.batch_id > $since_batch
ORDER BY logs.block_number DESC
LIMIT $limit
"""

NEW_RECEIPTS = """
SELECT fetched.*
FROM fetched_receipts AS fetched
ANTI JOIN raw.evm_receipts AS stored
    ON
        stored.mode = $mode
        AND stored.network = $network
        AND stored.block_number BETWEEN $low AND $high
        AND fetched.tx_hash = stored.tx_hash
        AND fetched.block_hash = stored.block_hash
"""
