"""The local node: its clock, its tokens, and that it surely ends."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.demo import anvil
from pipelines.demo.anvil import Anvil, find_anvil
from pipelines.demo.evm_tokens import DEPLOYER, deploy_token, minting, transfer
from tests.support.anvil_fixtures import BSC_GENESIS, BSC_USDC, BSC_USDT
from tests.support.node_oracle import all_transfers, node_says
from warehouse.errors import ChainError, PaylakeError

ALICE, BOB = "0x" + "a1" * 20, "0x" + "b2" * 20

pytestmark = pytest.mark.chain


def is_running(process_id: int) -> bool:
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_the_real_tokens_stand_at_their_real_addresses(bsc_node):
    assert int(bsc_node.rpc("eth_chainId"), 16) == 56
    for token in (BSC_USDT, BSC_USDC):
        assert int(bsc_node.rpc("eth_call", {"to": token, "data": "0x313ce567"}, "latest"), 16) == 18
    symbol = bsc_node.rpc("eth_call", {"to": BSC_USDT, "data": "0x95d89b41"}, "latest")
    assert bytes.fromhex(symbol[2:])[64:68] == b"USDT"


def test_many_transfers_of_one_sender_keep_their_order_in_one_block(bsc_node):
    at = BSC_GENESIS + timedelta(days=1)
    transfers = [transfer(BSC_USDT, ALICE, BOB, number) for number in range(600)]
    bsc_node.send_and_mine([minting(BSC_USDT, ALICE, 10**30), *transfers], at=at)
    told = [one for one in all_transfers(bsc_node.url) if one.token == BSC_USDT]
    assert [one.amount for one in told] == [10**30, *range(600)]
    assert {one.time for one in told} == {at}
    assert {one.block for one in told} == {bsc_node.block_number()}


def test_the_final_block_lags_behind_the_newest():
    with Anvil(1, genesis_time=BSC_GENESIS, finality_blocks=6) as node:
        assert node.mine(blocks=10, seconds_apart=12) == 10
        assert int(node_says(node.url, "eth_getBlockByNumber", "finalized", False)["number"], 16) == 4
        times = [int(node_says(node.url, "eth_getBlockByNumber", hex(n), False)["timestamp"], 16) for n in (9, 10)]
        assert times[1] - times[0] == 12


@pytest.mark.parametrize("blocks", [0, 1, 3])
def test_a_finality_that_anvil_cannot_have_is_refused(blocks):
    with pytest.raises(ValueError, match="even"):
        Anvil(1, finality_blocks=blocks)


def test_a_transfer_that_fails_is_told(bsc_node):
    with pytest.raises(ChainError, match="failed"):
        bsc_node.send_and_mine([transfer(BSC_USDT, BOB, ALICE, 1)])


def test_a_token_name_that_does_not_fit_is_refused(bsc_node):
    with pytest.raises(ValueError, match="31 bytes"):
        deploy_token(bsc_node, name="x" * 32, symbol="X", decimals=6)


def test_a_stopped_node_is_gone_and_can_be_stopped_again():
    with Anvil(56) as node:
        process_id = node.process_id
        assert is_running(process_id)
    assert not is_running(process_id)
    node.stop()
    with pytest.raises(PaylakeError, match="not running"):
        node.rpc("eth_chainId")


def test_a_node_that_cannot_start_says_why():
    with pytest.raises(PaylakeError, match="no-such-option"):
        Anvil(56, args=["--no-such-option"]).start()


def test_a_missing_binary_is_told_with_the_command_that_installs_it(tmp_path, monkeypatch):
    monkeypatch.setattr(anvil, "__file__", str(tmp_path / "a" / "b" / "c" / "anvil.py"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PaylakeError) as caught:
        find_anvil()
    assert "npm install" in str(caught.value.hint)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_node_ends_when_its_starter_is_killed():
    code = (
        "import time; from pipelines.demo.anvil import Anvil; node = Anvil(56); node.start(); "
        "print(node.process_id, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        process_id = int(starter.stdout.readline())
        assert is_running(process_id)
        os.kill(starter.pid, signal.SIGKILL)
    ends_at = time.monotonic() + 5
    while is_running(process_id) and time.monotonic() < ends_at:
        time.sleep(0.01)
    assert not is_running(process_id)


def test_the_deployer_is_the_first_account_of_the_node(bsc_node):
    assert bsc_node.rpc("eth_accounts")[0].lower() == DEPLOYER
