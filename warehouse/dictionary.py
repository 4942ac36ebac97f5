"""The dictionary of tables, written from contracts and model headers: `python -m warehouse.dictionary`.

Belongs here: how a table reads as Markdown. Does not: what any table means (contracts/, dbt_like_sql/).
"""

from __future__ import annotations

from pathlib import Path

from warehouse.contracts import tables
from warehouse.contracts.table import Table
from warehouse.invariants import invariants
from warehouse.sql_models import Model, models, sql_folder

_HEAD = """# Dictionary of tables

Written by `python -m warehouse.dictionary` from `warehouse/contracts/` and the headers of the models in this folder;
a test fails when it lags behind them. Change those, then run it.

A model is one `.sql` file: a header (a sentence, its `grain`, optional `check`s, what it is `incremental` by), an empty
line, a SELECT. Addresses and hashes are canonical: lower case on EVM and Tron, unchanged on Solana. Times are UTC, to
the microsecond. Amounts are exact decimals, never floats. What must hold over all tables stands at the end.
"""

_LAYERS = {
    "raw": "What arrived, as it arrived: appended, never changed.",
    "state": "How far ingestion and transformation have come.",
    "registry": "What the settings say, as tables; replaced whenever the settings change.",
    "staging": "Views that give the columns of raw their types; the only readers of raw.",
    "affected": "Temporary sets of keys: which rows of derived tables what arrived may have changed.",
    "current": "Temporary rows of those keys as they are now, which several models need.",
    "intermediate": "Derived tables between the sources and the marts.",
    "marts": "Derived tables the API and analysts read.",
}


_INVARIANTS = """## checks

What must hold over all that is stored: SELECTs in `checks/` that find no row while it does. A row found is evidence.
Asked by `paylake check` and by Dagster's job `invariants`; the number is that of the list in DECISIONS.md P-038.

| Check | No. | About | What holds |
|---|---|---|---|
"""


def dictionary() -> str:
    """Return the whole dictionary as Markdown."""
    by_name = {model.name: model for model in models()}
    names = sorted(tables().keys() | by_name.keys(), key=lambda name: name.split("."))
    parts = [_HEAD]
    for layer, sentence in _LAYERS.items():
        parts.append(f"## {layer}\n\n{sentence}\n")
        parts += [_entry(name, tables().get(name), by_name.get(name)) for name in names if name.split(".")[0] == layer]
    rows = [
        f"| `{one.name}` | {', '.join(map(str, one.numbers))} | `{one.about}` | {one.sentence} |\n"
        for one in invariants()
    ]
    return "\n".join([*parts, _INVARIANTS + "".join(rows)])


def _entry(name: str, table: Table | None, model: Model | None) -> str:
    described = table or model
    assert described is not None, name
    facts = [f"Grain: {_code(*described.grain)}."]
    if table and table.partition_month:
        facts.append(f"Partitioned by the month of {_code(table.partition_month)}.")
    if model:
        facts += _model_facts(model)
    text = f"### {name}\n\n{described.sentence}\n\n" + "\n".join(f"- {fact}" for fact in facts) + "\n"
    return f"{text}\n{_columns(table)}" if table else text


def _model_facts(model: Model) -> list[str]:
    facts = [f"Reads {_code(*sorted(model.reads))}."]
    if model.affected_by:
        keys = ", ".join(_code(mine if mine == theirs else f"{mine} = {theirs}") for mine, theirs in model.keys)
        facts.append(f"Refreshed for {_code(model.affected_by)} on {keys}.")
    if model.checks:
        facts.append(f"Checked: {'; '.join(_code(check) for check in model.checks)}.")
    return facts


def _columns(table: Table) -> str:
    lines = ["| Column | Type | Meaning |", "|---|---|---|"]
    for name, column in table.columns.items():
        kind = column.sql_type + (", null" if column.nullable else "")
        lines.append(f"| `{name}` | {kind} | {column.comment} |")
    return "\n".join(lines) + "\n"


def _code(*names: str) -> str:
    return ", ".join(f"`{name}`" for name in names)


def main(path: Path | None = None) -> None:
    """Write the dictionary to `path`, by default beside the models."""
    (path or sql_folder() / "README.md").write_text(dictionary(), encoding="utf-8")


if __name__ == "__main__":
    main()
