"""Where settings come from: the TOML file, the presets, the environment; and how a mistake is told.

Belongs here: turning text into the table that `Settings` checks, and turning its complaints into sentences that name
the key. Does not belong here: the keys themselves, and reading the process's environment (only `settings.py` does).
"""

import difflib
import json
import re
import tomllib
import types
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from warehouse.domain.networks import MODES
from warehouse.errors import SettingsError
from warehouse.settings_networks import DERIVED_KEYS, merged_network, presets, settable_keys
from warehouse.settings_types import MissingVariable, kind_of

PREFIX = "PAYLAKE_"
CONFIG_VARIABLE = "PAYLAKE_CONFIG"

_WHOLE = re.compile(r"-?[0-9]{1,40}")
_FRACTION = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?")
_NETWORK_NAME = re.compile(r"[A-Z][A-Z0-9]{1,11}")

_SENTENCES = {
    "int_type": "must be a whole number, not {kind}",
    "bool_type": "must be true or false, not {kind}",
    "string_type": "must be text, not {kind}",
    "list_type": "must be a list, not {kind}",
    "dict_type": "must be a table, not {kind}",
    "model_type": "must be a table, not {kind}",
    "path_type": "must be text, not {kind}",
    "decimal_type": "must be a number, not {kind}",
    "decimal_parsing": "must be a number, not {kind}",
    "missing": "is missing",
}


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file; fractions as Decimal.

    Raises:
        SettingsError: the file cannot be read, or is not TOML; names the file and the line.
    """
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"), parse_float=Decimal)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SettingsError(f"{path}: line {line}: is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        problem, _, place = str(error).rpartition(" (at ")
        line = re.match(r"line (\d+)", place)
        where = f"line {line[1]}" if line else "at its end"
        raise SettingsError(f"{path}: {where}: {problem}") from None
    except (ValueError, RecursionError):
        # Python's own limits: integers of thousands of digits, tables nested without end.
        raise SettingsError(f"{path}: holds a number or a nesting beyond all measure") from None


def apply_environment(tables: dict[str, Any], environ: Mapping[str, str], root: type[BaseModel]) -> dict[str, str]:
    """Put every `PAYLAKE_A__B=…` into the tables, over what the file says.

    Returns:
        the variable behind each dotted key it set, to be named in errors.

    Raises:
        SettingsError: a variable that is no setting, or a list or table that is not JSON.
    """
    origins = {}
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or variable == CONFIG_VARIABLE:
            continue
        keys, annotation = _setting_of(variable, root)
        table = tables
        for position, key in enumerate(keys[:-1]):
            table = table.setdefault(key, {})
            if not isinstance(table, dict):
                raise SettingsError(f"{dotted(keys[: position + 1])}: must be a table, not {kind_of(table)}")
        table[keys[-1]] = _value_of(variable, environ[variable], annotation)
        origins[dotted(keys)] = variable
    return origins


def resolve_references(value: Any, environ: Mapping[str, str], missing: dict[str, str], keys: tuple = ()) -> Any:
    """The tables with each `env:NAME` replaced; where NAME is unset or empty, a `MissingVariable` stands in its place.

    Args:
        value: the tables, or a part of them.
        environ: the variables.
        missing: filled with dotted key → variable name of what could not be resolved.
        keys: where `value` stands.
    """
    if isinstance(value, dict):
        return {key: resolve_references(item, environ, missing, (*keys, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve_references(item, environ, missing, (*keys, index)) for index, item in enumerate(value)]
    if not isinstance(value, str) or not value.startswith("env:"):
        return value
    name = value.removeprefix("env:").strip()
    if environ.get(name):
        return environ[name]
    missing[dotted(keys)] = name
    return MissingVariable(name)


def merge_presets(tables: dict[str, Any]) -> None:
    """Complete `networks` with the presets, in place.

    Raises:
        SettingsError: an unknown mode or network (one without presets says its `family`), or a key that cannot be set.
    """
    merged = presets()
    own_networks = _table(tables.get("networks", {}), ("networks",))
    for mode, networks in own_networks.items():
        if mode not in MODES:
            raise SettingsError(unknown_key(("networks", mode), MODES))
        for name, own in _table(networks, ("networks", mode)).items():
            place = ("networks", mode, name)
            own = _table(own, place)
            if name not in merged[mode] and ("family" not in own or not _NETWORK_NAME.fullmatch(name)):
                raise SettingsError(
                    unknown_key(place, merged[mode]), hint="A network without presets needs a family, in capitals."
                )
            for key in DERIVED_KEYS & own.keys():
                raise SettingsError(unknown_key((*place, key), ()))
            merged[mode][name] = merged_network(merged[mode].get(name, {}), own)
    for mode, networks in merged.items():
        for name, keys in networks.items():
            keys.update(mode=mode, network=name)
    tables["networks"] = merged


def explain(error: ValidationError, tables: Any, root: type[BaseModel], origins: Mapping[str, str]) -> str:
    """Every complaint of one validation as a sentence with its dotted key, one a line; values are never repeated."""
    problems: dict[str, list[str]] = {}
    for complaint in error.errors(include_url=False, include_context=False):
        keys = _known_part(complaint["loc"], tables)
        kind, value = complaint["type"], complaint["input"]
        if kind == "extra_forbidden":
            model = _section_at(keys[:-1], root)
            problems[unknown_key(keys, settable_keys(model) if model else ())] = []
            continue
        if isinstance(value, MissingVariable):
            text = f"needs the environment variable {value.name}, which is not set"
        else:
            text = _SENTENCES.get(kind, complaint["msg"].removeprefix("Value error, ").removeprefix("Input "))
            text = text.replace("{kind}", kind_of(value))
        variable = origins.get(dotted(keys))
        place = (f"{variable}: " if variable else "") + (dotted(keys) or "settings")
        problems.setdefault(place, []).append(text)
    return "\n".join(
        f"{place}: {' or '.join(dict.fromkeys(texts))}" if texts else place for place, texts in problems.items()
    )


def unknown_key(keys: tuple, candidates: Iterable[str]) -> str:
    """The sentence for a key that does not exist, with the nearest one that does."""
    nearest = difflib.get_close_matches(str(keys[-1]), list(candidates), n=1, cutoff=0.5)
    return f"unknown key {dotted(keys)}" + (f" (did you mean {dotted((*keys[:-1], nearest[0]))}?)" if nearest else "")


def dotted(keys: Iterable) -> str:
    """A key as it is written in the reference: `networks.live.BSC.rpc_urls[0]`."""
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else str(key)
    return text


def _table(value: Any, keys: tuple) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SettingsError(f"{dotted(keys)}: must be a table, not {kind_of(value)}")
    return value


def _known_part(location: tuple, tables: Any) -> tuple:
    """The location without the parts by which the validator tells alternatives of a type apart."""
    keys: list = []
    value = tables
    for position, part in enumerate(location):
        if isinstance(value, dict) and (part in value or position == len(location) - 1):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            break
        keys.append(part)
    return tuple(keys)


def _alternatives(annotation: Any) -> list[Any]:
    """The plain types an annotation allows, without `Annotated` and unions."""
    if get_origin(annotation) is Annotated:
        return _alternatives(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [kind for part in get_args(annotation) for kind in _alternatives(part)]
    return [annotation]


def _section(annotation: Any) -> type[BaseModel] | None:
    found = [kind for kind in _alternatives(annotation) if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return found[0] if found else None


def _section_at(keys: tuple, root: type[BaseModel]) -> type[BaseModel] | None:
    annotation: Any = root
    for key in keys:
        section = _section(annotation)
        annotation = section.model_fields[key].annotation if section else get_args(annotation)[1]
    return _section(annotation)


def _setting_of(variable: str, root: type[BaseModel]) -> tuple[tuple[str, ...], Any]:
    """The keys and the type of the setting that a variable names."""
    keys: tuple[str, ...] = ()
    annotation: Any = root
    for part in variable.removeprefix(PREFIX).split("__"):
        section = _section(annotation)
        if section is not None:
            key = part.lower()
            if key not in settable_keys(section):
                raise SettingsError(f"{variable}: {unknown_key((*keys, key), settable_keys(section))}")
            annotation = section.model_fields[key].annotation
        elif get_origin(annotation) is dict:
            key = part.lower() if part.lower() in MODES else part.upper()
            annotation = get_args(annotation)[1]
        else:
            raise SettingsError(f"{variable}: unknown key {dotted((*keys, part.lower()))}")
        keys = (*keys, key)
    return keys, annotation


def _value_of(variable: str, text: str, annotation: Any) -> Any:
    """The text of a variable as the type its setting has; text that does not fit is left for validation to refuse."""
    if _section(annotation) is not None:
        raise SettingsError(f"{variable}: is a table; set its keys one by one, as {variable}__KEY")
    kinds = _alternatives(annotation)
    if any(get_origin(kind) in (list, dict) for kind in kinds):
        try:
            return json.loads(text, parse_float=Decimal)
        except ValueError:
            raise SettingsError(f"{variable}: must be JSON") from None
    if bool in kinds and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if int in kinds and _WHOLE.fullmatch(text):
        return int(text)
    if (Decimal in kinds or float in kinds) and _FRACTION.fullmatch(text):
        return Decimal(text)
    return text
