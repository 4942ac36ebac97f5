"""A `paylake` command that dies by SIGKILL at a point: `python -m tests.support.killed POINT sync --once`.

Belongs here: the points, as functions of the product and whether the process dies before or after their nth call, and
faults that a dying process may have. The product itself knows nothing of them.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Point:
    """One place to die.

    Attributes:
        target: `module:attribute.path` of a function.
        after: die after the call instead of before it.
        call: at which call of it.
    """

    target: str
    after: bool = False
    call: int = 1


POINTS = {
    "before the feed's first commit": Point("warehouse.lake:Lake._commit"),
    "after the feed's first commit": Point("warehouse.lake:Lake._commit", after=True),
    "between two files of the feed": Point("pipelines.gateway.store:append", call=2),
    "after reading the chain, before anything is written": Point("pipelines.ingest.evm:EvmIngest.fetch", after=True),
    "chain rows appended, models not yet run": Point("pipelines.ingest.evm:EvmIngest.commit", after=True),
    "half of the models computed": Point("warehouse.model_runs:_refresh", call=5),
    "all models computed, state not yet written": Point("warehouse.migrate:_remember_touched"),
    "before the pass's commit": Point("warehouse.lake:Lake._commit", call=3),
    "after the pass's commit": Point("warehouse.lake:Lake._commit", after=True, call=3),
    "before the first segment is copied": Point("warehouse.publish:_Publication._copy"),
    "first segment half copied": Point("warehouse.publish:_Publication._copy", after=True, call=2),
    "segments renamed, manifest not yet written": Point("warehouse.publish:write_manifest"),
    "manifest written, analyst's script not": Point("warehouse.publish:write_manifest", after=True),
    "before the hand-over of credits": Point("pipelines.hand_over:apply_credits"),
    "after the hand-over of credits": Point("pipelines.hand_over:apply_credits", after=True),
}
REBUILD_POINT = '{"target": "warehouse.model_runs:_refresh", "call": 7}'


def _die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(point: Point) -> None:
    """Make the point's function kill this process."""
    module_name, _, path = point.target.partition(":")
    owner: Any = importlib.import_module(module_name)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    original: Callable[..., Any] = getattr(owner, name)
    calls = 0

    @functools.wraps(original)
    def armed(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == point.call and not point.after:
            _die()
        result = original(*arguments, **named)
        if calls == point.call:
            _die()
        return result

    setattr(owner, name, armed)


def plant_file_before_its_events() -> None:
    """A fault on purpose: an inbox file counts as read in a transaction of its own, before its events are stored."""
    from dataclasses import replace

    from pipelines.gateway import store

    original = store.append

    def append(lake: Any, batch: Any) -> Any:
        if batch.file:
            original(lake, replace(batch, events=[], refusals=[]))
            batch = replace(batch, file=None)
        return original(lake, batch)

    setattr(store, "append", append)  # noqa: B010  the types of the two differ on purpose


def plant_forgotten_assignments() -> None:
    """A fault on purpose: a hand-out that arrives affects no session and no address."""
    from dataclasses import replace

    from warehouse import sql_models

    sql_models.code_fingerprint()  # of the sound models: another one would be healed by a rebuild
    sound = "from intermediate.hand_outs\nwhere batch_id > getvariable('since_batch')"

    def spoilt(model: sql_models.Model) -> sql_models.Model:
        if model.name != "affected.changed_sessions":
            return model
        assert model.sql.count(sound) == 1
        return replace(model, sql=model.sql.replace(sound, f"{sound} and false"))

    changed = tuple(spoilt(model) for model in sql_models.models())
    setattr(sql_models, "models", lambda: changed)  # noqa: B010


FAULTS = {
    "a file counts as read before its events are stored": plant_file_before_its_events,
    "a late hand-out affects nothing": plant_forgotten_assignments,
}


def point_of(text: str) -> Point:
    """A point by its name, or as JSON of its fields."""
    return Point(**json.loads(text)) if text.startswith("{") else POINTS[text]


if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    if name == "planted":
        fault, name, *arguments = arguments
        FAULTS[fault]()
    arm(point_of(name))
    sys.argv = ["paylake", *arguments]
    from pipelines.cli import main

    main()
