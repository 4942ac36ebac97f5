-- Assignments of the other addresses of affected sessions: this pass leaves them as they are.
-- grain: event_id

select assignments.*
from intermediate.assignments as assignments
semi join affected.other_addresses as addresses
    on
        assignments.mode = addresses.mode
        and assignments.network = addresses.network
        and assignments.deposit_address = addresses.deposit_address
