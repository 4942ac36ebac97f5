-- Sessions that events or the passing of their expiry change by themselves.
-- grain: session_id

select session_id
from intermediate.session_descriptions
where batch_id > getvariable('since_batch')
union
select session_id
from intermediate.hand_outs
where batch_id > getvariable('since_batch')
union
select session_id
from staging.session_failures
where batch_id > getvariable('since_batch')
union
-- due: the head has passed the expiry of a session that was pending
select outcomes.session_id
from intermediate.session_outcomes as outcomes
inner join staging.chain_heads as heads on outcomes.mode = heads.mode and outcomes.network = heads.network
where outcomes.status = 'pending' and outcomes.expires_at < heads.head_time
union
-- undone: the head went back before the expiry of a session that it had passed
select outcomes.session_id
from intermediate.session_outcomes as outcomes
inner join staging.chain_heads as heads on outcomes.mode = heads.mode and outcomes.network = heads.network
inner join state.transformed_heads as seen on outcomes.mode = seen.mode and outcomes.network = seen.network
where outcomes.expires_at >= heads.head_time and outcomes.expires_at < seen.head_time
