"""Refused lines: listed, and tried again after a repair of settings, of Paylake or of the clock.

Belongs here: `paylake quarantine list|replay`. Does not belong here: why a line is refused (`events.py`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from pipelines.gateway import queries
from pipelines.gateway.batches import EVENTS_TABLE, events_frame
from pipelines.gateway.events import Event, Refusal, parse_line
from pipelines.gateway.store import CONFLICT_REASON, sort_events
from warehouse.domain.networks import Family
from warehouse.lake import Lake, Write

REPLAYS_TABLE = "raw.gateway_quarantine_replays"

_REPLAY_SCHEMA: dict[str, pl.DataType] = {
    "quarantine_id": pl.String(),
    "outcome": pl.String(),
    "reason": pl.String(),
    "replayed_at": pl.Datetime("us", "UTC"),
}


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """What became of the replayed lines."""

    accepted: int = 0
    duplicates: int = 0
    refused: int = 0


def list_open(lake: Lake) -> list[dict[str, Any]]:
    """Refused lines that no replay has settled, oldest first.

    Returns:
        quarantine_id, source, position, line (bytes), reason_code, reason, received_at.
    """
    return lake.rows(queries.OPEN_REFUSALS)


def list_foreign(lake: Lake) -> list[dict[str, Any]]:
    """Stored events that refer to an object of another merchant, mode, network or currency, oldest first.

    They take effect by themselves when later events make them right, so there is nothing to replay.

    Returns:
        quarantine_id (the event's id), source, position, event (its JSON), reason_code, reason, received_at.
    """
    return lake.rows(queries.FOREIGN_EVENTS)


def replay(
    lake: Lake, *, now: datetime, families: Mapping[str, Family], quarantine_ids: Collection[str] | None = None
) -> ReplayResult:
    """Try refused lines again, in one transaction.

    Args:
        lake: where they lie.
        now: the present.
        families: the family of every known network code.
        quarantine_ids: only these, else all open ones.

    Returns:
        How many are events now, how many the lake already had, how many are refused as before. A conflict stays one.
    """
    lines = [row for row in list_open(lake) if quarantine_ids is None or row["quarantine_id"] in quarantine_ids]
    parsed = {
        row["quarantine_id"]: parse_line(
            row["line"], now=now, families=families, source=row["source"], position=row["position"]
        )
        for row in lines
    }
    if not parsed:
        return ReplayResult()
    return lake.write_tx(lambda write: _replay(write, parsed))


def _replay(write: Write, parsed: Mapping[str, Event | Refusal]) -> ReplayResult:
    found = sort_events(write, [event for event in parsed.values() if isinstance(event, Event)])
    # By identity: two equal lines from two sources are equal events with two fates.
    accepted = {id(event) for event in found.fresh}
    conflicts = {id(event) for event in found.conflicts}
    rows: list[tuple[str, str, str | None, datetime]] = []
    for quarantine_id, line in parsed.items():
        if isinstance(line, Refusal):
            outcome, reason = "refused", line.reason
        elif id(line) in conflicts:
            outcome, reason = "refused", CONFLICT_REASON
        else:
            outcome, reason = ("accepted" if id(line) in accepted else "duplicate"), None
        rows.append((quarantine_id, outcome, reason, write.received_at))
    write.append(EVENTS_TABLE, events_frame(found.fresh))
    write.append(REPLAYS_TABLE, pl.DataFrame(rows, _REPLAY_SCHEMA, orient="row"))
    outcomes = [row[1] for row in rows]
    return ReplayResult(outcomes.count("accepted"), outcomes.count("duplicate"), outcomes.count("refused"))
