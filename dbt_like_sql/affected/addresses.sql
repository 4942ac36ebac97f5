-- Deposit addresses whose row may differ: money may have moved, or a session they are given to changed state.
-- grain: mode, network, deposit_address

select mode, network, deposit_address from affected.matched_addresses
union all
select mode, network, deposit_address from affected.other_addresses
