"""The sections of the settings, apart from the networks.

Belongs here: keys, their types and defaults. Does not belong here: networks and tokens (`settings_networks.py`), and
reading files and the environment (`settings_sources.py`).
"""

from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, model_validator

from warehouse.settings_types import (
    Folder,
    HttpUrl,
    OptionalSecret,
    PositiveCount,
    PositiveNumber,
    Rate,
    SecretHttpUrl,
    SecretUrl,
    Section,
    StrictBool,
    TokenAmount,
)


def _host_or_network(text: str) -> str:
    ip_network(text)  # raises ValueError with a sentence
    return text


class S3Settings(Section):
    """An S3-compatible object store, for `warehouse.lake_url = "s3://…"`."""

    endpoint: str = ""
    region: str = ""
    access_key: OptionalSecret = None
    secret_key: OptionalSecret = None
    path_style: StrictBool = False


class WarehouseSettings(Section):
    """Where data lies."""

    data_dir: Folder = Path("data")
    lake_url: str = ""
    catalog_url: SecretUrl = SecretUrl("")
    s3: S3Settings = S3Settings()
    operations_url: SecretUrl = SecretUrl("")


class GatewaySettings(Section):
    """The gateway's feed: over HTTP, from files, or both."""

    base_url: HttpUrl | None = None
    token: OptionalSecret = None
    inbox: Folder | None = None


class PayoutKeys(Section):
    """Signing keys of the hot wallets, network → key."""

    live: dict[str, OptionalSecret] = {}
    test: dict[str, OptionalSecret] = {}


class PayoutSettings(Section):
    """Who pays withdrawals out."""

    mode: Literal["hot_wallet", "gateway", "off"] = "hot_wallet"
    gateway_url: HttpUrl | Literal[""] = ""
    gateway_token: OptionalSecret = None
    max_fee_multiplier: PositiveNumber = 3.0
    keys: PayoutKeys = PayoutKeys()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.mode == "gateway" and not self.gateway_url:
            raise ValueError('mode "gateway" needs gateway_url')
        return self


class RateLimitSettings(Section):
    """Requests allowed per API key."""

    standard_per_minute: PositiveCount = 100
    analytics_per_minute: PositiveCount = 20
    export_per_hour: PositiveCount = 5


class ApiSettings(Section):
    """The dashboard API."""

    cors_origins: list[HttpUrl | Literal["*"]] = []
    trusted_proxies: list[Annotated[str, AfterValidator(_host_or_network)]] = []
    public_url: HttpUrl = "http://127.0.0.1:8000"
    rate_limits: RateLimitSettings = RateLimitSettings()


class WebhookSettings(Section):
    """Deliveries to merchants."""

    allowed_hosts: list[str] = []


class MerchantDefaults(Section):
    """A merchant's terms until the feed's `merchant.updated` says otherwise."""

    platform_fee_rate: Rate = Decimal("0.01")
    withdrawal_fee_rate: Rate = Decimal("0.001")
    default_currency: Literal["USDT", "USDC"] = "USDT"


class WithdrawalSettings(Section):
    """What may be withdrawn."""

    fiat_enabled: StrictBool = False


class SweepSettings(Section):
    """When an address counts as due for sweeping."""

    threshold: TokenAmount = Decimal("1")
    overdue_hours: PositiveCount = 24


class DagsterSettings(Section):
    """The operator's view."""

    home: str = ""
    record_sync: StrictBool = True


class PriceSettings(Section):
    """How tokens are valued in US dollars."""

    source: Literal["par", "http"] = "par"
    url: SecretHttpUrl | None = None
    json_pointer: str = ""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.source == "http" and self.url is None:
            raise ValueError('source "http" needs url')
        return self


class ExportSettings(Section):
    """Where exported files are kept."""

    directory: Folder = Path("exports")
