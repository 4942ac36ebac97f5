-- Addresses and hashes of transactions are in the one form they are compared in.
-- invariant: 34
-- about: marts.transactions
-- hint: What is written otherwise is not found by what it equals: the chain's reader let it through. `paylake rebuild`.

select
    transactions.mode,
    transactions.merchant_id,
    transactions.id,
    'addresses and hash of family ' || networks.family as expected,
    transactions.from_address || ' to ' || transactions.to_address || ' at ' || transactions.deposit_address || ' in '
    || transactions.tx_hash as actual,
from marts.transactions as transactions
inner join registry.networks as networks
    on transactions.mode = networks.mode and transactions.network = networks.network
where
    not if(
        networks.family = 'solana',
        regexp_full_match(transactions.from_address, '[1-9A-HJ-NP-Za-km-z]{32,44}')
        and regexp_full_match(transactions.to_address, '[1-9A-HJ-NP-Za-km-z]{32,44}')
        and regexp_full_match(transactions.deposit_address, '[1-9A-HJ-NP-Za-km-z]{32,44}')
        and regexp_full_match(transactions.tx_hash, '[1-9A-HJ-NP-Za-km-z]{64,88}'),
        regexp_full_match(transactions.from_address, '0x[0-9a-f]{40}')
        and regexp_full_match(transactions.to_address, '0x[0-9a-f]{40}')
        and regexp_full_match(transactions.deposit_address, '0x[0-9a-f]{40}')
        and regexp_full_match(transactions.tx_hash, '0x[0-9a-f]{64}')
    )
