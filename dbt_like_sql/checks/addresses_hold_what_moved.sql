-- What an address received, sent on and holds is the sum of its transactions in its currency.
-- invariant: 9
-- about: marts.addresses
-- hint: `paylake rebuild` sums the transfers again; keep a copy of data_dir first, the difference is evidence.

with moved as (
    select
        mode,
        network,
        deposit_address,
        currency,
        sum(if(type = 'incoming', amount, 0)) as received,
        sum(if(type = 'sweep', amount, 0)) as swept,
        sum(if(type = 'incoming', amount, -amount)) as balance,
        sum(if(is_final, if(type = 'incoming', amount, -amount), 0)) as final_balance,
    from marts.transactions
    group by mode, network, deposit_address, currency
),

compared as (
    select
        addresses.*,
        coalesce(moved.received, 0) as moved_received,
        coalesce(moved.swept, 0) as moved_swept,
        coalesce(moved.balance, 0) as moved_balance,
        coalesce(moved.final_balance, 0) as moved_final_balance,
    from marts.addresses as addresses
    left join moved
        on
            addresses.mode = moved.mode
            and addresses.network = moved.network
            and addresses.address = moved.deposit_address
            and addresses.currency = moved.currency
)

select
    mode,
    merchant_id,
    id,
    address,
    'received ' || moved_received || ', swept ' || moved_swept || ', holds ' || moved_balance || ', final '
    || moved_final_balance as expected,
    'received ' || total_received || ', swept ' || total_swept || ', holds ' || balance || ', final ' || final_balance
        as actual,
from compared
where
    total_received <> moved_received
    or total_swept <> moved_swept
    or balance <> moved_balance
    or final_balance <> moved_final_balance
