-- A session has its terms, its outcome and its row, and all say the same.
-- invariant: 26, 27
-- about: marts.sessions
-- hint: `paylake rebuild` computes all three again from the gateway's events and the transfers.

select
    coalesce(sessions.session_id, terms.session_id, outcomes.session_id) as session_id,
    'asked ' || terms.amount || ' ' || terms.currency || ' on ' || terms.network || ' until ' || terms.expires_at || ', '
    || outcomes.status || coalesce(' ' || outcomes.exception, '') as expected,
    'asked ' || sessions.amount || ' ' || sessions.currency || ' on ' || sessions.network || ' until '
    || sessions.expires_at || ', ' || sessions.status || coalesce(' ' || sessions.exception, '') as actual,
from marts.sessions as sessions
full join intermediate.session_terms as terms on sessions.session_id = terms.session_id
full join intermediate.session_outcomes as outcomes
    on coalesce(sessions.session_id, terms.session_id) = outcomes.session_id
where
    (sessions.session_id, sessions.amount, sessions.currency, sessions.network, sessions.expires_at)
    is distinct from (terms.session_id, terms.amount, terms.currency, terms.network, terms.expires_at)
    or (sessions.session_id, sessions.status, sessions.exception)
    is distinct from (outcomes.session_id, outcomes.status, outcomes.exception)
