-- Sessions that events or the passing of their expiry change by themselves.
-- grain: session_id

select session_id
from staging.session_creations
where batch_id > getvariable('since_batch')
union
select session_id
from staging.session_assignments
where batch_id > getvariable('since_batch')
union
select session_id
from staging.session_failures
where batch_id > getvariable('since_batch')
union
-- due: the head has passed the expiry of a session that was pending
select terms.session_id
from intermediate.session_terms as terms
inner join intermediate.session_outcomes as outcomes on terms.session_id = outcomes.session_id
inner join staging.chain_heads as heads on terms.mode = heads.mode and terms.network = heads.network
where outcomes.status = 'pending' and terms.expires_at < heads.head_time
union
-- undone: the head went back before the expiry of a session that it had passed
select terms.session_id
from intermediate.session_terms as terms
inner join staging.chain_heads as heads on terms.mode = heads.mode and terms.network = heads.network
inner join state.transformed_heads as seen on terms.mode = seen.mode and terms.network = seen.network
where terms.expires_at >= heads.head_time and terms.expires_at < seen.head_time
