-- Sessions whose state may differ: changed themselves, or ever given an address whose money may have moved.
-- grain: session_id

with touched as (
    select session_id from affected.changed_sessions
    union
    select session_id from affected.handed_out
)

-- created_at is always the time of one of the descriptions: its bounds find the old row and the new one
select
    touched.session_id,
    min(descriptions.occurred_at) as earliest,
    max(descriptions.occurred_at) as latest,
from touched
inner join intermediate.session_descriptions as descriptions on touched.session_id = descriptions.session_id
group by touched.session_id
