"""Kinds of values that settings are made of: secrets, addresses of servers, numbers without floats.

Belongs here: what is checked the same way for several keys. Does not belong here: the keys (`settings.py`,
`settings_networks.py`) and where their values come from (`settings_sources.py`).
"""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

HIDDEN_URL = "(hidden address)"


class Section(BaseModel):
    """Base of every table of the settings: fixed once read, unknown keys refused, values kept out of errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class MissingVariable:
    """Stands for a value written `env:NAME` while the environment has no NAME."""

    def __init__(self, name: str) -> None:
        self.name = name


def redact_url(url: str) -> str:
    """Scheme, host and port of an address: no user, password, path or query, which often hold a key."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return HIDDEN_URL
    if not parts.scheme or not host:
        return HIDDEN_URL
    shown_host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown_host}" + (f":{port}" if port else "")


class SecretUrl(SecretStr):
    """An address that may hold a key; shown as scheme, host and port. `get_secret_value()` gives it whole."""

    def _display(self) -> str:
        return redact_url(self.get_secret_value()) if self.get_secret_value() else ""


def _http_address(url: str) -> str:
    parts = urlsplit(url)  # a bad port raises ValueError, which names the key as any other mistake does
    if parts.scheme not in ("http", "https") or not parts.hostname or (parts.port or 1) < 1:
        raise ValueError("must begin with http:// or https:// and name a host")
    return url


def _secret_http_address(url: SecretUrl) -> SecretUrl:
    _http_address(url.get_secret_value())
    return url


def _plain_http_address(url: str) -> str:
    if "@" in urlsplit(url).netloc:
        raise ValueError("must not hold a user or password: use the token setting beside it")
    return _http_address(url)


def _not_a_float(value: Any) -> Any:
    """Refuse true/false and binary floats: TOML fractions arrive as Decimal."""
    if isinstance(value, (bool, float)):
        raise ValueError("must be a number")
    return value


def _number_not_text(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise ValueError("must be a number, not " + kind_of(value))
    return value


def _absent_if_unset(value: Any) -> Any:
    """A secret that this process may not need: without its variable, or empty, it is absent."""
    return None if isinstance(value, MissingVariable) or value == "" else value


def _not_empty(value: Any) -> Any:
    """An empty path would mean the working directory, which nobody intends by an empty variable."""
    if value == "":
        raise ValueError("must not be empty")
    return value


def kind_of(value: Any) -> str:
    """How a value of a TOML file is called in an error."""
    if isinstance(value, bool):
        return "true or false"
    kinds = {str: "text", int: "a whole number", Decimal: "a fraction", list: "a list", dict: "a table"}
    return kinds.get(type(value), "a date or time")


HttpUrl = Annotated[str, AfterValidator(_plain_http_address)]
SecretHttpUrl = Annotated[SecretUrl, AfterValidator(_secret_http_address)]
OptionalSecret = Annotated[SecretStr | None, BeforeValidator(_absent_if_unset)]

Folder = Annotated[Path, BeforeValidator(_not_empty)]

StrictBool = Annotated[bool, Field(strict=True)]
# What fits the BIGINT columns that hold such numbers.
Count = Annotated[int, Field(strict=True, ge=0, lt=2**63)]
PositiveCount = Annotated[int, Field(strict=True, ge=1, lt=2**63)]
# Seconds and multipliers, never money.
PositiveNumber = Annotated[float, BeforeValidator(_number_not_text), Field(gt=0, allow_inf_nan=False)]
Rate = Annotated[Decimal, BeforeValidator(_not_a_float), Field(ge=0, lt=1, allow_inf_nan=False)]
# What fits the DECIMAL(38,18) columns it is compared with.
TokenAmount = Annotated[
    Decimal, BeforeValidator(_not_a_float), Field(ge=0, lt=10**20, allow_inf_nan=False, max_digits=38)
]
