"""Settings: file under environment, every mistake named by its key, no secret ever shown."""

from decimal import Decimal
from pathlib import Path

import pytest

from warehouse.domain.networks import CURRENCIES, MODES, NETWORK_ORDER
from warehouse.domain.tokens import Token
from warehouse.errors import SettingsError
from warehouse.settings import Settings, load_settings, redact_url

SECRET = "hunter2-very-secret"


def load(tmp_path: Path, toml: str, **environ: str) -> Settings:
    file = tmp_path / "paylake.toml"
    file.write_text(toml, encoding="utf-8")
    return load_settings(file, environ)


def problem(tmp_path: Path, toml: str, **environ: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, toml, **environ)
    return str(caught.value)


def test_with_no_file_everything_is_embedded_below_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings(environ={})
    assert settings.paths.catalog == Path("data/catalog.sqlite")
    assert settings.active_networks() == []
    assert settings.merchants.platform_fee_rate == Decimal("0.01")


def test_the_file_in_the_working_directory_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "paylake.toml").write_text('[warehouse]\ndata_dir = "here"')
    (tmp_path / "other.toml").write_text('[warehouse]\ndata_dir = "there"')
    assert load_settings(environ={}).warehouse.data_dir == Path("here")
    assert load_settings(environ={"PAYLAKE_CONFIG": "other.toml"}).warehouse.data_dir == Path("there")


def test_a_named_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent\.toml: cannot be read"):
        load_settings(environ={"PAYLAKE_CONFIG": str(tmp_path / "absent.toml")})


def test_every_known_network_has_presets_in_both_modes() -> None:
    settings = load_settings(environ={})
    for mode in MODES:
        assert set(settings.networks[mode]) == set(NETWORK_ORDER)
    for network in NETWORK_ORDER:
        assert [token.currency for token in settings.tokens("live", network)] == list(CURRENCIES)
        assert settings.tokens("test", network) == []
    ids = [network.chain_id for mode in MODES for network in settings.networks[mode].values()]
    assert sorted(number for number in ids if number) == [1, 56, 97, 137, 80002, 11155111, 728126428, 3448148188]


def test_tokens_of_bsc_have_18_decimals_and_canonical_addresses() -> None:
    usdt = Token("live", "BSC", "USDT", "0x55d398326f99059ff775485246999027b3197955", 18)
    assert load_settings(environ={}).tokens("live", "BSC")[0] == usdt


def test_rpc_urls_alone_make_a_network_active_in_the_fixed_order(tmp_path: Path) -> None:
    toml = "".join(
        f'[networks.{place}]\nrpc_urls = ["http://127.0.0.1:1"]\n'
        for place in ("test.BSC", "live.SOL", "live.TRX", "live.BSC")
    )
    active = [(network.mode, network.network) for network in load(tmp_path, toml).active_networks()]
    assert active == [("live", "BSC"), ("live", "TRX"), ("live", "SOL"), ("test", "BSC")]


def test_a_further_network_comes_by_settings_alone(tmp_path: Path) -> None:
    toml = """[networks.live.BASE]
        family = "evm"
        chain_id = 8453
        native_coin = "ETH"
        rpc_urls = ["http://127.0.0.1:1"]
        required_confirmations = 10
        finality_depth = 60
        tokens.USDC = {address = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", decimals = 6}
    """
    settings = load(tmp_path, toml)
    assert [token.currency for token in settings.tokens("live", "BASE")] == ["USDC"]
    assert settings.families["BASE"] == "evm"


