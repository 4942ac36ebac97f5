-- The ingested head and the finalised block of one active network.
-- grain: mode, network

select
    heads.mode,
    heads.network,
    heads.head_block,
    heads.head_time,
    heads.finalized_block,
    networks.required_confirmations,
    networks.network_rank,
    heads.batch_id,
from state.chain_heads as heads
inner join registry.networks as networks
    on heads.mode = networks.mode and heads.network = networks.network
