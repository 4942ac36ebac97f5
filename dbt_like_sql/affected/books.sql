-- Books of a merchant in which some day changed in this pass.
-- grain: mode, merchant_id, network, currency

select distinct mode, merchant_id, network, currency
from changes.daily_credits
