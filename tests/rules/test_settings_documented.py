"""docs/settings.md is complete and true: every key is there, and nothing else is."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from warehouse.errors import SettingsError
from warehouse.settings import Settings, load_settings
from warehouse.settings_networks import NetworkSettings, TokenSettings, settable_keys

REFERENCE = Path(__file__).parents[2] / "docs" / "settings.md"


def keys_of(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name in settable_keys(model):
        kind = model.model_fields[name].annotation
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


@pytest.mark.parametrize("key", list(keys_of(Settings, "")))
def test_every_key_can_be_set_by_a_variable(key: str, tmp_path: Path) -> None:
    file = tmp_path / "paylake.toml"
    file.touch()
    refusal = ""
    try:
        load_settings(file, {"PAYLAKE_" + key.upper().replace(".", "__"): "no value of most keys"})
    except SettingsError as error:
        refusal = str(error)
    assert "unknown key" not in refusal
