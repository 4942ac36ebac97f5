-- One checkout session with its state and its money.
-- grain: session_id
-- check: (status = 'paid') = (paid_at is not null)
-- check: (transfer_count = 0) = (paid_amount is null)
-- check: (paid_amount is null) = (platform_fees is null)
-- incremental: affected.sessions on session_id
-- within: created_at

with own_assignments as (
    select * from current.assignments
    union all by name
    select * from current.other_assignments
),

last_addresses as (
    select assignments.session_id, assignments.deposit_address, assignments.address_id
    from own_assignments as assignments
    qualify row_number() over (
        partition by assignments.session_id order by assignments.assigned_at desc, assignments.event_id desc
    ) = 1
),

last_changes as (
    select timeline.session_id, max(timeline.event_at) as updated_at
    from current.session_timeline as timeline
    where timeline.event <> 'funds_swept'
    group by timeline.session_id
)

select
    terms.mode,
    terms.merchant_id,
    terms.session_id,
    terms.reference,
    terms.amount,
    terms.currency,
    terms.network,
    terms.decimals,
    outcomes.status,
    outcomes.exception,
    terms.customer_email,
    terms.customer_name,
    terms.description,
    terms.callback_url,
    terms.metadata,
    terms.payment_url,
    last_addresses.deposit_address,
    last_addresses.address_id as deposit_address_id,
    outcomes.tx_hash,
    outcomes.tx_block_number,
    (outcomes.paid_base_units * tokens.scale_to_18)::decimal(38, 0)
    * 0.000000000000000001::decimal(19, 18) as paid_amount,
    if(outcomes.status = 'paid', outcomes.reached_at, null) as paid_at,
    outcomes.platform_fees,
    outcomes.transfer_count,
    outcomes.first_transfer_at,
    outcomes.last_transfer_at,
    outcomes.tx_hashes,
    networks.required_confirmations,
    terms.created_at,
    last_changes.updated_at,
    terms.expires_at,
from current.session_terms as terms
inner join current.session_outcomes as outcomes on terms.session_id = outcomes.session_id
inner join last_changes on terms.session_id = last_changes.session_id
left join last_addresses on terms.session_id = last_addresses.session_id
left join registry.tokens as tokens
    on terms.mode = tokens.mode and terms.network = tokens.network and terms.currency = tokens.currency
left join registry.networks as networks on terms.mode = networks.mode and terms.network = networks.network
