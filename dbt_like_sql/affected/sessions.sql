-- Sessions whose state may differ: changed themselves, or ever given an address whose money may have moved.
-- grain: session_id

with touched as (
    select session_id from affected.changed_sessions
    union
    select assignments.session_id
    from staging.session_assignments as assignments
    inner join staging.address_creations as claims on assignments.address_id = claims.address_id
    inner join affected.matched_addresses as addresses
        on
            claims.mode = addresses.mode
            and claims.network = addresses.network
            and claims.deposit_address = addresses.deposit_address
)

-- created_at is always the time of one of the creations: its bounds find the old row and the new one
select
    touched.session_id,
    min(creations.occurred_at) as earliest,
    max(creations.occurred_at) as latest,
from touched
inner join staging.session_creations as creations on touched.session_id = creations.session_id
group by touched.session_id
