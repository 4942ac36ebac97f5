-- One entry in a merchant's book: what came in, the fee on it and what remains; posted once final.
-- grain: mode, merchant_id, id
-- check: amount > 0 and fee >= 0
-- check: net + fee = amount
-- check: net >= 0
-- incremental: affected.entries on mode, merchant_id, id
-- within: posted_at

-- the transfers of the affected entries are those this pass added, in a rebuild all: nothing of the lake is read again
select
    transfers.mode,
    transfers.merchant_id,
    transfers.id,
    'payment' as type,
    transfers.network,
    transfers.currency,
    transfers.decimals,
    transfers.amount,
    transfers.platform_fee_rate,
    transfers.platform_fee as fee,
    (transfers.amount - transfers.platform_fee)::decimal(38, 18) as net,
    transfers.block_time as posted_at,
    transfers.id as transaction_id,
    transfers.tx_hash,
    transfers.deposit_address,
    transfers.session_id,
    transfers.reference,
from changes.transactions as transfers
where
    transfers.change = 'added'
    and transfers.type = 'incoming'
    and transfers.is_final