def test_the_environment_overrides_the_file_with_the_type_of_the_key(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        '[warehouse]\ndata_dir = "file"\n[networks.live.BSC]\npoll_seconds = 9',
        PAYLAKE_WAREHOUSE__DATA_DIR="variable",
        PAYLAKE_WAREHOUSE__S3__PATH_STYLE="true",
        PAYLAKE_MERCHANTS__PLATFORM_FEE_RATE="0.005",
        PAYLAKE_NETWORKS__LIVE__BSC__POLL_SECONDS="0.25",
        PAYLAKE_NETWORKS__LIVE__BSC__START_BLOCK="7",
        PAYLAKE_NETWORKS__LIVE__BSC__RPC_URLS='["http://127.0.0.1:8545"]',
        PAYLAKE_NETWORKS__LIVE__BSC__TOKENS__USDT__DECIMALS="6",
        PAYLAKE_PAYOUTS__KEYS__TEST__BSC=SECRET,
    )
    bsc = settings.networks["live"]["BSC"]
    assert settings.warehouse.data_dir == Path("variable")
    assert settings.warehouse.s3.path_style is True
    assert settings.merchants.platform_fee_rate == Decimal("0.005")
    assert (bsc.poll_seconds, bsc.start_block, len(bsc.rpc_urls), bsc.tokens["USDT"].decimals) == (0.25, 7, 1, 6)
    key = settings.payouts.keys.test["BSC"]
    assert key is not None
    assert key.get_secret_value() == SECRET


def test_a_reference_takes_the_value_of_its_variable(tmp_path: Path) -> None:
    settings = load(tmp_path, '[gateway]\ntoken = "env:FEED_TOKEN"', FEED_TOKEN=SECRET)
    assert settings.gateway.token is not None
    assert settings.gateway.token.get_secret_value() == SECRET
    assert settings.unset_secrets == {}


@pytest.mark.parametrize("environ", [{}, {"KEY": ""}])
def test_an_optional_secret_without_its_variable_is_absent_and_listed(tmp_path: Path, environ: dict[str, str]) -> None:
    settings = load(tmp_path, '[payouts.keys.live]\nBSC = "env:KEY"', **environ)
    assert settings.payouts.keys.live == {"BSC": None}
    assert settings.unset_secrets == {"payouts.keys.live.BSC": "KEY"}


def test_any_other_reference_without_its_variable_names_key_and_variable(tmp_path: Path) -> None:
    text = problem(tmp_path, '[networks.live.BSC]\nrpc_urls = ["env:NODE"]')
    assert "networks.live.BSC.rpc_urls[0]: needs the environment variable NODE" in text


