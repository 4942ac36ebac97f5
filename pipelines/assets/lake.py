"""The lake as one step: feed, chains and tables, because the last two are one transaction.

Belongs here: which assets are reported with which figures. Does not: reading and computing (pipelines/refresh.py).

One step for all of them is not only the quickest (DECISIONS.md P-027): a network's transfers without the tables
computed from them would be published with a head they do not contain.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from pipelines import checks
from pipelines.assets import graph, specs
from pipelines.steps import LakeOutcome, Steps
from warehouse.errors import FeedError, PaylakeError
from warehouse.settings import NetworkSettings, Settings

Events = Iterator[dg.MaterializeResult | dg.AssetCheckResult]


def lake_assets(settings: Settings, pool: str | None) -> dg.AssetsDefinition:
    """Everything the lake holds, as one step.

    Args:
        settings: which networks there are.
        pool: of the writers; None for a run that only tells what was done.
    """
    networks = graph.transfers_assets(settings)

    @dg.multi_asset(
        name="lake",
        description="Feed and chains into raw, and every table up to it, in one transaction.",
        specs=[*specs.raw_specs(settings), *specs.table_specs(settings)],
        check_specs=checks.lake_check_specs(settings),
        can_subset=True,
        pool=pool,
        required_resource_keys={"steps"},
    )
    def lake(context):  # noqa: ANN001, ANN202 - Dagster reads annotations as types of inputs
        steps: Steps = context.resources.steps
        wanted = context.selected_asset_keys | context.selected_asset_check_keys
        chains = [network for name, network in networks.items() if specs.asset_key(name) in wanted]
        try:
            outcome = steps.update_lake(
                feed=specs.asset_key(graph.FEED) in wanted,
                chains=frozenset(_key(network) for network in chains),
            )
        except PaylakeError as error:
            raise failure(error) from error
        for result in _results(outcome, networks):
            if _key_of(result) in wanted:
                yield result
        if outcome.broken:
            raise failure(outcome.broken)

    return lake


def failure(error: PaylakeError) -> dg.Failure:
    """An expected failure, told without a trace; another attempt of the same would not help."""
    return dg.Failure(str(error), metadata={"what to do": error.hint} if error.hint else None, allow_retries=False)


def _key(network: NetworkSettings) -> str:
    return f"{network.mode}/{network.network}"


def _key_of(result: dg.MaterializeResult | dg.AssetCheckResult) -> dg.AssetKey | dg.AssetCheckKey | None:
    """What Dagster calls the asset or the check."""
    if isinstance(result, dg.AssetCheckResult) and result.asset_key and result.check_name:
        return dg.AssetCheckKey(result.asset_key, result.check_name)
    return result.asset_key


def _results(outcome: LakeOutcome, networks: dict[str, NetworkSettings]) -> Events:
    if outcome.broken:
        if result := checks.broken(outcome.broken):
            yield result
        return
    report, figures = outcome.report, outcome.figures
    problems = [problem for problem in report.problems if isinstance(problem, FeedError)]
    yield _result(graph.FEED, rows=figures.rows.get(graph.FEED), new_events=report.events, refused_lines=report.refused)
    yield checks.answered(graph.FEED, checks.FEED_ANSWERS, problems)
    for name, network in networks.items():
        yield from _network_results(outcome, name, network)
    for model in checks.checked_models():
        yield _result(
            model.name, rows=figures.rows.get(model.name), rows_changed=report.rows_changed.get(model.name, 0)
        )
        yield from checks.passed(model)


def _network_results(outcome: LakeOutcome, name: str, network: NetworkSettings) -> Events:
    """Nothing for a network that is still being read; no new materialization for one that was not."""
    key = _key(network)
    if network.network in outcome.report.unfinished:
        return
    problem = outcome.report.down.get(key)
    yield checks.answered(name, checks.NODE_ANSWERS, [problem] if problem else [])
    head = outcome.figures.networks.get(key)
    if problem or head is None:
        return
    yield _result(
        name,
        rows=head.rows,
        new_transfers=outcome.report.transfers.get(key, 0),
        head_block=head.head_block,
        finalized_block=head.finalized_block,
        head_time=dg.MetadataValue.timestamp(head.head_time),
        lag_seconds=round((datetime.now(UTC) - head.head_time).total_seconds()),
    )


def _result(name: str, *, rows: int | None, **metadata: Any) -> dg.MaterializeResult:
    counted = {} if rows is None else {"dagster/row_count": rows}
    return dg.MaterializeResult(asset_key=specs.asset_key(name), metadata={**counted, **metadata})
