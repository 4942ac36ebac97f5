-- Every final incoming transfer is one entry of its merchant's book, and every entry is one such transfer.
-- invariant: 5, 8
-- about: marts.ledger
-- hint: `paylake rebuild` posts the entries again from raw; keep a copy of data_dir first, the difference is evidence.

with income as (
    select *
    from marts.transactions
    where type = 'incoming' and is_final
)

select
    coalesce(income.mode, ledger.mode) as mode,
    coalesce(income.merchant_id, ledger.merchant_id) as merchant_id,
    coalesce(income.id, ledger.id) as entry_id,
    coalesce(income.tx_hash, ledger.tx_hash) as tx_hash,
    income.amount || ' ' || income.currency || ' on ' || income.network || ', fee ' || income.platform_fee as expected,
    ledger.amount || ' ' || ledger.currency || ' on ' || ledger.network || ', fee ' || ledger.fee as actual,
from income
full join marts.ledger as ledger
    on income.mode = ledger.mode and income.merchant_id = ledger.merchant_id and income.id = ledger.id
where
    income.id is null
    or ledger.id is null
    or ledger.transaction_id <> income.id
    or (ledger.network, ledger.currency, ledger.decimals, ledger.amount, ledger.fee, ledger.platform_fee_rate)
    is distinct from (
        income.network, income.currency, income.decimals, income.amount, income.platform_fee, income.platform_fee_rate
    )
    or (ledger.tx_hash, ledger.deposit_address, ledger.session_id, ledger.reference, ledger.posted_at)
    is distinct from (income.tx_hash, income.deposit_address, income.session_id, income.reference, income.block_time)
