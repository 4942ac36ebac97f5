"""What probes answer.

Belongs here: documented objects. Does not belong here: checks.
"""

from typing import Annotated, Literal

from pydantic import Field

from api.answers import Schema
from api.presentation import Moment
from warehouse.domain.networks import Mode


class Health(Schema):
    """The process answers."""

    status: Literal["ok"]


NetworkStateName = Literal["ok", "lagging", "down", "waiting"]


class NetworkReadiness(Schema):
    """How one network is read."""

    mode: Mode
    network: str
    state: Annotated[
        NetworkStateName,
        Field(
            description="`down`: it could not be read when last tried; `waiting`: it has not been read yet; `lagging`: "
            "its head is older than its limit, or nobody reads it."
        ),
    ]
    head_block: Annotated[int | None, Field(description="The published head.")]
    head_time: Moment | None
    lag_seconds: Annotated[int | None, Field(description="How old the published head is.")]
    problem_code: Annotated[str | None, Field(description="Why it is down, such as `CHAIN_UNAVAILABLE`.")]
    since: Annotated[Moment | None, Field(description="Since when it is down.")]


class Readiness(Schema):
    """The process has a published snapshot and its operational store; `degraded` when some network is not ok."""

    status: Literal["ready", "degraded"]
    snapshot_version: int
    data_as_of: Annotated[dict[str, Moment], Field(description="By mode, the moment up to which data is included.")]
    networks: list[NetworkReadiness]
