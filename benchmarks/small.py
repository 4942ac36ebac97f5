"""Benchmarks without a lake: start of the command, decoding of logs, reading of the feed.

Belongs here: what takes seconds. Does not belong here: the world of many sessions (`world.py`).
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.measure import Row, row, spend
from pipelines.chains.decode import TRANSFER_LOG_SCHEMA, TRANSFER_TOPIC, decode_logs
from pipelines.gateway.events import Event, parse_line
from tests.support.events import FAMILIES, generate_events, to_line

STARTS = 9


def start_up() -> list[Row]:
    """Wall time of `paylake --help`, as a user feels it."""
    command = [str(Path(sys.executable).with_name("paylake")), "--help"]
    seconds = []
    for _ in range(STARTS):
        started = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)  # noqa: S603 - our own command
        seconds.append(time.perf_counter() - started)
    median, worst = statistics.median(seconds), max(seconds)
    return [row("paylake --help", f"{median:.3f} s median of {STARTS}, {worst:.3f} s worst (wanted: below 0.5 s)")]


def chains(count: int) -> list[Row]:
    """Decoding of one `eth_getLogs` answer, by columns and log by log."""
    answer = _answer(count)
    decode_logs(_answer(10), mode="live", network="BSC")  # the first use of polars' expressions costs more
    frame, columnar = spend(lambda: decode_logs(answer, mode="live", network="BSC"))
    rows, looped = spend(lambda: _decode_one_by_one(answer))
    same = "same rows" if frame.rows() == rows else "ROWS DIFFER"
    return [
        row(f"decode {count} logs by columns", f"{count / columnar.wall:,.0f} logs/s ({columnar})"),
        row(f"decode {count} logs one by one", f"{count / looped.wall:,.0f} logs/s ({looped}); {same}"),
    ]


def feed(count: int) -> list[Row]:
    """Checking of event lines."""
    lines = [to_line(event) for event in generate_events(seed=1, count=count)]
    now = datetime(2027, 1, 1, tzinfo=UTC)
    parsed, spent = spend(lambda: [parse_line(line, now=now, families=FAMILIES) for line in lines])
    accepted = sum(isinstance(one, Event) for one in parsed)
    return [row(f"parse {count} events", f"{count / spent.wall:,.0f} events/s ({spent}); {accepted} accepted")]


def _answer(count: int) -> bytes:
    draw = random.Random(1)  # noqa: S311 - a benchmark's own rows
    logs = []
    for number in range(count):
        topics = [TRANSFER_TOPIC, f"0x{draw.getrandbits(160):064x}", f"0x{draw.getrandbits(160):064x}"]
        block = number // 50
        log = {"address": "0x55d398326f99059ff775485246999027b3197955", "topics": topics}
        log |= {"data": f"0x{draw.randrange(10**24):064x}", "blockNumber": hex(block), "blockHash": f"0x{block:064x}"}
        log |= {"blockTimestamp": hex(1_780_000_000 + block), "transactionHash": f"0x{number:064x}"}
        logs.append(log | {"transactionIndex": "0x0", "logIndex": hex(number % 50), "removed": False})
    return json.dumps(logs, separators=(",", ":")).encode()


def _decode_one_by_one(answer: bytes) -> list[tuple[Any, ...]]:
    """What decode_logs does, as one would first write it, without its checks."""
    rows = []
    for log in json.loads(answer):
        amount = int(log["data"], 16)
        values = {
            "mode": "live",
            "network": "BSC",
            "block_number": int(log["blockNumber"], 16),
            "block_hash": log["blockHash"],
            "block_time": datetime.fromtimestamp(int(log["blockTimestamp"], 16), UTC),
            "tx_hash": log["transactionHash"],
            "log_index": int(log["logIndex"], 16),
            "token_address": log["address"],
            "from_address": "0x" + log["topics"][1][26:],
            "to_address": "0x" + log["topics"][2][26:],
            "topic_count": len(log["topics"]),
            "amount_text": str(amount),
            "amount_base_units": Decimal(amount),
        }
        rows.append(tuple(values[name] for name in TRANSFER_LOG_SCHEMA))
    return rows
