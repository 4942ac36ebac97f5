"""Ethereum-like chains: heads, headers and the Transfer logs of watched addresses, to the final block and beyond.

Belongs here: what is asked of the nodes of one EVM network, and in which order. Does not belong here: HTTP and
refusals (`rpc.py`), one range (`backfill.py`), linked blocks (`follow.py`), storing (`pipelines/ingest`). A further
EVM chain is settings, not code.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, TypeVar

import msgspec
import polars as pl

from pipelines.chains import follow
from pipelines.chains import headers as block_headers
from pipelines.chains.backfill import LogBatch, Watch, blocks_of, make_smaller, merged, read_range, with_times
from pipelines.chains.decode import TRANSFER_LOG_SCHEMA, DishonestAnswer
from pipelines.chains.follow import Segment
from pipelines.chains.headers import BlockRef, Header
from pipelines.chains.heads import Head, read_head
from pipelines.chains.ranges import RangeSizer
from pipelines.chains.rpc import RpcEndpoint
from pipelines.chains.rpc_pool import RpcPool
from warehouse.domain.addresses import canonical_address
from warehouse.domain.tokens import Token
from warehouse.errors import ChainError, ChainUnavailable, RangeTooLarge, WrongChain
from warehouse.settings import NetworkSettings

T = TypeVar("T")

# decimals(), the first four bytes of its keccak256
_DECIMALS_CALL = "0x313ce567"


class EvmSource:
    """One EVM network as its nodes tell it. Keep it between passes: it learns what its nodes accept.

    Args:
        network: its settings.
        tokens: the contracts whose transfers count; others are never asked for.
        pool: its endpoints.
    """

    def __init__(self, network: NetworkSettings, tokens: Sequence[Token], pool: RpcPool) -> None:
        self._settings = network
        self._mode, self._name = network.mode, network.network
        self._tokens = tuple(token.address for token in tokens)
        self._pool = pool
        self._sizers: dict[RpcEndpoint, RangeSizer] = {}
        self._right_endpoints: set[RpcEndpoint] = set()
        self._newest = 0

    def check(self) -> None:
        """Ask every endpoint which chain it serves.

        Raises:
            WrongChain: one serves another chain; names both.
            ChainUnavailable: none answers.
        """
        silent = []
        for endpoint in self._pool.endpoints:
            try:
                self._require_chain(endpoint)
            except ChainUnavailable as unavailable:
                silent.append(unavailable)
        if len(silent) == len(self._pool.endpoints):
            raise silent[0]

    def head(self) -> Head:
        """The newest and the newest final block, both from one node.

        Final is the node's finalised block, or by depth: with `finality_depth` confirmations.
        """
        head, endpoint = self._run(self._read_head)
        if self._is_old(head):
            # A node that stopped importing answers well for ever.
            for other in self._pool.endpoints:
                with suppress(ChainError):
                    newer, _ = self._checked(self._read_head)(other)
                    head, endpoint = (newer, other) if newer.number > head.number else (head, endpoint)
            self._pool.prefer(endpoint)
        self._newest = max(self._newest, head.number)
        return head

    def _read_head(self, endpoint: RpcEndpoint) -> tuple[Head, RpcEndpoint]:
        return read_head(endpoint, self._settings), endpoint

    def _is_old(self, head: Head) -> bool:
        lag_seconds = (datetime.now(UTC) - head.time).total_seconds()
        return head.number < self._newest or lag_seconds > self._settings.head_lag_limit_seconds

    def headers(self, numbers: Sequence[int], chain: BlockRef | None = None) -> list[Header]:
        """The headers of these blocks in this order; with `chain`, a final block, only of a node that has it."""
        if not numbers:
            return []
        return self._run(lambda endpoint: block_headers.fetch(endpoint, numbers, chain=chain))

    def headers_of(self, refs: Sequence[BlockRef]) -> list[Header]:
        """The headers of exactly these blocks, in this order."""
        if not refs:
            return []
        return self._run(lambda endpoint: block_headers.fetch_exactly(endpoint, refs))

    def block_at_or_after(self, time: datetime, low: int, high: int, chain: BlockRef | None = None) -> int:
        """The first block from `low` to `high` that is not earlier than `time`; `high` + 1 if all are earlier.

        `chain` is a final block: only a node that has it is asked.
        """

        def is_earlier(endpoint: RpcEndpoint, number: int) -> bool:
            return block_headers.fetch(endpoint, [number])[0].time < time

        def search(endpoint: RpcEndpoint) -> int:
            if chain:
                block_headers.fetch(endpoint, [], chain=chain)
            # From the end in growing steps: many nodes do not have the oldest blocks.
            first, last, step = low, high + 1, 1024
            while last - step > low:
                if is_earlier(endpoint, last - step):
                    first = last - step + 1
                    break
                last, step = last - step, 2 * step
            while first < last:
                middle = (first + last) // 2
                if is_earlier(endpoint, middle):
                    first = middle + 1
                else:
                    last = middle
            return first

        return self._run(search)

    def token_decimals(self, token: str) -> int:
        """What the contract at this canonical address says its decimals are.

        Raises:
            WrongChain: there is no such contract, or it has no decimals.
        """
        call = {"to": token, "data": _DECIMALS_CALL}
        answer = self._run(lambda endpoint: endpoint.call("eth_call", [call, "latest"]))
        word = _text(answer)
        if word is None or len(word) != 2 + 64:
            raise WrongChain(f"{self._name}: the contract {token} has no decimals", network=self._name)
        return int(word, 16)

    def backfill(
        self,
        addresses: Sequence[str],
        from_block: int,
        to_block: int,
        *,
        chain: BlockRef | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Iterator[LogBatch]:
        """Every Transfer log of the tokens that sends from or to the addresses, zero values and self transfers too.

        The batches follow one another without gap, in ascending order, and cover exactly the range. `to_block` must
        be final. Logs with fewer than three topics name no receiver and are left out.

        Args:
            addresses: watched addresses.
            from_block: first block.
            to_block: last block; nothing is yielded when it is below `from_block`.
            chain: a final block, not below the last: only a node that has it is believed.
            on_progress: called after each batch with the last block covered and `to_block`.

        Raises:
            ChainUnavailable: no node gives a usable answer; what was yielded before stays valid.
        """
        watch = self._watch(addresses, chain)
        first = from_block
        while first <= to_block:
            if watch.addresses and watch.tokens:
                batch = self._run(partial(self._next_batch, watch=watch, first=first, to_block=to_block))
            else:
                batch = LogBatch(first, to_block, pl.DataFrame(schema=TRANSFER_LOG_SCHEMA))
            yield batch
            if on_progress is not None:
                on_progress(batch.to_block, to_block)
            first = batch.to_block + 1

    def standing(self, known: Sequence[BlockRef], final: BlockRef) -> int:
        """How many of these linked blocks, from the first on, the chain that leads to the final block holds.

        Raises:
            FinalBlockChanged: not even the first.
        """
        return self._run(lambda endpoint: follow.standing(endpoint, known, final))

    def follow(
        self, known: Sequence[BlockRef], to_block: int, addresses: Sequence[str], *, unread: Sequence[str] = ()
    ) -> Segment:
        """The chain beyond its final block, linked, with the logs of the blocks that are new. All from one node.

        Args:
            known: linked blocks that were followed before, the first one final.
            to_block: the head; a node that is not so far gives what it has.
            addresses: watched addresses; their logs in the known blocks have been read, except
            unread: these of them, whose logs in the known blocks are read too.

        Raises:
            ChainUnavailable: no node gives a usable answer.
        """
        return self._run(
            lambda endpoint: self._segment(endpoint, known, to_block, self._watch(addresses), self._watch(unread))
        )

    def _segment(
        self, endpoint: RpcEndpoint, known: Sequence[BlockRef], to_block: int, watch: Watch, unread: Watch
    ) -> Segment:
        kept, headers = follow.link(endpoint, known, to_block)
        frames, read = self._logs_of(endpoint, [header.ref for header in headers], watch)
        headers = headers[:read]
        missed, read = self._logs_of(endpoint, kept[1:], unread)
        if read < len(kept) - 1:
            raise ChainUnavailable(
                f"{self._name}: the node {endpoint.name} does not have all blocks it had", network=self._name
            )
        logs = pl.DataFrame(schema=TRANSFER_LOG_SCHEMA)
        if frames or missed:
            logs = merged([*frames, *missed], watch)
            at_hand = {header.ref for header in headers}
            absent = [ref for ref in blocks_of(logs) if ref not in at_hand]
            logs = with_times(logs, [*headers, *block_headers.fetch_exactly(endpoint, absent)], watch)
        return Segment((*kept, *(header.ref for header in headers)), tuple(headers), logs)

    def _logs_of(
        self, endpoint: RpcEndpoint, blocks: Sequence[BlockRef], watch: Watch
    ) -> tuple[list[pl.DataFrame], int]:
        """The answers of as many of these blocks as the node gives, and how many those are."""
        sizer = self._sizer(endpoint)
        while True:
            queries = watch.queries(0, 0, sizer.addresses)
            if not blocks or not queries:
                return [], len(blocks)
            try:
                return follow.read_logs(endpoint, blocks, queries, self._mode)
            except RangeTooLarge as refusal:
                if not make_smaller(sizer, refusal, 0, 0, len(watch.addresses)):
                    raise

    def _next_batch(self, endpoint: RpcEndpoint, watch: Watch, first: int, to_block: int) -> LogBatch:
        try:
            return read_range(endpoint, watch, first, to_block, self._sizer(endpoint))
        except RangeTooLarge:
            del self._sizers[endpoint]  # when it is asked again, it starts afresh
            raise

    def _sizer(self, endpoint: RpcEndpoint) -> RangeSizer:
        return self._sizers.setdefault(endpoint, RangeSizer(self._settings.max_block_range))

    def _watch(self, addresses: Sequence[str], chain: BlockRef | None = None) -> Watch:
        watched = {canonical_address(self._settings.family, address) for address in addresses}
        return Watch(self._mode, self._name, self._tokens, tuple(sorted(watched)), chain)

    def _run(self, work: Callable[[RpcEndpoint], T]) -> T:
        """The result of a linked piece of work by one endpoint that serves the right chain."""
        return self._pool.run(self._checked(work))

    def _checked(self, work: Callable[[RpcEndpoint], T]) -> Callable[[RpcEndpoint], T]:
        """The work, done only where the right chain is served, with errors that name the node."""

        def checked(endpoint: RpcEndpoint) -> T:
            try:
                self._require_chain(endpoint)
                return work(endpoint)
            except DishonestAnswer as lie:
                message = f"{lie.message} ({endpoint.name})"
                raise DishonestAnswer(message, network=self._name, hint=lie.hint) from None
            except RangeTooLarge as refusal:
                # What could be asked for in smaller pieces has been; another node may take it.
                raise ChainUnavailable(refusal.message, network=self._name) from None

        return checked

    def _require_chain(self, endpoint: RpcEndpoint) -> None:
        """Check an endpoint's chain once, before its first use: one that was down at the start is checked too."""
        if endpoint in self._right_endpoints:
            return
        expected = self._settings.chain_id
        text = _text(endpoint.call("eth_chainId"))
        if text is None:
            raise DishonestAnswer(f"{self._name}: the node {endpoint.name} names no chain id", network=self._name)
        served = int(text, 16)
        if served != expected:
            raise WrongChain(
                f"{self._name}: the node {endpoint.name} serves chain {served}, but the settings say {expected}",
                network=self._name,
                hint=f"correct rpc_urls or chain_id under networks.{self._mode}.{self._name}",
            )
        self._right_endpoints.add(endpoint)


def _text(answer: msgspec.Raw) -> str | None:
    """A hexadecimal string result; None if it is something else."""
    try:
        return msgspec.json.decode(answer, type=Annotated[str, msgspec.Meta(pattern="^0x[0-9a-fA-F]+$")])
    except msgspec.MsgspecError:
        return None
