"""Logs of real chains decode to their known answers. Sources and licences: tests/data/real/SOURCES.md."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.chains.decode import TRANSFER_TOPIC
from tests.support.evm_logs import decode, make_log, word_of

REAL = Path(__file__).parents[2] / "data" / "real"
ETH_USDT = "0xdac17f958d2ee523a2206206994597c13d831ec7"
ETH_USDC = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"


def read_json(path: str) -> Any:
    return json.loads((REAL / path).read_text())


def read_lines(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (REAL / path).read_text().splitlines()]


def transfers_among(logs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [log for log in logs if log["topics"] and log["topics"][0] == TRANSFER_TOPIC]


def amounts_of(frame: pl.DataFrame, token: str) -> list[int]:
    of_token = frame.filter((pl.col("token_address") == token) & (pl.col("topic_count") == 3))
    return [int(amount) for amount in of_token["amount_text"]]


def transfer_rows(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    columns = ("token_address", "from_address", "to_address", "amount_text", "tx_hash", "log_index", "block_number")
    return sorted(frame.select(columns).rows())


def expected_rows(rows: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
    names = ("token_address", "from_address", "to_address", "value", "transaction_hash", "log_index", "block_number")
    values = [[row[name] for name in names] for row in rows]
    return sorted((*texts[:3], str(texts[3]), texts[4], int(texts[5]), int(texts[6])) for texts in values)


def test_ethereum_block_18000000_holds_the_known_transfers():
    logs = [log for receipt in read_json("eth/squid_18000000_receipts.json") for log in receipt["logs"]]
    assert len(logs) == 291
    frame = decode(transfers_among(logs))
    usdt, usdc = amounts_of(frame, ETH_USDT), amounts_of(frame, ETH_USDC)
    assert (len(usdt), sum(usdt), len(usdc), sum(usdc)) == (45, 4_493_170_541, 13, 11_303_232_476)
    assert [*usdt, *usdc].count(0) == 48
    assert frame.filter(pl.col("topic_count") == 4).height == 2


def test_ethereum_blocks_17173049_and_17173050_equal_ethereum_etl():
    lines = read_lines("eth/etl_17173049_17173050_expected_logs_usdt_usdc.jsonl")
    logs = [
        make_log(
            address=line["address"],
            topics=line["topics"],
            data=line["data"],
            blockNumber=hex(line["block_number"]),
            blockHash=line["block_hash"],
            blockTimestamp=hex(line["block_timestamp"]),
            transactionHash=line["transaction_hash"],
            logIndex=hex(line["log_index"]),
        )
        for line in lines
    ]
    frame = decode(logs)
    expected = read_lines("eth/etl_17173049_17173050_expected_token_transfers_usdt_usdc.jsonl")
    assert transfer_rows(frame) == expected_rows(expected)
    assert len(expected) == 50
    assert sum(int(amount) for amount in frame["amount_text"]) == 1_217_616_378_660


@pytest.mark.parametrize(("logs", "expected"), [("eth/etl_483920", 2), ("polygon/etl_13572468", None)])
def test_answers_of_real_nodes_equal_the_etl_projects_tables(logs, expected):
    frame = decode(transfers_among(read_json(f"{logs}_eth_getFilterLogs.json")["result"]))
    with (REAL / f"{logs}_expected_token_transfers.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert transfer_rows(frame.filter(pl.col("topic_count") == 3)) == expected_rows(rows)
    assert expected in (None, len(rows))


def test_polygon_receipts_hold_the_expected_transfer():
    receipts = [json.loads(path.read_text())["result"] for path in sorted((REAL / "polygon").glob("*Receipt*"))]
    frame = decode(transfers_among([log for receipt in receipts for log in receipt["logs"]]))
    assert transfer_rows(frame) == expected_rows(read_lines("polygon/etl_stream_expected_token_transfers.json"))


def test_the_real_bsc_payment_is_200_tokens_of_18_decimals():
    # Public sources hold no raw BSC log; the log is made of the transaction's call data, which has the same words.
    payment = read_json("bsc/shapeshift_25865860_usdt_transfer.json")
    call = payment["inputData"].removeprefix("0xa9059cbb")
    log = make_log(
        address=payment["to"],
        topics=[TRANSFER_TOPIC, word_of(payment["from"]), "0x" + call[:64]],
        data="0x" + call[64:],
        blockNumber=hex(payment["blockHeight"]),
        blockHash=payment["blockHash"],
        transactionHash=payment["txid"],
    )
    row = decode([log]).row(0, named=True)
    expected = payment["tokenTransfers"][0]
    assert (row["amount_text"], row["to_address"]) == (expected["value"], expected["to"].lower())
    assert row["amount_base_units"] == 200 * 10**18
