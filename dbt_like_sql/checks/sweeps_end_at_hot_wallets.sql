-- What leaves a deposit address is a sweep when it goes to a registered hot wallet of its network, and only then.
-- invariant: 10
-- about: marts.transactions
-- hint: See staging.hot_wallet_registrations; `paylake rebuild` judges every transaction again.

with wallets as (
    select distinct mode, network, hot_wallet_address from staging.hot_wallet_registrations
)

select
    transactions.mode,
    transactions.merchant_id,
    transactions.id,
    transactions.tx_hash,
    if(wallets.hot_wallet_address is null, 'outgoing', 'sweep') as expected,
    transactions.type as actual,
from marts.transactions as transactions
left join wallets
    on
        transactions.mode = wallets.mode
        and transactions.network = wallets.network
        and transactions.to_address = wallets.hot_wallet_address
where
    transactions.type <> 'incoming'
    and (transactions.type = 'sweep') <> (wallets.hot_wallet_address is not null)
