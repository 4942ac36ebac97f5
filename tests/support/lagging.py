"""A provider whose requests are now and then answered by a node some blocks behind, or refused.

Real providers put many nodes behind one address. Belongs here: that, as a rule of `HostileNode`. Does not: a test.
"""

from __future__ import annotations

import json
import random
from typing import Any

from tests.support.hostile_node import HostileNode, Reply, html_reply, json_reply, refusal

_BEHIND_BLOCKS = 2
_UNKNOWN = {"code": -32000, "message": "unknown block"}  # geth's and anvil's words


class Lagging:
    """A rule: some requests meet a node that is behind, some a refusal.

    Args:
        node: the hostile node in front of the real one.
        draw: the case's randomness.
        slow: share of calls that meet it: a provider may split a request between its nodes.
        refused: share of requests that are refused.
    """

    def __init__(
        self,
        node: HostileNode,
        draw: random.Random,
        *,
        slow: float = 0.2,
        refused: float = 0.05,
    ) -> None:
        self._node = node
        self._draw = draw
        self._slow, self._refused = slow, refused
        self.is_honest = False

    def __call__(self, request: Any) -> Reply | None:
        if self.is_honest:
            return None
        if self._draw.random() < self._refused:
            return self._draw.choice((refusal(request, "too many requests", -32005, 429), html_reply(503)))
        calls = request if isinstance(request, list) else [request]
        head = max(0, int(self._ask("eth_blockNumber"), 16) - _BEHIND_BLOCKS)
        # Half of the time one node answers all, else each call meets a node of its own.
        is_split, is_slow = self._draw.random() < 0.5, self._draw.random() < self._slow
        answers = []
        for call in calls:
            meets_slow = self._draw.random() < self._slow if is_split else is_slow
            said = self._behind(call, head) if meets_slow else self._answer(call["method"], *call["params"])
            answers.append({"jsonrpc": "2.0", "id": call["id"], **said})
        return json_reply(answers if isinstance(request, list) else answers[0])

    def _behind(self, call: dict[str, Any], head: int) -> dict[str, Any]:
        """What a node says whose newest block is `head`."""
        method: str = call["method"]
        params: list[Any] = call["params"]
        if method == "eth_getBlockByNumber":
            tag = params[0]
            if tag == "latest":
                params = [hex(head), *params[1:]]
            elif tag.startswith("0x") and int(tag, 16) > head:
                return {"result": None}
        if method == "eth_getBlockByHash":
            return {"result": self._known_block(params[0], head)}
        if method == "eth_getLogs":
            asked = params[0]
            if "blockHash" in asked:
                if self._known_block(asked["blockHash"], head) is None:
                    return {"error": _UNKNOWN}
            elif int(asked["fromBlock"], 16) > head:
                return {"result": []}  # "not seen yet" and "no logs" look the same
            else:
                params = [asked | {"toBlock": hex(min(head, int(asked["toBlock"], 16)))}]
        return self._answer(method, *params)

    def _known_block(self, block_hash: str, head: int) -> Any:
        block = self._ask("eth_getBlockByHash", block_hash, False)
        return block if block and int(block["number"], 16) <= head else None

    def _ask(self, method: str, *params: Any) -> Any:
        return self._answer(method, *params)["result"]

    def _answer(self, method: str, *params: Any) -> dict[str, Any]:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        answer = json.loads(self._node.ask_upstream(body))
        return {name: answer[name] for name in ("result", "error") if name in answer}
