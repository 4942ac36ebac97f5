-- Deposit addresses whose owner, assignments or transfers may differ from what was last computed.
-- grain: mode, network, deposit_address

with recursive changed_ids as (
    select address_id from intermediate.address_claims where batch_id > getvariable('since_batch')
    union
    select address_id from staging.address_activations where batch_id > getvariable('since_batch')
    union
    select address_id from staging.gas_funding_reports where batch_id > getvariable('since_batch')
    union
    select address_id from staging.sweep_reports where batch_id > getvariable('since_batch')
    union
    select hand_outs.address_id
    from intermediate.hand_outs as hand_outs
    semi join affected.changed_sessions as changed on hand_outs.session_id = changed.session_id
),

moved_ends as (
    select mode, network, from_address as address from affected.moved_transfers
    union
    select mode, network, to_address from affected.moved_transfers
),

seeds as (
    select claims.mode, claims.network, claims.deposit_address
    from intermediate.address_claims as claims
    semi join changed_ids on claims.address_id = changed_ids.address_id
    union
    select claims.mode, claims.network, claims.deposit_address
    from intermediate.address_claims as claims
    semi join moved_ends as ends
        on
            claims.mode = ends.mode
            and claims.network = ends.network
            and claims.deposit_address = ends.address
    union
    -- new terms of a merchant change the fees of what it received
    select claims.mode, claims.network, claims.deposit_address
    from intermediate.address_claims as claims
    semi join (select * from staging.merchant_updates where batch_id > getvariable('since_batch')) as updates
        on claims.mode = updates.mode and claims.merchant_id = updates.merchant_id
),

-- ids that were claimed more than once, which is rare: only these may stand for several addresses
shared_ids as (
    select address_id
    from intermediate.address_claims
    group by address_id
    having count(*) > 1
),

links as materialized (
    select claims.address_id, claims.mode, claims.network, claims.deposit_address
    from intermediate.address_claims as claims
    semi join shared_ids on claims.address_id = shared_ids.address_id
),

-- addresses that were ever claimed under one id are decided together
linked as (
    select mode, network, deposit_address from seeds
    union
    select others.mode, others.network, others.deposit_address
    from linked
    inner join links
        on
            linked.mode = links.mode
            and linked.network = links.network
            and linked.deposit_address = links.deposit_address
    inner join links as others on links.address_id = others.address_id
)

select mode, network, deposit_address from linked
