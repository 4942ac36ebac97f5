"""How far the lake is, in a few figures for an operator: rows of each table, head of each network.

Belongs here: one cheap look after a pass. Does not: what a pass did (refresh.py), how it is shown (pipelines/assets).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from warehouse import sql_models
from warehouse.lake import Lake

_HEADS = """
SELECT heads.mode || '/' || heads.network AS key, head_block, head_time, finalized_block, coalesce(rows, 0) AS rows
FROM state.chain_heads AS heads
LEFT JOIN (
    SELECT mode, network, count(*) AS rows FROM raw.evm_transfer_logs GROUP BY mode, network
) AS logs ON heads.mode = logs.mode AND heads.network = logs.network
"""


@dataclass(frozen=True, slots=True)
class NetworkFigures:
    """One network: its ingested head, and how many transfer logs are stored."""

    head_block: int
    head_time: datetime
    finalized_block: int
    rows: int


@dataclass(frozen=True, slots=True)
class LakeFigures:
    """Rows of each derived table and of `raw.gateway_events`, by name; networks by mode/network."""

    rows: dict[str, int]
    networks: dict[str, NetworkFigures]


def read_figures(lake: Lake) -> LakeFigures:
    """Look at the newest snapshot."""
    names = ["raw.gateway_events", *(table.name for table in sql_models.derived_tables())]
    counts = " UNION ALL ".join(f"SELECT '{name}' AS name, count(*) AS rows FROM {name}" for name in names)
    return LakeFigures(
        rows={row["name"]: row["rows"] for row in lake.rows(counts)},
        networks={row.pop("key"): NetworkFigures(**row) for row in lake.rows(_HEADS)},
    )
