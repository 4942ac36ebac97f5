"""What probes answer.

Belongs here: documented objects. Does not belong here: checks.
"""

from typing import Annotated, Literal

from pydantic import Field

from api.answers import Schema
from api.presentation import Moment


class Health(Schema):
    """The process answers."""

    status: Literal["ok"]


class Readiness(Schema):
    """The process has a published snapshot and its operational store."""

    status: Literal["ready"]
    snapshot_version: int
    data_as_of: Annotated[dict[str, Moment], Field(description="By mode, the moment up to which data is included.")]
