"""Builders of eth_getLogs answers and their decoding, for tests."""

import json
from typing import Any

import polars as pl

from pipelines.chains.decode import TRANSFER_TOPIC, decode_logs

TOKEN = "0x55d398326f99059ff775485246999027b3197955"
ALICE = "0x" + "a1" * 20
BOB = "0x" + "b2" * 20


def word_of(address: str) -> str:
    return "0x" + "0" * 24 + address[2:]


def make_log(amount: int = 1, **changes: Any) -> dict[str, Any]:
    log = {
        "address": TOKEN,
        "topics": [TRANSFER_TOPIC, word_of(ALICE), word_of(BOB)],
        "data": f"0x{amount:064x}",
        "blockNumber": "0x10",
        "blockHash": "0x" + "0b" * 32,
        "blockTimestamp": "0x68e77800",
        "transactionHash": "0x" + "0c" * 32,
        "transactionIndex": "0x0",
        "logIndex": "0x3",
        "removed": False,
    }
    return log | changes


def decode(logs: Any) -> pl.DataFrame:
    return decode_logs(json.dumps(logs).encode(), mode="live", network="BSC")
