"""Asset checks: those of the models' headers, whether feed, nodes and books answered, and the invariants.

Belongs here: names, sentences and results. Does not: the checking, which the runner does inside the transaction
(warehouse/sql_models.py), or a run of its own over all tables (pipelines/invariants.py).

Every check of a table's header blocks: a pass checks each row that it computes, and where a check fails, the
transaction ends and all tables stay as they were. A check that is executed by itself looks at every stored row instead.
Invariants block nothing: they find what no pass should have let through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import dagster as dg

from pipelines.assets import graph
from pipelines.assets.specs import asset_key
from warehouse.errors import PaylakeError
from warehouse.invariants import CREDITS, Finding, Invariant, invariants
from warehouse.settings import Settings
from warehouse.sql_models import Model, ModelError, models

FEED_ANSWERS = "feed_answers"
NODE_ANSWERS = "node_answers"
ALL_FIT = "every_balance_fits"
_WORDS = {
    ">=": "at_least",
    "<=": "at_most",
    "<>": "is_not",
    "!=": "is_not",
    "=": "is",
    ">": "above",
    "<": "below",
    "+": "plus",
    "-": "minus",
    "*": "times",
}
_OPERATORS = re.compile("|".join(re.escape(operator) for operator in _WORDS))


def checked_models() -> list[Model]:
    """The models whose rows are checked: those that are tables."""
    return [model for model in models() if not model.is_view and not model.is_affected]


def checks_of(model: Model) -> dict[str, tuple[str, str]]:
    """Name of each check of a model → what `ModelError` calls it, and the sentence for people."""
    checks = {
        "grain_is_unique": ("grain", f"No two rows have the same `{', '.join(model.grain)}`."),
    }
    checks |= {check_name(sql): (sql, f"`{sql}` holds for every row.") for sql in model.checks}
    return checks


def check_name(sql: str) -> str:
    """`net + fee = amount` → net_plus_fee_is_amount."""
    words = _OPERATORS.sub(lambda operator: f" {_WORDS[operator[0]]} ", sql.lower())
    return re.sub(r"\W+", "_", words).strip("_")


def lake_check_specs(settings: Settings) -> list[dg.AssetCheckSpec]:
    """The checks of everything the lake holds."""
    specs = [_spec(graph.FEED, FEED_ANSWERS, "Every transport of the gateway's feed could be read.")]
    specs += [
        _spec(name, NODE_ANSWERS, f"{network.network} was read up to its head.")
        for name, network in graph.transfers_assets(settings).items()
    ]
    for model in checked_models():
        specs += [_spec(model.name, name, words, blocking=True) for name, (_, words) in checks_of(model).items()]
    return specs


def invariant_specs() -> dict[str, dg.AssetCheckSpec]:
    """The invariants, each on the table it is about."""
    return {
        invariant.name: _spec(_asset_of(invariant), invariant.name, invariant.sentence) for invariant in invariants()
    }


def _asset_of(invariant: Invariant) -> str:
    return graph.CREDITS if invariant.about == CREDITS else invariant.about


def found(finding: Finding) -> dg.AssetCheckResult:
    """What an invariant found: the first rows that break it, as a table, and what to do."""
    invariant, rows = finding.invariant, finding.rows
    broken = {}
    if rows:
        columns = [dg.TableColumn(name, "text") for name in rows[0]]
        records = [dg.TableRecord({key: _text(value) for key, value in row.items()}) for row in rows]
        broken = {
            "rows": dg.MetadataValue.table(records, dg.TableSchema(columns)),
            "what to do": invariant.hint,
        }
    return dg.AssetCheckResult(
        passed=not finding.broken_count,
        asset_key=asset_key(_asset_of(invariant)),
        check_name=invariant.name,
        severity=dg.AssetCheckSeverity.ERROR,
        description=f"{finding.broken_count} rows break it." if rows else None,
        metadata={"broken_rows": finding.broken_count, **broken},
    )


def _text(value: object) -> str:
    return "" if value is None else str(value)


def credits_check_spec() -> dg.AssetCheckSpec:
    """The check of the hand-over."""
    return _spec(graph.CREDITS, ALL_FIT, "The operational store can hold every balance of the books.")


def _spec(asset: str, name: str, description: str, *, blocking: bool = False) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(name, asset=asset_key(asset), description=description, blocking=blocking)


def results(model: Model, broken: ModelError | None) -> Iterator[dg.AssetCheckResult]:
    """How a table's checks went: all well, or those before the broken one, which was the last to be looked at."""
    for name, (code, _) in checks_of(model).items():
        if broken and code == broken.details.get("check"):
            yield _failed(model, name, str(broken))
            return
        yield dg.AssetCheckResult(passed=True, asset_key=asset_key(model.name), check_name=name)


def failed_in_pass(broken: ModelError, settings: Settings) -> Iterator[dg.AssetCheckResult]:
    """The check that ended a pass, if one did, and a warning for each other, else shown as failed."""
    guilty = {
        (asset_key(model.name), name)
        for model in checked_models()
        for name, (code, _) in checks_of(model).items()
        if (model.name, code) == (broken.details.get("model"), broken.details.get("check"))
    }
    for spec in lake_check_specs(settings):
        is_guilty = (spec.asset_key, spec.name) in guilty
        undone = f"{broken}. The pass was undone; all tables are as they were."
        yield dg.AssetCheckResult(
            passed=False,
            asset_key=spec.asset_key,
            check_name=spec.name,
            severity=dg.AssetCheckSeverity.ERROR if is_guilty else dg.AssetCheckSeverity.WARN,
            description=undone if is_guilty else f"Not looked at in this pass, which ended at {broken}.",
        )


def _failed(model: Model, name: str, words: str) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False, asset_key=asset_key(model.name), check_name=name, description=words)


def answered(asset: str, name: str, problems: Sequence[PaylakeError]) -> dg.AssetCheckResult:
    """Whether something went without problems."""
    return dg.AssetCheckResult(
        passed=not problems,
        asset_key=asset_key(asset),
        check_name=name,
        description="; ".join(str(problem) for problem in problems) or None,
        metadata={"what to do": hint} if (hint := "; ".join(p.hint for p in problems if p.hint)) else None,
    )
