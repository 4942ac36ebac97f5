"""What a node itself says was transferred: an oracle that shares no code with the pipeline.

Plain `urllib` and `json`, one `eth_getLogs` without any filter per stretch of blocks, one header per block.
"""

import json
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
_STRETCH = 500


@dataclass(frozen=True, order=True)
class OracleTransfer:
    """One Transfer event. `amount` is in base units."""

    block: int
    log_index: int
    block_hash: str
    time: datetime
    tx_hash: str
    token: str
    sender: str
    receiver: str
    amount: int

    @property
    def as_stored(self) -> tuple[int, int, str, str, str, str, str, str]:
        """The columns of raw.evm_transfer_logs that say what was transferred where."""
        place = (self.block, self.log_index, self.block_hash, self.tx_hash)
        return (*place, self.token, self.sender, self.receiver, str(self.amount))


def node_says(url: str, method: str, *params: Any) -> Any:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, body, {"Content-Type": "application/json"}), timeout=60) as answer:
        return json.load(answer)["result"]


def all_transfers(url: str, last_block: int | None = None) -> list[OracleTransfer]:
    """Every ERC-20 Transfer (three topics) of every contract on the chain, in order, up to a block."""
    last = int(node_says(url, "eth_blockNumber"), 16) if last_block is None else last_block
    times: dict[int, datetime] = {}
    found = []
    for start in range(0, last + 1, _STRETCH):
        stretch = {"fromBlock": hex(start), "toBlock": hex(min(last, start + _STRETCH - 1))}
        for log in node_says(url, "eth_getLogs", stretch):
            if log["topics"][0] != _TRANSFER or len(log["topics"]) != 3:
                continue
            block = int(log["blockNumber"], 16)
            if block not in times:
                header = node_says(url, "eth_getBlockByNumber", log["blockNumber"], False)
                times[block] = datetime.fromtimestamp(int(header["timestamp"], 16), UTC)
            found.append(
                OracleTransfer(
                    block=block,
                    log_index=int(log["logIndex"], 16),
                    block_hash=log["blockHash"],
                    time=times[block],
                    tx_hash=log["transactionHash"],
                    token=log["address"].lower(),
                    sender="0x" + log["topics"][1][-40:].lower(),
                    receiver="0x" + log["topics"][2][-40:].lower(),
                    amount=int(log["data"], 16),
                )
            )
    return sorted(found)
