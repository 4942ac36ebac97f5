"""A JSON-RPC node over HTTP whose chain is a branch of a made-up history, as far as its tip.

Belongs here: what such a node answers. Does not: what happens on the chain (tests/models/random_histories.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal, localcontext
from typing import Any

from pipelines.chains.decode import TRANSFER_TOPIC
from pipelines.demo.real_tokens import EvmNetwork, chain_id_of, real_tokens
from tests.models.histories import History, Tip
from tests.support.evm_logs import word_of
from tests.support.hostile_node import HostileNode, Reply, calls_of, json_reply
from tests.support.models import PAYER, transfer_hash


class BranchNode:
    """A context manager; `tip` says which blocks there are, and may be changed at any time.

    Args:
        network: whose preset chain id and tokens it has.
        history: its branches and transfers.
        tip: where the chain begins with.
    """

    def __init__(self, network: EvmNetwork, history: History, tip: Tip) -> None:
        self.tip = tip
        self._network = network
        self._branches = history.branches
        self._tokens = real_tokens(network)
        self._logs: dict[str, list[dict[str, Any]]] = {}
        for transfer in history.transfers:
            if transfer["network"] == network:
                log = self._log(transfer)
                self._logs.setdefault(log["blockHash"], []).append(log)
        self._receipts = {
            receipt["tx_hash"]: self._receipt(receipt) for receipt in history.receipts if receipt["network"] == network
        }
        self._server = HostileNode(rule=self._answer)

    def __enter__(self) -> BranchNode:
        self._server.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.__exit__(*exception)

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._server.url

    def _log(self, transfer: dict[str, Any]) -> dict[str, Any]:
        block, branch = transfer["block"], transfer["branch"]
        token = self._tokens[transfer.get("currency", "USDT")]
        with localcontext(prec=60):
            units = int(Decimal(transfer["amount"]).scaleb(token.decimals))
        sender = transfer.get("sender", PAYER)
        block_hash = self._branches.hash(self._network, block, branch)
        tx_hash = transfer_hash(block_hash, transfer["log_index"], transfer["to"], sender, transfer["amount"])
        topics = [TRANSFER_TOPIC, word_of(sender), word_of(transfer["to"])]
        is_nft = transfer.get("topic_count", 3) == 4
        return {
            "address": token.address,
            "topics": [*topics, f"0x{units:064x}"] if is_nft else topics,
            "data": "0x" if is_nft else f"0x{units:064x}",
            "blockNumber": hex(block),
            "blockHash": block_hash,
            "transactionHash": tx_hash,
            "transactionIndex": "0x0",
            "logIndex": hex(transfer["log_index"]),
            "removed": False,
        }

    def _receipt(self, receipt: dict[str, Any]) -> dict[str, Any]:
        answer = {
            "transactionHash": receipt["tx_hash"],
            "blockHash": self._branches.hash(self._network, receipt["block"], receipt["branch"]),
            "blockNumber": hex(receipt["block"]),
            "from": PAYER,
            "status": "0x1",
            "gasUsed": hex(receipt["gas_used"]),
        }
        price = receipt["gas_price"]
        return answer if price is None else answer | {"effectiveGasPrice": hex(price)}

    def _answer(self, request: Any) -> Reply:
        tip = self.tip
        answers = [
            {"jsonrpc": "2.0", "id": call["id"], "result": self._result(tip, call["method"], call["params"])}
            for call in calls_of(request)
        ]
        return json_reply(answers if isinstance(request, list) else answers[0])

    def _result(self, tip: Tip, method: str, params: Sequence[Any]) -> Any:
        if method == "eth_chainId":
            return hex(chain_id_of(self._network))
        if method == "eth_getBlockByNumber":
            tags = {"latest": tip.block, "finalized": tip.finalized}
            number = tags[params[0]] if params[0] in tags else int(params[0], 16)
            return self._header(number, tip.branch) if number <= tip.block else None
        blocks = {self._branches.hash(self._network, number, tip.branch): number for number in range(tip.block + 1)}
        if method == "eth_getBlockByHash":
            return self._header(blocks[params[0]], tip.branch) if params[0] in blocks else None
        if method == "eth_getTransactionReceipt":
            receipt = self._receipts.get(params[0])
            return receipt if receipt and receipt["blockHash"] in blocks else None
        assert method == "eth_getLogs", method
        return list(self._found(params[0], blocks))

    def _header(self, number: int, branch: str) -> dict[str, str]:
        parent = self._branches.hash(self._network, number - 1, branch) if number else "0x" + "00" * 32
        return {
            "number": hex(number),
            "hash": self._branches.hash(self._network, number, branch),
            "parentHash": parent,
            "timestamp": hex(round(self._branches.time(number, branch).timestamp())),
        }

    def _found(self, asked: dict[str, Any], blocks: dict[str, int]) -> Iterator[dict[str, Any]]:
        """The logs of the chain's blocks that a filter asks for, in order."""
        first, last = (int(asked.get(end, "0x0"), 16) for end in ("fromBlock", "toBlock"))
        for block_hash, number in blocks.items():
            if block_hash != asked["blockHash"] if "blockHash" in asked else not first <= number <= last:
                continue
            for log in sorted(self._logs.get(block_hash, []), key=lambda log: int(log["logIndex"], 16)):
                topics = zip(asked["topics"], log["topics"], strict=False)
                is_asked = all(want is None or have == want or have in want for want, have in topics)
                if log["address"] in asked["address"] and is_asked:
                    yield log
