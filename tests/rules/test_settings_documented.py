"""docs/settings.md is complete and true: every key is there, and nothing else is."""

import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from warehouse.settings import Settings
from warehouse.settings_networks import DERIVED_KEYS, NetworkSettings, TokenSettings

REFERENCE = Path(__file__).parents[2] / "docs" / "settings.md"


def keys_of(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if name in DERIVED_KEYS:
            continue
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from keys_of(kind, f"{prefix}{name}.")
        elif f"{prefix}{name}" == "networks":
            yield from keys_of(NetworkSettings, "networks.live.BSC.")
        elif model is NetworkSettings and name == "tokens":
            yield from keys_of(TokenSettings, f"{prefix}tokens.USDT.")
        else:
            yield f"{prefix}{name}"


def test_the_reference_lists_exactly_the_keys_there_are() -> None:
    documented = re.findall(r"^\| `([^`]+)` \|", REFERENCE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(documented) == sorted(keys_of(Settings, ""))
