-- A refused line is what was received, with a reason: its id recomputes from source and bytes.
-- invariant: 23
-- about: raw.gateway_events
-- hint: Raw is never changed by Paylake: compare with a backup, and see who else writes into data_dir.

select
    quarantine_id,
    source,
    position,
    reason_code,
    quarantine_id as expected,
    sha256(encode(source) || '\x00'::blob || line) as actual,
from raw.gateway_quarantine
where
    quarantine_id <> sha256(encode(source) || '\x00'::blob || line)
    or trim(reason_code) = ''
    or trim(reason) = ''
