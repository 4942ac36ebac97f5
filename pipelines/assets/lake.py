"""The lake as one step: feed, chains and tables, because the last two are one transaction.

Belongs here: which assets are reported with which figures. Does not: reading and computing (pipelines/refresh.py).

One step for all of them is not only the quickest (DECISIONS.md P-027): a network's transfers without the tables
computed from them would be published with a head they do not contain.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from pipelines import checks
from pipelines.assets import graph, specs
from pipelines.steps import LakeOutcome, Steps
from warehouse.errors import FeedError, PaylakeError
from warehouse.settings import NetworkSettings, Settings

Event = dg.MaterializeResult | dg.AssetCheckResult


class Asked:
    """What a run is to report.

    Attributes:
        for_pass: assets that take a pass; a source whose check alone is asked for is one of them: it must be read.
        stored: tables whose checks alone are asked for: these look at the stored rows.
    """

    def __init__(self, assets: AbstractSet[dg.AssetKey], check_keys: AbstractSet[dg.AssetCheckKey]) -> None:
        self._keys = {*assets, *check_keys}
        tables = {model.name for model in checks.checked_models()}
        alone = {".".join(key.asset_key.path) for key in check_keys if key.asset_key not in assets}
        self.stored = alone & tables
        self.for_pass = {".".join(key.path) for key in assets} | (alone - tables)

    def includes(self, result: Event) -> bool:
        """Whether Dagster waits for it."""
        if isinstance(result, dg.AssetCheckResult) and result.asset_key and result.check_name:
            return dg.AssetCheckKey(result.asset_key, result.check_name) in self._keys
        return result.asset_key in self._keys


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
        asked = Asked(context.selected_asset_keys, context.selected_asset_check_keys)
        broken = None
        try:
            if asked.for_pass:
                chains = [_key(network) for name, network in networks.items() if name in asked.for_pass]
                outcome = steps.update_lake(feed=graph.FEED in asked.for_pass, chains=frozenset(chains))
                broken = outcome.broken
                yield from filter(asked.includes, _results(outcome, networks, settings))
            for model in [] if broken else checks.checked_models():
                if model.name in asked.stored:
                    yield from filter(asked.includes, checks.results(model, steps.check_stored(model)))
        except PaylakeError as error:
            raise failure(error) from error
        if broken:
            raise failure(broken)

    return lake


def failure(error: PaylakeError) -> dg.Failure:
    """An expected failure, told without a trace; another attempt of the same would not help."""
    return dg.Failure(str(error), metadata={"what to do": error.hint} if error.hint else None, allow_retries=False)


def _key(network: NetworkSettings) -> str:
    return f"{network.mode}/{network.network}"


def _results(outcome: LakeOutcome, networks: dict[str, NetworkSettings], settings: Settings) -> Iterator[Event]:
    if outcome.broken:
        yield from checks.failed_in_pass(outcome.broken, settings)
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
        yield from checks.results(model, None)


def _network_results(outcome: LakeOutcome, name: str, network: NetworkSettings) -> Iterator[Event]:
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