def test_no_text_of_settings_shows_a_secret(tmp_path: Path) -> None:
    toml = f"""
        [warehouse]
        catalog_url = "postgresql://me:{SECRET}@db.local:5432/{SECRET}"
        operations_url = "postgresql://me:{SECRET}@db.local/x?password={SECRET}"
        s3 = {{access_key = "{SECRET}", secret_key = "{SECRET}"}}
        [gateway]
        token = "{SECRET}"
        [networks.live.BSC]
        rpc_urls = ["http://me:{SECRET}@node.local:8545/{SECRET}?key={SECRET}"]
        headers = {{X-Key = "{SECRET}"}}
        [networks.live.TRX]
        api_url = "http://node.local/{SECRET}"
        [payouts]
        gateway_token = "{SECRET}"
        keys.live.BSC = "{SECRET}"
        [prices]
        source = "http"
        url = "http://prices.local/?key={SECRET}"
    """
    settings = load(tmp_path, toml)
    shown = (
        repr(settings) + str(settings) + settings.model_dump_json() + str(settings.networks["live"]["BSC"].rpc_urls[0])
    )
    assert SECRET not in shown
    assert "http://node.local:8545" in shown
    assert SECRET in settings.networks["live"]["BSC"].rpc_urls[0].get_secret_value()


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ("[warehouse]\ndatadir = 'x'", "unknown key warehouse.datadir (did you mean warehouse.data_dir?)"),
        ("[warehous]\n", "unknown key warehous (did you mean warehouse?)"),
        (
            "[networks.live.BSC]\npoll_second = 1",
            "unknown key networks.live.BSC.poll_second (did you mean networks.live.BSC.poll_seconds?)",
        ),
        ("[networks.live.BCS]\n", "unknown key networks.live.BCS (did you mean networks.live.BSC?)"),
        ("[networks.prod.BSC]\n", "unknown key networks.prod"),
        ("[networks.live.BSC]\nmode = 'live'", "unknown key networks.live.BSC.mode"),
        ("[payouts.keys.live]\nBCS = 'k'", "unknown key payouts.keys.live.BCS (did you mean payouts.keys.live.BSC?)"),
        ("warehouse = 1", "warehouse: must be a table, not a whole number"),
        ("networks = 'x'", "networks: must be a table, not text"),
        ("[networks]\nlive = 1", "networks.live: must be a table, not a whole number"),
        ("[networks.live]\nBSC = 1", "networks.live.BSC: must be a table"),
        ("[networks.live.BSC]\ntokens = 1", "networks.live.BSC.tokens: must be a table"),
        ("[networks.live.BSC]\nchain_id = '56'", "networks.live.BSC.chain_id: must be a whole number, not text"),
        (
            "[networks.live.BSC]\nchain_id = true",
            "networks.live.BSC.chain_id: must be a whole number, not true or false",
        ),
        ("[networks.live.BSC]\nrpc_urls = 'http://x'", "networks.live.BSC.rpc_urls: must be a list, not text"),
        ("[networks.live.BSC]\nrpc_urls = ['ftp://x']", "networks.live.BSC.rpc_urls[0]: must begin with http"),
        ("[networks.live.BSC]\nrpc_urls = ['http://x:99999']", "networks.live.BSC.rpc_urls[0]: "),
        ("[networks.live.BSC]\npoll_seconds = 'fast'", "networks.live.BSC.poll_seconds: must be a number, not text"),
        ("[networks.live.BSC]\npoll_seconds = 0", "networks.live.BSC.poll_seconds: should be greater than 0"),
        ("[networks.live.BSC]\npoll_seconds = inf", "networks.live.BSC.poll_seconds: "),
        (
            "[networks.live.BSC]\nstart_block = 'soon'",
            "networks.live.BSC.start_block: must be a whole number, not text or should be 'auto'",
        ),
        ("[networks.live.BSC]\nfinality = 'maybe'", "networks.live.BSC.finality: should be 'tag' or 'depth'"),
        ("[networks.live.BSC]\nchain_id = 1", "networks.live.ETH.chain_id: 1 is also the chain of networks.live.BSC"),
        ("[networks.test.BSC]\nfamily = 'solana'", "networks.test.BSC.family: BSC is evm in the other mode"),
        ("[networks.live.BSC]\nexplorer_tx = 'https://x/'", "must contain {hash}"),
        ("[networks.live.BSC.tokens.EURC]\naddress = 'x'\ndecimals = 6", "tokens.EURC: the currencies are USDT, USDC"),
        (
            "[networks.live.BSC.tokens.USDT]\naddress = '0x55d398326f99059fF775485246999027B3197955'",
            "networks.live.BSC.tokens.USDT.decimals: is missing",
        ),
        (
            "[networks.live.BSC.tokens.USDT]\ndecimals = 19",
            "networks.live.BSC.tokens.USDT.decimals: should be less than or equal to 18",
        ),
        (
            "[networks.live.BSC.tokens.USDT]\naddress = '0x8AC76a51cc950d9822D68b83fE1Ad97B32Cd580d'\ndecimals = 18",
            "have the same address",
        ),
        ("[networks.live.BASE]\nfamily = 'evm'", "networks.live.BASE.native_coin: is missing"),
        ("[merchants]\nplatform_fee_rate = 1.5", "merchants.platform_fee_rate: should be less than 1"),
        ("[merchants]\nplatform_fee_rate = nan", "merchants.platform_fee_rate: should be a finite number"),
        ("[merchants]\nplatform_fee_rate = true", "merchants.platform_fee_rate: must be a number"),
        ("[gateway]\nbase_url = 'http://me:pw@x'", "gateway.base_url: must not hold a user or password"),
        ("[gateway]\ntoken = 5", "gateway.token: must be text, not a whole number"),
        ("[payouts]\nmode = 'gateway'", 'payouts: mode "gateway" needs gateway_url'),
        ("[prices]\nsource = 'http'", 'prices: source "http" needs url'),
        ("[api]\ntrusted_proxies = ['proxy']", "api.trusted_proxies[0]: "),
        ("[warehouse]\ndata_dir = ''", "warehouse.data_dir: must not be empty"),
    ],
)
def test_a_wrong_setting_is_named_by_its_dotted_key(tmp_path: Path, toml: str, expected: str) -> None:
    assert expected in problem(tmp_path, toml)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"[warehouse\n", "line 1: "),
        (b"[api]\n\npublic_url = \n", "line 3: "),
        (b"[api]\n[api]\n", "line 2: "),
        (b"[api]\npublic_url = 'x", "at its end: "),
        (b"[api]\npublic_url = '\xff'\n", "line 2: is not UTF-8"),
        (b"a = " + b"1" * 9000, "beyond all measure"),
        (b"a = " + b"[" * 9000, "beyond all measure"),
        (b"\x00", "line 1: "),
        (b"a = 2026-13-45", "line 1: "),
    ],
    ids=range(9),
)
def test_a_broken_file_is_named_with_its_line(tmp_path: Path, content: bytes, expected: str) -> None:
    file = tmp_path / "paylake.toml"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=r"paylake\.toml: ") as caught:
        load_settings(file, {})
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        (
            "PAYLAKE_API__PUBLIC_UR",
            "x",
            "PAYLAKE_API__PUBLIC_UR: unknown key api.public_ur (did you mean api.public_url?)",
        ),
        ("PAYLAKE_NONSENSE", "x", "PAYLAKE_NONSENSE: unknown key nonsense"),
        ("PAYLAKE_WAREHOUSE__DATA_DIR__MORE", "x", "PAYLAKE_WAREHOUSE__DATA_DIR__MORE: unknown key"),
        ("PAYLAKE_NETWORKS__LIVE__BCS__POLL_SECONDS", "1", "unknown key networks.live.BCS"),
        ("PAYLAKE_NETWORKS__LIVE__BSC__NETWORK", "x", "PAYLAKE_NETWORKS__LIVE__BSC__NETWORK: unknown key"),
        (
            "PAYLAKE_API__RATE_LIMITS__EXPORT_PER_HOUR",
            "many",
            "PAYLAKE_API__RATE_LIMITS__EXPORT_PER_HOUR: api.rate_limits.export_per_hour: must be",
        ),
        ("PAYLAKE_API__CORS_ORIGINS", "http://x", "PAYLAKE_API__CORS_ORIGINS: must be JSON"),
        ("PAYLAKE_API", "{}", "PAYLAKE_API: is a table"),
        ("PAYLAKE_WAREHOUSE__DATA_DIR", "", "PAYLAKE_WAREHOUSE__DATA_DIR: warehouse.data_dir: must not be empty"),
    ],
)
def test_a_wrong_variable_is_named(tmp_path: Path, variable: str, value: str, expected: str) -> None:
    assert expected in problem(tmp_path, "", **{variable: value})


def test_all_mistakes_are_told_at_once_and_no_value_is_repeated(tmp_path: Path) -> None:
    text = problem(
        tmp_path,
        f"[gateway]\nbase_url = '{SECRET}'\n[api]\nrate_limits = '{SECRET}'\n[sweeps]\noverdue_hours = '{SECRET}'",
    )
    assert len(text.splitlines()) == 3
    assert SECRET not in text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://node.local:8545/key", "http://node.local:8545"),
        ("https://me:pw@node.local/v2/key?x=1#y", "https://node.local"),
        ("http://[::1]:8545/key", "http://[::1]:8545"),
        ("postgresql://me:pw@db:5432/x", "postgresql://db:5432"),
        ("key-only", "(hidden address)"),
        ("http://x:port/", "(hidden address)"),
        ("http://[::1/", "(hidden address)"),
    ],
)
def test_an_address_is_shown_without_what_may_be_a_key(url: str, shown: str) -> None:
    assert redact_url(url) == shown
