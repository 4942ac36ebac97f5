"""Everything that can be set, read once at start: `load_settings()`.

Belongs here: the root of the settings, and the only reading of the process's environment. Does not belong here: the
keys of a section (`settings_sections.py`, `settings_networks.py`), and values that are learnt while running.

The reference for people is docs/settings.md; a test keeps it complete.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import PrivateAttr, ValidationError

from warehouse.domain.networks import MODES, Family, Mode, network_rank
from warehouse.domain.tokens import Token
from warehouse.errors import SettingsError
from warehouse.settings_networks import Networks, NetworkSettings, disagreement
from warehouse.settings_sections import (
    ApiSettings,
    DagsterSettings,
    ExportSettings,
    GatewaySettings,
    MerchantDefaults,
    PayoutSettings,
    PriceSettings,
    SweepSettings,
    WarehouseSettings,
    WebhookSettings,
    WithdrawalSettings,
)
from warehouse.settings_sources import (
    CONFIG_VARIABLE,
    apply_environment,
    explain,
    merge_presets,
    read_toml,
    resolve_references,
    unknown_key,
)
from warehouse.settings_types import SecretUrl, Section, redact_url

__all__ = ["NetworkSettings", "Paths", "SecretUrl", "Settings", "load_settings", "redact_url"]

DEFAULT_FILE = Path("paylake.toml")
_HINT = "docs/settings.md lists every key."


@dataclass(frozen=True, slots=True)
class Paths:
    """Where the embedded stores lie below `warehouse.data_dir`."""

    data_dir: Path

    @property
    def lake_data(self) -> Path:
        """Parquet files of the lake."""
        return self.data_dir / "lake"

    @property
    def catalog(self) -> Path:
        """Catalog of the lake."""
        return self.data_dir / "catalog.sqlite"

    @property
    def lock(self) -> Path:
        """The lake's writer lock."""
        return self.data_dir / "writer.lock"

    @property
    def serving(self) -> Path:
        """Published segments and their manifest."""
        return self.data_dir / "serving"

    @property
    def operations(self) -> Path:
        """Operational store: keys, withdrawals, spendable balances."""
        return self.data_dir / "operations.sqlite"

    @property
    def rates(self) -> Path:
        """Counters of the rate limits, kept apart from money."""
        return self.data_dir / "rates.sqlite"

    @property
    def published(self) -> Path:
        """Files for analysts."""
        return self.data_dir / "published"


class Settings(Section):
    """All settings. Made by `load_settings`; secrets and paths of addresses never appear in its text."""

    warehouse: WarehouseSettings = WarehouseSettings()
    gateway: GatewaySettings = GatewaySettings()
    networks: Networks
    payouts: PayoutSettings = PayoutSettings()
    api: ApiSettings = ApiSettings()
    webhooks: WebhookSettings = WebhookSettings()
    merchants: MerchantDefaults = MerchantDefaults()
    withdrawals: WithdrawalSettings = WithdrawalSettings()
    sweeps: SweepSettings = SweepSettings()
    dagster: DagsterSettings = DagsterSettings()
    prices: PriceSettings = PriceSettings()
    exports: ExportSettings = ExportSettings()

    _unset_secrets: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def paths(self) -> Paths:
        """Where the embedded stores lie."""
        return Paths(self.warehouse.data_dir)

    @property
    def dagster_home(self) -> Path:
        """Where Dagster keeps its runs; absolute, as it asks for that."""
        return Path(self.dagster.home or self.paths.data_dir / "dagster").absolute()

    @property
    def unset_secrets(self) -> dict[str, str]:
        """Dotted key → variable of each secret written `env:NAME` whose variable is not set here."""
        return dict(self._unset_secrets)

    @property
    def families(self) -> dict[str, Family]:
        """Network → chain family, for every known network."""
        return {name: network.family for mode in MODES for name, network in self.networks[mode].items()}

    def active_networks(self) -> list[NetworkSettings]:
        """Networks with `rpc_urls`: live before test, then in `NETWORK_ORDER`."""
        return [
            network
            for mode in MODES
            for _, network in sorted(self.networks[mode].items(), key=lambda item: network_rank(item[0]))
            if network.rpc_urls
        ]

    def tokens(self, mode: Mode, network: str) -> list[Token]:
        """Tokens of a known network, in the order of `CURRENCIES`; empty where none are set."""
        return self.networks[mode][network].token_list()


def load_settings(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read presets, then the TOML file, then the environment, each over the one before.

    Args:
        path: the file; else the one named by PAYLAKE_CONFIG; else ./paylake.toml where it exists; else none.
        environ: the variables to use instead of the process's own.

    Raises:
        SettingsError: anything unreadable, unknown or contradictory; names the file, key or variable, never a value.
    """
    environ = os.environ if environ is None else environ
    file = path or (Path(environ[CONFIG_VARIABLE]) if environ.get(CONFIG_VARIABLE) else None)
    if file is None and DEFAULT_FILE.exists():
        file = DEFAULT_FILE
    tables = read_toml(file) if file else {}
    origin = f"{file}: " if file else ""
    origins = apply_environment(tables, environ, Settings)
    missing: dict[str, str] = {}
    tables = resolve_references(tables, environ, missing)
    try:
        merge_presets(tables)
        settings = Settings.model_validate(tables)
    except ValidationError as error:
        raise SettingsError(origin + explain(error, tables, Settings, origins), hint=_HINT) from None
    except SettingsError as error:
        raise SettingsError(origin + error.message, hint=error.hint or _HINT) from None
    problem = disagreement(settings.networks) or _keys_of_unknown_networks(settings)
    if problem:
        raise SettingsError(origin + problem)
    settings._unset_secrets.update(missing)
    return settings


def child_environment(home: Path, config: Path | None) -> dict[str, str]:
    """The environment for a Dagster that is started from here: this process's, with its home and the settings file."""
    variables = {**os.environ, "DAGSTER_HOME": str(home)}
    if config:
        variables[CONFIG_VARIABLE] = str(config.absolute())
    return variables


def _keys_of_unknown_networks(settings: Settings) -> str | None:
    """A signing key under a mistyped network would never be used, and its payouts would wait for ever."""
    keys = settings.payouts.keys
    for mode, names in (("live", keys.live), ("test", keys.test)):
        for name in names:
            if name not in settings.networks[mode]:
                return unknown_key(("payouts", "keys", mode, name), settings.networks[mode])
    return None
