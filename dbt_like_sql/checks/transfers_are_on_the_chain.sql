-- Every transaction is a transfer of a block that is on its chain, as the chain tells it.
-- invariant: 7
-- about: marts.transactions
-- hint: The transfer left the chain, or the row is not what was ingested: `paylake rebuild` follows the chain as it is stored.

select
    transactions.mode,
    transactions.merchant_id,
    transactions.id,
    transactions.tx_hash,
    coalesce(
        transfers.amount_base_units || ' ' || transfers.currency || ' from ' || transfers.from_address || ' to '
        || transfers.to_address || ' in block ' || transfers.block_number || ' at ' || transfers.block_time,
        'no transfer: block ' || transactions.block_hash || ' does not hold it'
    ) as expected,
    transactions.amount_base_units || ' ' || transactions.currency || ' from ' || transactions.from_address || ' to '
    || transactions.to_address || ' in block ' || transactions.block_number || ' at ' || transactions.block_time
        as actual,
from marts.transactions as transactions
left join staging.evm_transfers as transfers
    on
        transactions.mode = transfers.mode
        and transactions.network = transfers.network
        and transactions.block_hash = transfers.block_hash
        and transactions.log_index = transfers.log_index
where
    transfers.block_hash is null
    or (transactions.block_number, transactions.block_time, transactions.tx_hash)
    is distinct from (transfers.block_number, transfers.block_time, transfers.tx_hash)
    or (transactions.from_address, transactions.to_address, transactions.currency, transactions.amount_base_units)
    is distinct from (transfers.from_address, transfers.to_address, transfers.currency, transfers.amount_base_units)
