-- One leg of an entry in double entry: held on a deposit address, owed to the merchant, earned as fee; they sum to zero.
-- grain: mode, merchant_id, entry_id, account
-- materialize: view

select
    ledger.mode,
    ledger.merchant_id,
    ledger.id as entry_id,
    accounts.account,
    ledger.network,
    ledger.currency,
    -- debits are positive, credits negative
    case accounts.account
        when 'deposit' then ledger.amount
        when 'merchant' then -ledger.net
        when 'platform_fees' then -ledger.fee::decimal(38, 18)
    end as amount,
    ledger.posted_at,
from marts.ledger as ledger
cross join (values ('deposit'), ('merchant'), ('platform_fees')) as accounts (account)
