"""SQL that makes the raw rows of a benchmark's world: static text with bound parameters.

Belongs here: what a session and its transfers look like. Does not belong here: when which of them are written
(`world.py`).
"""

# Five sessions of a merchant, network and currency share an address, one after the other.
SESSIONS = """
CREATE OR REPLACE TEMP TABLE world_sessions AS
WITH drawn AS (
    SELECT
        n,
        $start::TIMESTAMPTZ + to_microseconds(n * $pause_us) AS created_at,
        hash(n, $seed, 'merchant') AS merchant_draw,
        hash(n, $seed, 'network') % 10 AS network_draw,
        if(hash(n, $seed, 'currency') % 5 = 0, 'USDC', 'USDT') AS currency,
        500 + (hash(n, $seed, 'amount') % 499500)::BIGINT AS cents,
        md5($seed || '/' || n) AS digest,
    FROM range($sessions) AS numbers (n)
),
named AS (
    SELECT
        *,
        'mer_' || if(merchant_draw % 10 = 0, 1, 2 + (merchant_draw // 10) % ($merchants - 1)) AS merchant_id,
        CASE WHEN network_draw < 6 THEN 'BSC' WHEN network_draw < 8 THEN 'ETH' ELSE 'POL' END AS network,
        concat_ws('-', digest[1:8], digest[9:12], '4' || digest[14:16], 'a' || digest[18:20], digest[21:32])
            AS session_id,
    FROM drawn
),
placed AS (
    SELECT *, (row_number() OVER (PARTITION BY merchant_id, network, currency ORDER BY n) - 1) // 5 AS place
    FROM named
)
SELECT
    n, created_at, merchant_id, network, currency, cents, session_id,
    $seed * 1000000000 + min(n) OVER same_address AS address_id,
    '0x' || sha256('address ' || $seed || '/' || min(n) OVER same_address)[1:40] AS address,
    n = min(n) OVER same_address AS is_first,
FROM placed
WINDOW same_address AS (PARTITION BY merchant_id, network, currency, place)
ORDER BY n
"""

# Nine of ten pay; some pay twice; most of what came is swept half an hour later.
TRANSFERS = """
CREATE OR REPLACE TEMP TABLE world_transfers AS
WITH paid AS (
    SELECT *, created_at + to_seconds(30 + (hash(n, $seed, 'delay') % 770)::BIGINT) AS first_paid_at
    FROM world_sessions
    WHERE hash(n, $seed, 'paid') % 10 < 9
),
incoming AS (
    SELECT *, 0 AS part, first_paid_at AS moved_at FROM paid
    UNION ALL
    SELECT *, 1, first_paid_at + INTERVAL 1 MINUTE FROM paid WHERE hash(n, $seed, 'twice') % 6 = 0
),
moves AS (
    SELECT
        *,
        '0x' || md5('payer' || n)[1:32] || '00000000' AS from_address,
        address AS to_address,
    FROM incoming
    UNION ALL
    SELECT
        * REPLACE (part + 2 AS part, moved_at + INTERVAL 30 MINUTE AS moved_at),
        address,
        '0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',
    FROM incoming
    WHERE hash(n, part, $seed, 'swept') % 100 < 91
)
SELECT
    moves.network,
    moves.n,
    moves.part,
    epoch(moves.moved_at)::BIGINT // $block_seconds AS block_number,
    to_timestamp(epoch(moves.moved_at)::BIGINT // $block_seconds * $block_seconds) AS block_time,
    moves.from_address,
    moves.to_address,
    contracts.token,
    moves.cents::DECIMAL(38, 0) * (10 ** (contracts.decimals - 2))::DECIMAL(38, 0) AS amount_base_units,
FROM moves
INNER JOIN token_contracts AS contracts ON moves.network = contracts.network AND moves.currency = contracts.currency
ORDER BY block_time
"""

HOT_WALLETS = """
INSERT INTO raw.gateway_events BY NAME
SELECT
    'evt_wallet_' || network AS event_id,
    'hot_wallet.registered' AS type,
    $start::TIMESTAMPTZ AS occurred_at,
    NULL AS merchant_id,
    'live' AS mode,
    network || ':0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb' AS object_id,
    '0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb' AS address,
    to_json({
        'data': {'network': network, 'address': '0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'},
        'event_id': 'evt_wallet_' || network, 'merchant_id': NULL, 'mode': 'live', 'occurred_at': $start,
        'type': 'hot_wallet.registered'
    })::VARCHAR AS event,
    sha256(event) AS content_sha256,
    'benchmark' AS source,
    0 AS position,
    $received_at::TIMESTAMPTZ AS received_at,
    $batch_id::BIGINT AS batch_id,
FROM (SELECT DISTINCT network FROM token_contracts)
"""

