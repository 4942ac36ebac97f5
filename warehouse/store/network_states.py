"""How sync last found each network: well, or with which problem since when.

Belongs here: what `/ready` and `paylake doctor` tell of networks beyond the published heads. Does not belong here: the
heads themselves (the lake's), how a network is read (pipelines).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from warehouse.store.connection import Store, insert_into
from warehouse.store.schema import network_states


@dataclass(frozen=True, slots=True)
class NetworkCheck:
    """What one look at a network found.

    Attributes:
        problem_code: stable code of the problem; None when all was well.
        problem: the same as a sentence, which may name the node's host; None when all was well.
    """

    mode: str
    network: str
    checked_at: datetime
    problem_code: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class NetworkState:
    """A network as sync last found it.

    Attributes:
        checked_at: when that was; a few seconds late, as it is not worth a write each second.
        problem_since: since when the network has not been well, whatever its problems were; None when it is well.
    """

    mode: str
    network: str
    checked_at: datetime
    problem_code: str | None
    problem: str | None
    problem_since: datetime | None


def record_checks(store: Store, checks: Iterable[NetworkCheck]) -> None:
    """Keep what was found, in one transaction; a problem that was there before keeps its beginning."""
    with store.begin() as connection:
        for check in checks:
            insert = insert_into(connection, network_states).values(
                mode=check.mode,
                network=check.network,
                problem_code=check.problem_code,
                problem=check.problem,
                problem_since=check.checked_at if check.problem_code else None,
                checked_at=check.checked_at,
            )
            new = insert.excluded
            still = sa.func.coalesce(network_states.c.problem_since, new.problem_since)
            statement = insert.on_conflict_do_update(
                index_elements=list(network_states.primary_key),
                set_={
                    "problem_code": new.problem_code,
                    "problem": new.problem,
                    "problem_since": sa.case((new.problem_code.is_(None), sa.null()), else_=still),
                    "checked_at": new.checked_at,
                },
            )
            connection.execute(statement)


def find_states(store: Store) -> dict[tuple[str, str], NetworkState]:
    """Every network that was ever looked at, by mode and name."""
    with store.read() as connection:
        rows = connection.execute(sa.select(network_states)).all()
    return {(row.mode, row.network): NetworkState(**row._mapping) for row in rows}
