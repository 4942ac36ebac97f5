"""Each network's tokens as they really are, read by the EVM source from a node of that network.

The expected addresses and decimals are written out here: the node and the pipeline both take theirs from the presets,
so they would agree on a wrong one.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import polars as pl
import pytest

from pipelines.chains.evm import EvmSource
from pipelines.chains.rpc_pool import RpcPool
from pipelines.demo.anvil import Anvil
from pipelines.demo.evm_tokens import (
    approval,
    bulk_payment,
    deploy_token,
    minting,
    place_nft,
    transfer,
    transfer_from,
)
from pipelines.demo.real_tokens import EvmNetwork, look_alikes, real_tokens
from pipelines.doctor import Finding, findings
from tests.support.anvil_fixtures import BULK_PAYER, NFT, start_node
from tests.support.evm_truth import QUICK, as_truth
from tests.support.node_oracle import all_transfers
from warehouse.settings import NetworkSettings, load_settings

pytestmark = pytest.mark.chain

PAYER, SPENDER, DEPOSIT = "0x" + "a1" * 20, "0x" + "5e" * 20, "0x" + "d0" * 20
CHAIN_IDS: dict[EvmNetwork, int] = {"BSC": 56, "ETH": 1, "POL": 137}
TOKENS: dict[tuple[EvmNetwork, str], tuple[str, int]] = {
    ("BSC", "USDT"): ("0x55d398326f99059fF775485246999027B3197955", 18),
    ("BSC", "USDC"): ("0x8AC76a51cc950d9822D68b83fE1Ad97B32Cd580d", 18),
    ("ETH", "USDT"): ("0xdAC17F958D2ee523a2206206994597C13D831ec7", 6),
    ("ETH", "USDC"): ("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", 6),
    ("POL", "USDT"): ("0xc2132D05D31c914a87C6611C10748AEb04B58e8F", 6),
    ("POL", "USDC"): ("0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359", 6),
}
EACH_TOKEN = pytest.mark.parametrize(("network", "currency"), list(TOKENS))
EACH_NETWORK = pytest.mark.parametrize("network", list(CHAIN_IDS))


class Chain:
    """A node of one network and the source that reads it."""

    def __init__(self, network: EvmNetwork, node: Anvil, stack: ExitStack) -> None:
        self.network, self.node = network, node
        preset = load_settings(environ={}).networks["live"][network]
        settings = NetworkSettings.model_validate({**preset.model_dump(), "rpc_urls": [node.url]})
        pool = RpcPool.from_settings(settings, QUICK)
        stack.callback(pool.close)
        self.source = EvmSource(settings, settings.token_list(), pool)

    def received(self, *addresses: str, since: int = 0) -> pl.DataFrame:
        """What the source says was sent to these addresses after a block."""
        batches = self.source.backfill(addresses, since + 1, self.node.block_number())
        return pl.concat(batch.frame for batch in batches).filter(pl.col("to_address").is_in(addresses))


@pytest.fixture(scope="module")
def chains() -> Iterator[dict[EvmNetwork, Chain]]:
    """The three networks; a test looks only at blocks of its own."""
    with ExitStack() as stack:
        found = {}
        for network in CHAIN_IDS:
            node = start_node(network)
            stack.callback(node.stop)
            tokens = [token.address for token in (*real_tokens(network).values(), *look_alikes(network).values())]
            node.send_and_mine([minting(token, PAYER, 10**30) for token in tokens])
            found[network] = Chain(network, node, stack)
        yield found


@EACH_TOKEN
def test_the_token_stands_at_its_address_with_its_decimals(chains, network, currency):
    address, decimals = TOKENS[network, currency]
    assert chains[network].source.token_decimals(address.lower()) == decimals
    token = real_tokens(network)[currency]
    assert (token.address, token.decimals) == (address.lower(), decimals)


@EACH_NETWORK
def test_the_node_is_of_its_network(chains, network):
    chains[network].source.check()
    assert int(chains[network].node.rpc("eth_chainId"), 16) == CHAIN_IDS[network]


def doctors_findings(folder: Path, chains: dict[EvmNetwork, Chain], further: str = "") -> dict[str, Finding]:
    # These chains began long ago and stand still.
    lines = [
        f"[networks.live.{network}]\nrpc_urls = ['{chain.node.url}']\nhead_lag_limit_seconds = 1e9\n"
        for network, chain in chains.items()
    ]
    (folder / "paylake.toml").write_text("".join(lines) + further)
    found = findings(load_settings(folder / "paylake.toml", {"PAYLAKE_WAREHOUSE__DATA_DIR": str(folder / "data")}))
    return {finding.subject: finding for finding in found if finding.subject.startswith("networks")}


def test_the_doctor_finds_every_network_and_token_right(tmp_path, chains):
    found = doctors_findings(tmp_path, chains)
    assert all(finding.is_right for finding in found.values())
    assert {f"networks.live.{network}.tokens.{currency}" for network, currency in TOKENS} < set(found)


def test_the_doctor_finds_decimals_that_the_contract_does_not_have(tmp_path, chains):
    found = doctors_findings(tmp_path, chains, "[networks.live.ETH.tokens.USDT]\ndecimals = 18\n")
    assert [finding.subject for finding in found.values() if not finding.is_right] == ["networks.live.ETH.tokens.USDT"]
    assert "has 6 decimals, the settings say 18" in found["networks.live.ETH.tokens.USDT"].seen


@EACH_TOKEN
@pytest.mark.parametrize("base_units", [1, 1_000_001, 123_456_789_012_345_678_901])
def test_a_transfer_is_one_log_with_the_exact_amount(chains, network, currency, base_units):
    chain, token = chains[network], TOKENS[network, currency][0].lower()
    since = chain.node.block_number()
    receipt = chain.node.send_and_mine([transfer(token, PAYER, DEPOSIT, base_units)])[0]
    frame = chain.received(DEPOSIT, since=since)
    assert as_truth(frame) == [one for one in all_transfers(chain.node.url) if one.block > since]
    row = frame.row(0, named=True)
    assert (row["tx_hash"], row["token_address"], row["from_address"], row["to_address"]) == (
        receipt["transactionHash"],
        token,
        PAYER,
        DEPOSIT,
    )
    assert (int(row["amount_base_units"]), row["amount_text"]) == (base_units, str(base_units))


@EACH_TOKEN
def test_a_sweep_by_a_spender_and_a_bulk_payment_are_read_too(chains, network, currency):
    chain, token = chains[network], TOKENS[network, currency][0].lower()
    since = chain.node.block_number()
    payments = [(DEPOSIT, 7), (DEPOSIT, 7), (SPENDER, 8)]
    chain.node.send_and_mine(
        [
            minting(token, BULK_PAYER, 100),
            bulk_payment(BULK_PAYER, token, payments),
            approval(token, PAYER, SPENDER, 9),
            transfer_from(token, SPENDER, PAYER, DEPOSIT, 9),
        ]
    )
    rows = [(one.receiver, one.amount) for one in as_truth(chain.received(DEPOSIT, SPENDER, since=since))]
    assert rows == [*payments, (DEPOSIT, 9)]


@EACH_NETWORK
def test_what_is_no_money_of_ours_is_not_read_as_money(chains, network):
    chain = chains[network]
    since = chain.node.block_number()
    forged = deploy_token(chain.node, name="Tether USD", symbol="USDT", decimals=6)
    usdt = real_tokens(network)["USDT"].address
    foreign = [token.address for token in look_alikes(network).values()]
    chain.node.send_and_mine(
        [
            minting(forged, DEPOSIT, 5),
            minting(NFT, DEPOSIT, since),
            transfer(usdt, PAYER, DEPOSIT, 0),
            *(transfer(token, PAYER, DEPOSIT, 10**6) for token in foreign),
        ]
    )
    assert [(one.token, one.amount) for one in as_truth(chain.received(DEPOSIT, since=since))] == [(usdt, 0)]
    told = {one.token for one in all_transfers(chain.node.url) if one.block > since}
    assert told == {forged, usdt, *foreign}


def test_bridged_usdc_on_polygon_is_no_token_of_ours():
    bridged = "0x2791Bca1f2de4661ED88A30C99A7a9449Aa84174".lower()
    assert [token.address for token in look_alikes("POL").values()] == [bridged]
    assert bridged not in {token.address for token in real_tokens("POL").values()}
    assert look_alikes("ETH") == look_alikes("BSC") == {}


def test_four_topics_of_a_tokens_own_contract_are_marked_and_have_no_amount(make_node):
    """A contract behind a proxy can change: a registered address that sends ERC-721 transfers is no money either."""
    node = make_node("POL")
    usdc = real_tokens("POL")["USDC"].address
    place_nft(node, usdc)
    node.send_and_mine([minting(usdc, DEPOSIT, 10**6)])
    with ExitStack() as stack:
        frame = Chain("POL", node, stack).received(DEPOSIT)
    assert frame.select("topic_count", "amount_text", "amount_base_units").rows() == [(4, None, None)]
