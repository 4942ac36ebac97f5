"""Which asset stands on which: from the SQL of the models, by sqlglot. Without Dagster.

Belongs here: names of assets and their edges. Does not: what is told of an asset (specs.py).

An asset's name is the table's. The transfers of a network are an asset of their own, although one table holds all of
them. No assets, and no edges, are the tables of `state` and `registry`, and the `affected` sets: these say which rows a
pass computes, but no row depends on them, as a rebuild without them gives the same. What a model reads of `changes` or
`current` is an edge to the tables these rows are from.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp, parse_one

from pipelines import hand_over
from pipelines.refresh import ingested_networks
from warehouse.publish import views_over
from warehouse.settings import NetworkSettings, Settings
from warehouse.sql_models import Model, derived_tables, lasting, models

FEED = "raw.gateway_events"
PUBLISHED = "published"
CREDITS = "operational_credits"
ANALYST_COPY = "analyst_copy"
_FROM_CHAINS = ("raw.evm_", "state.chain_heads")
_FROM_FEED = ("raw.gateway_", "raw.inbox_")


def transfers_asset(network: NetworkSettings) -> str:
    """The asset of one network's transfers: `raw.bsc_transfers`, `raw.bsc_test_transfers`."""
    mode = "" if network.mode == "live" else f"_{network.mode}"
    return f"raw.{network.network.lower()}{mode}_transfers"


def transfers_assets(settings: Settings) -> dict[str, NetworkSettings]:
    """Every such asset of the deployment."""
    return {transfers_asset(network): network for network in ingested_networks(settings)}


def upstream(settings: Settings) -> dict[str, frozenset[str]]:
    """Each asset with those it stands on."""
    chains = frozenset(transfers_assets(settings))
    edges: dict[str, frozenset[str]] = {FEED: frozenset()}
    # An address is watched once the feed has named it.
    edges |= dict.fromkeys(chains, frozenset({FEED}))
    edges |= {model.name: frozenset(_sources(model, chains)) for model in models() if not model.is_affected}
    published = {table.name for table in derived_tables() if table.published}
    edges[PUBLISHED] = frozenset(published | {view.name for view in views_over(published)})
    edges[ANALYST_COPY] = frozenset({PUBLISHED})
    reads = {table for sql in (hand_over.CREDITS, hand_over.MERCHANTS) for table in _tables_read(sql)}
    edges[CREDITS] = frozenset(reads & edges.keys())
    return edges


def _sources(model: Model, chains: frozenset[str]) -> Iterator[str]:
    shown = {known.name for known in models() if not known.is_affected}
    by_name = {known.name: known for known in models()}
    for name in model.reads:
        source = lasting(name, by_name)
        if source in shown and source != model.name:
            yield source
        elif source.startswith("current."):
            yield from (further for further in _sources(by_name[source], chains) if further != model.name)
        elif name.startswith(_FROM_CHAINS):
            yield from chains
        elif name.startswith(_FROM_FEED):
            yield FEED


def _tables_read(sql: str) -> set[str]:
    return {f"{table.db}.{table.name}" for table in parse_one(sql, read="duckdb").find_all(exp.Table)}
