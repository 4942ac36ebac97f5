"""The success envelope and its JSON.

Belongs here: how Python values become bytes. Does not belong here: which values (the resources' schemas) and rounding
(`money.py`). Decimals are written digit by digit, never through a binary float.
"""

from typing import Any, Generic, Literal, TypeVar

import msgspec
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

_ENCODER = msgspec.json.Encoder(decimal_format="number")


class Schema(BaseModel):
    """Base of every documented object: exactly its keys, all of them always present."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


Data = TypeVar("Data", bound=Schema)


class Answer(Schema, Generic[Data]):
    """What every successful request gets."""

    success: Literal[True]
    data: Data


def answer(data: Schema) -> Response:
    """A 200 with this object in the envelope."""
    body = {"success": True, "data": data.model_dump(by_alias=True)}
    return Response(encode(body), media_type="application/json")


def encode(content: Any) -> bytes:
    """JSON bytes; Decimals as numbers, `msgspec.Raw` as the JSON it holds."""
    return _ENCODER.encode(content)
