"""The local node: its clock, its tokens, and that it surely ends."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
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


# --- blocks that are taken back


def headers(node: Anvil, first: int, last: int) -> list[dict[str, Any]]:
    return node.batch([("eth_getBlockByNumber", [hex(number), False]) for number in range(first, last + 1)])


def says(node: Anvil, method: str, *params: object) -> Any:
    """The bare answer of the node: its result, or its error's code and words."""
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    answer = httpx.post(node.url, json=body).json()
    return answer["result"] if "result" in answer else (answer["error"]["code"], answer["error"]["message"])


def pay_bob(node: Anvil, amount: int) -> dict[str, Any]:
    """A payment of Alice's with two blocks on it; she has coin and tokens since before."""
    node.send_and_mine([minting(BSC_USDT, ALICE, 1000), transfer(BSC_USDT, ALICE, BOB, 0)])
    node.mine(blocks=3)
    receipt = node.send_and_mine([transfer(BSC_USDT, ALICE, BOB, amount)], at=BSC_GENESIS + timedelta(hours=2))[0]
    node.mine(blocks=2)
    return receipt


def test_a_reorg_keeps_the_height_and_changes_the_hashes(bsc_node):
    paid = pay_bob(bsc_node, 5)
    head = bsc_node.block_number()
    before = headers(bsc_node, head - 4, head)
    assert bsc_node.reorg(3) == []
    after = headers(bsc_node, head - 4, head)
    assert bsc_node.block_number() == head
    assert after[:2] == before[:2]
    assert {block["hash"] for block in after[2:]}.isdisjoint(block["hash"] for block in before)
    assert [block["parentHash"] for block in after[1:]] == [block["hash"] for block in after[:-1]]
    assert [block["transactions"] for block in after[2:]] == [[], [], []]
    # The old head was two hours later: time starts again at the common block.
    assert int(before[-1]["timestamp"], 16) - int(after[-1]["timestamp"], 16) > 3600
    assert bsc_node.rpc("eth_getTransactionReceipt", paid["transactionHash"]) is None
    assert [one.amount for one in all_transfers(bsc_node.url)][-1] == 0


def test_the_chain_after_a_reorg_can_hold_other_transactions(bsc_node):
    pay_bob(bsc_node, 5)
    head = bsc_node.block_number()
    receipts = bsc_node.reorg(
        4, [(transfer(BSC_USDT, ALICE, BOB, 9), 3), *((transfer(BSC_USDT, ALICE, BOB, units), 0) for units in (7, 8))]
    )
    assert [int(receipt["blockNumber"], 16) for receipt in receipts] == [head - 3, head - 3, head]
    told = all_transfers(bsc_node.url)[-3:]
    assert [(one.block, one.amount) for one in told] == [(head - 3, 7), (head - 3, 8), (head, 9)]
    assert [one.tx_hash for one in told] == [receipt["transactionHash"] for receipt in receipts]


def test_the_same_transaction_comes_back_in_another_block_with_its_hash(bsc_node):
    paid = pay_bob(bsc_node, 5)
    again = bsc_node.reorg(3, [(transfer(BSC_USDT, ALICE, BOB, 5), 1)])[0]
    assert again["transactionHash"] == paid["transactionHash"]
    assert int(again["blockNumber"], 16) == int(paid["blockNumber"], 16) + 1


@pytest.mark.parametrize("transaction", [transfer(BSC_USDT, BOB, ALICE, 1), transfer(BSC_USDT, ALICE, BOB, 10**6)])
def test_a_transaction_that_a_reorg_leaves_out_or_fails_is_told(bsc_node, transaction):
    pay_bob(bsc_node, 0)
    with pytest.raises(ChainError, match="failed or was not included"):
        bsc_node.reorg(2, [(transaction, 0)])


@pytest.mark.parametrize("take_back", [Anvil.reorg, Anvil.rollback])
def test_after_blocks_are_taken_back_everybody_can_pay_again(bsc_node, take_back):
    bsc_node.send_and_mine([minting(BSC_USDT, ALICE, 1000)])
    bsc_node.send_and_mine([transfer(BSC_USDT, ALICE, BOB, 5)])
    bsc_node.send([transfer(BSC_USDT, ALICE, BOB, 6)])
    take_back(bsc_node, 1)
    bsc_node.send_and_mine([transfer(BSC_USDT, ALICE, BOB, 7)])
    assert [one.amount for one in all_transfers(bsc_node.url)][-2:] == [1000, 7]


def test_a_rollback_makes_the_chain_shorter(bsc_node):
    paid = pay_bob(bsc_node, 5)
    head = bsc_node.block_number()
    kept = headers(bsc_node, head - 3, head - 3)
    assert bsc_node.rollback(3) == head - 3 == bsc_node.block_number()
    assert headers(bsc_node, head - 3, head - 2) == [*kept, None]
    assert bsc_node.rpc("eth_getBlockByHash", paid["blockHash"], False) is None
    assert bsc_node.mine() == head - 2
    assert headers(bsc_node, head - 2, head - 2)[0]["hash"] != paid["blockHash"]


@pytest.mark.parametrize("take_back", [Anvil.reorg, Anvil.rollback])
def test_what_the_node_says_of_orphans_and_of_blocks_it_does_not_have(bsc_node, take_back):
    orphan = pay_bob(bsc_node, 5)["blockHash"]
    assert len(says(bsc_node, "eth_getLogs", {"blockHash": orphan})) == 1
    take_back(bsc_node, 3)
    head = bsc_node.block_number()
    for block_hash in (orphan, "0x" + "12" * 32):
        assert says(bsc_node, "eth_getLogs", {"blockHash": block_hash}) == (-32000, "unknown block")
        assert says(bsc_node, "eth_getBlockByHash", block_hash, False) is None
        assert says(bsc_node, "eth_getBlockReceipts", block_hash) is None
    assert says(bsc_node, "eth_getBlockByNumber", hex(head + 1), False) is None
    above = {"fromBlock": hex(head + 1), "toBlock": hex(head + 5)}
    refusal = f"BlockOutOfRangeError: block height is {head} but requested was {head + 1}"
    assert says(bsc_node, "eth_getLogs", above) == (-32602, refusal)
    # A range that only ends above the head is answered as if it ended there.
    assert says(bsc_node, "eth_getLogs", {"fromBlock": hex(head), "toBlock": hex(head + 5)}) == []


def test_a_reorg_may_go_deeper_than_the_finalised_block(make_node):
    node = make_node("ETH", finality_blocks=4)
    node.mine(blocks=10)
    final = says(node, "eth_getBlockByNumber", "finalized", False)
    node.reorg(4)
    assert says(node, "eth_getBlockByNumber", "finalized", False) == final
    node.reorg(5)
    changed = says(node, "eth_getBlockByNumber", "finalized", False)
    assert changed != final
    assert changed["number"] == final["number"] == hex(node.block_number() - 4)
    head = node.rollback(3)
    assert says(node, "eth_getBlockByNumber", "finalized", False)["number"] == hex(head - 4)


@pytest.mark.parametrize("take_back", [Anvil.reorg, Anvil.rollback])
def test_more_blocks_than_there_are_cannot_be_taken_back(bsc_node, take_back):
    with pytest.raises(ChainError, match="must not exceed"):
        take_back(bsc_node, 500)


# --- the process


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
