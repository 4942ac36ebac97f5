"""The SQL of the gateway's part of the lake: static text, values only as parameters.

`feed_keys` is the frame with one column `key` that the caller registers for the duration of a query.
"""

KNOWN_EVENTS = """
    SELECT event_id, content_sha256
    FROM raw.gateway_events
    WHERE event_id IN (SELECT key FROM feed_keys)
"""

KNOWN_REFUSALS = """
    SELECT quarantine_id
    FROM raw.gateway_quarantine
    WHERE quarantine_id IN (SELECT key FROM feed_keys)
"""

FILE_IS_KNOWN = """
    SELECT 1 FROM raw.inbox_files WHERE content_sha256 = $content_sha256
"""

CURSOR = """
    SELECT cursor FROM state.feed_cursors WHERE source = $source
"""

FORGET_CURSOR = """
    DELETE FROM state.feed_cursors WHERE source = $source
"""

# Events that contradict what they refer to have no effect for as long as they do: the models decide it anew each time.
FOREIGN_EVENTS = """
    SELECT event_id AS quarantine_id, source, position, event, 'foreign_object' AS reason_code, reason, received_at
    FROM intermediate.refused_events
    ORDER BY received_at, source, position, event_id
"""

OPEN_REFUSALS = """
    SELECT quarantine_id, source, position, line, reason_code, reason, received_at
    FROM raw.gateway_quarantine AS refused
    WHERE NOT EXISTS (
        SELECT 1
        FROM raw.gateway_quarantine_replays AS replay
        WHERE replay.quarantine_id = refused.quarantine_id AND replay.outcome IN ('accepted', 'duplicate')
    )
    ORDER BY batch_id, source, position, quarantine_id
"""
