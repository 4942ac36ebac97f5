-- Transactions of the other addresses of affected sessions: this pass leaves them as they are.
-- grain: mode, merchant_id, id

select transactions.*
from marts.transactions as transactions
semi join affected.other_addresses as addresses
    on
        transactions.mode = addresses.mode
        and transactions.network = addresses.network
        and transactions.deposit_address = addresses.deposit_address
