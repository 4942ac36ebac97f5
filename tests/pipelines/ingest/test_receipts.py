"""Receipts beside the transfers of a real node: all come in the end, and none holds up a transfer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.chains import receipts as chain_receipts
from pipelines.demo.anvil import Anvil
from pipelines.demo.evm_tokens import bulk_payment, minting, transfer
from pipelines.ingest import receipts
from pipelines.refresh import Refresh
from tests.support.anvil_fixtures import BSC_GENESIS, BSC_USDT, BULK_PAYER
from tests.support.deployment import Deployment
from tests.support.hostile_node import HostileNode, Reply, answered, asks, refusal
from tests.support.node_oracle import node_says
from warehouse.lake import Lake

SENDER, OWN = "0x" + "51" * 20, f"0x{1:040x}"
ASKED = "eth_getTransactionReceipt"


@pytest.fixture
def node(bsc_node: Anvil) -> Anvil:
    bsc_node.send_and_mine([minting(BSC_USDT, SENDER, 10**30), minting(BSC_USDT, BULK_PAYER, 10**30)])
    return bsc_node


def deployed(folder: Path, url: str) -> Deployment:
    """A deployment that watches one address from the chain's beginning."""
    deployment = Deployment(folder, bsc_url=url, has_lake=True)
    data = {"address_id": 1, "network": "BSC", "currency": "USDT", "address": OWN}
    event = {"event_id": "a1", "type": "address.created", "occurred_at": BSC_GENESIS.isoformat()}
    deployment.drop("one.ndjson", [event | {"merchant_id": "mer_1", "mode": "live", "data": data}])
    return deployment


def pay(node: Anvil, *amounts: int) -> None:
    """One block for each amount, then some that make them final."""
    for amount in amounts:
        node.send_and_mine([transfer(BSC_USDT, SENDER, OWN, amount)])
    node.mine(blocks=4)


def rows(deployment: Deployment, sql: str) -> list[dict[str, Any]]:
    with Lake.open(deployment.settings.paths, read_only=True) as lake:
        return lake.rows(sql)


def transfers_without_gas(deployment: Deployment) -> tuple[int, int]:
    """How many transfers are in the marts, and how many of them lack their gas."""
    (row,) = rows(deployment, "SELECT count(*) AS all, count(*) - count(gas_fee) AS missing FROM marts.transactions")
    return row["all"], row["missing"]


def test_a_pass_brings_transfers_with_what_their_gas_cost(node: Anvil, tmp_path: Path) -> None:
    deployment = deployed(tmp_path / "d", node.url)
    pay(node, 5, 6)
    node.send_and_mine([bulk_payment(BULK_PAYER, BSC_USDT, [(OWN, 1), (OWN, 2), (OWN, 3)])])
    deployment.sync()
    stored = rows(deployment, "SELECT tx_hash, gas_used, gas_price, gas_fee FROM marts.transactions")
    assert len(stored) == 5
    for row in stored:
        said = node_says(node.url, ASKED, row["tx_hash"])
        gas, price = int(said["gasUsed"], 16), int(said["effectiveGasPrice"], 16)
        assert (row["gas_used"], row["gas_price"], row["gas_fee"].scaleb(18)) == (gas, price, gas * price)
    # three transfers of one transaction have one receipt
    assert len(rows(deployment, "SELECT 1 FROM raw.evm_receipts")) == 3


def test_transfers_do_not_wait_for_receipts_that_cannot_be_had(
    node: Anvil, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "FIRST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(chain_receipts, "FIRST_REST_SECONDS", 0.0)
    refused = refusal({"id": 1}, "no such method", -32601)
    with HostileNode(node.url) as hostile:
        deployment = deployed(tmp_path / "d", hostile.url)
        with Refresh.open(deployment.settings) as refresh:
            for paid, answer in enumerate((None, {"transactionHash": "0x" + "ab" * 32}, refused), start=1):
                pay(node, paid)
                reply = answer if isinstance(answer, Reply) else answered([{"id": 1}], answer)
                hostile.rule = lambda request, reply=reply: reply if asks(request, ASKED) else None
                first, second = refresh.run_pass(), refresh.run_pass()
                assert (first.transfers, second.is_idle, first.problems) == ({"live/BSC": 1}, True, [])
                assert transfers_without_gas(deployment) == (paid, paid)
            hostile.rule = None
            refresh.run_pass()
            assert transfers_without_gas(deployment) == (3, 0)


def test_a_backlog_is_read_newest_first_so_many_a_pass(
    node: Anvil, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = deployed(tmp_path / "d", node.url)
    pay(node, *range(1, 6))
    monkeypatch.setattr(receipts, "RECEIPTS_PER_PASS", 0)
    with Refresh.open(deployment.settings) as refresh:
        assert refresh.run_pass().is_behind
    monkeypatch.setattr(receipts, "RECEIPTS_PER_PASS", 2)
    # another process, which looks down its chain a few blocks at a time
    monkeypatch.setattr(receipts, "FIRST_LOOK_BLOCKS", 4)
    monkeypatch.setattr(receipts, "LONGEST_LOOK_BLOCKS", 4)
    deployment.sync()
    paid = rows(deployment, "SELECT DISTINCT block_number FROM raw.evm_transfer_logs ORDER BY ALL")
    read = rows(
        deployment,
        "SELECT list(block_number ORDER BY block_number DESC) AS blocks FROM raw.evm_receipts "
        "GROUP BY batch_id ORDER BY batch_id",
    )
    assert transfers_without_gas(deployment) == (5, 0)
    assert max(len(row["blocks"]) for row in read) <= 2
    assert [block for row in read for block in row["blocks"]] == [row["block_number"] for row in reversed(paid)]