EVENTS = """
INSERT INTO raw.gateway_events BY NAME
WITH described AS (
    SELECT
        *,
        CASE part
            WHEN 'address.created' THEN to_json({
                'address_id': address_id, 'network': network, 'currency': currency, 'address': address
            })
            WHEN 'session.created' THEN to_json({
                'session_id': session_id, 'reference': 'ORDER-' || n, 'amount': (cents * 0.01)::DECIMAL(18, 2)::VARCHAR,
                'currency': currency, 'network': network,
                'customer': {'email': 'buyer' || n || '@example.com', 'name': 'Buyer ' || n},
                'description': 'two books', 'callback_url': NULL, 'metadata': {'order': n},
                'payment_url': 'https://pay.example/' || session_id,
                'expires_at': strftime(created_at + INTERVAL 15 MINUTE, '%Y-%m-%dT%H:%M:%S.%fZ')
            })
            ELSE to_json({'session_id': session_id, 'address_id': address_id})
        END AS data,
    FROM world_sessions
    CROSS JOIN (VALUES ('address.created'), ('session.created'), ('session.address_assigned')) AS parts (part)
    WHERE created_at >= $low AND created_at < $high AND (part <> 'address.created' OR is_first)
),
written AS (
    SELECT
        *,
        'evt_' || n || '_' || part AS event_id,
        to_json({
            'data': data, 'event_id': 'evt_' || n || '_' || part, 'merchant_id': merchant_id, 'mode': 'live',
            'occurred_at': strftime(created_at, '%Y-%m-%dT%H:%M:%S.%fZ'), 'type': part
        })::VARCHAR AS event,
    FROM described
)
SELECT
    event_id,
    part AS type,
    created_at AS occurred_at,
    merchant_id,
    'live' AS mode,
    if(part = 'address.created', address_id::VARCHAR, session_id) AS object_id,
    if(part = 'address.created', address, NULL) AS address,
    if(part = 'session.created', '{"order":' || n || '}', NULL) AS metadata,
    event,
    sha256(event) AS content_sha256,
    'benchmark' AS source,
    n AS position,
    $received_at::TIMESTAMPTZ AS received_at,
    $batch_id::BIGINT AS batch_id,
FROM written
ORDER BY type, object_id
"""

LOGS = """
INSERT INTO raw.evm_transfer_logs BY NAME
SELECT
    'live' AS mode,
    network,
    block_number,
    '0x' || lpad(to_hex(block_number), 64, '0') AS block_hash,
    block_time,
    '0x' || sha256(network || n || '/' || part) AS tx_hash,
    -- what shares a block has other numbers
    (n * 4 + part) % 131072 AS log_index,
    token AS token_address,
    from_address,
    to_address,
    3 AS topic_count,
    amount_base_units::VARCHAR AS amount_text,
    amount_base_units,
    $received_at::TIMESTAMPTZ AS received_at,
    $batch_id::BIGINT AS batch_id,
FROM world_transfers
WHERE block_time >= $low AND block_time < $high
ORDER BY network, block_number
"""

# The headers of the transfers' blocks, and of those that give them their confirmations.
BLOCKS = """
INSERT INTO raw.evm_blocks BY NAME
WITH needed AS (
    SELECT DISTINCT network, unnest([block_number, block_number + $more::BIGINT]) AS block_number
    FROM world_transfers
    WHERE block_time >= $low::TIMESTAMPTZ - to_seconds($more::BIGINT * $seconds::BIGINT) AND block_time < $high
)
SELECT
    'live' AS mode,
    network,
    block_number,
    '0x' || lpad(to_hex(block_number), 64, '0') AS block_hash,
    '0x' || lpad(to_hex(block_number - 1), 64, '0') AS parent_hash,
    to_timestamp(block_number * $seconds::BIGINT) AS block_time,
    $received_at::TIMESTAMPTZ AS received_at,
    $batch_id::BIGINT AS batch_id,
FROM needed
WHERE to_timestamp(block_number * $seconds::BIGINT) >= $low AND to_timestamp(block_number * $seconds::BIGINT) < $high
ORDER BY network, block_number
"""
