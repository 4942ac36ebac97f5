-- A transfer is at most one income and one outgo, each on its own side and of the same amount.
-- invariant: 10
-- about: marts.transactions
-- hint: `paylake rebuild` computes both sides again from the one log.

select
    mode,
    network,
    block_hash,
    log_index,
    min(tx_hash) as tx_hash,
    'income at the receiver, outgo at the sender, one amount' as expected,
    string_agg(type || ' of ' || amount_base_units || ' at ' || deposit_address, '; ' order by id) as actual,
from marts.transactions
group by mode, network, block_hash, log_index
having
    count(*) filter (where type = 'incoming') > 1
    or count(*) filter (where type <> 'incoming') > 1
    or count(distinct amount_base_units) > 1
    or bool_or(deposit_address <> if(type = 'incoming', to_address, from_address))
