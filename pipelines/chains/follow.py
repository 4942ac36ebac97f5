"""The newest blocks of an EVM chain: linked by parent hashes, their logs asked for by block hash.

Belongs here: what one node is asked about blocks that may still be replaced. Does not belong here: which node
(`evm.py`), final blocks (`EvmSource.backfill`), what was ingested before (`pipelines/ingest`).

A range by number at the head answers from whatever chain the node is on at that moment, and beyond its head with [].
Blocks linked by hash, with logs of exactly these blocks, leave neither gaps nor phantoms.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from pipelines.chains.decode import DishonestAnswer, LogQuery, decode_logs, require_asked
from pipelines.chains.headers import BATCH, BlockRef, Header, by_hash, fetch, look_up
from pipelines.chains.headers import decode as decode_header
from pipelines.chains.rpc import RpcEndpoint
from warehouse.errors import ChainUnavailable, FinalBlockChanged, RangeTooLarge

# Nodes take requests of 2 MB and more; an address takes 69 bytes of one.
_ADDRESSES_PER_REQUEST = 10_000


@dataclass(frozen=True, slots=True)
class Segment:
    """The newest blocks of one chain, as one node links them.

    Attributes:
        blocks: each the child of the one before; the first is the final block it was asked to start from.
        headers: of those blocks that were not known before, in order.
        logs: Transfer logs of watched addresses in these blocks, as `LogBatch.frame`.
    """

    blocks: tuple[BlockRef, ...]
    headers: tuple[Header, ...]
    logs: pl.DataFrame


def standing(endpoint: RpcEndpoint, known: Sequence[BlockRef], final: BlockRef) -> int:
    """How many of these linked blocks, from the first on, the chain that leads to the final block holds.

    Raises:
        FinalBlockChanged: not even the first.
        DishonestAnswer: the node is on another chain than the final block.
    """
    for end in range(len(known), 0, -1):
        (header,) = fetch(endpoint, [known[end - 1].number], chain=final)
        if header.hash == known[end - 1].hash:
            return end
    raise _final_block_changed(endpoint, known[0])


def link(endpoint: RpcEndpoint, known: Sequence[BlockRef], to_block: int) -> tuple[list[BlockRef], list[Header]]:
    """The known blocks that stand, and the headers that follow them up to a block.

    A node that does not have the newest known blocks, but has the others as they are known, is behind: it says
    nothing against them, and they stand.

    Args:
        endpoint: the node.
        known: linked blocks, the first one final.
        to_block: how far to go, if the node's chain goes so far.

    Raises:
        FinalBlockChanged: the node's chain has another block in place of the first.
    """
    last = known[-1].number
    first_look = look_up(endpoint, range(last, max(last, to_block) + 1))
    kept = len(known)
    if first_look[0] is None or first_look[0].ref != known[-1]:
        kept = _fork(endpoint, known)
        first_look = look_up(endpoint, range(known[kept - 1].number, max(last, to_block) + 1))
    if kept == len(known) and first_look[0] is None:
        return list(known), []  # behind
    if first_look[0] is None or first_look[0].ref != known[kept - 1]:
        raise _changed_meanwhile(endpoint)
    headers: list[Header] = []
    parent = known[kept - 1].hash
    for header in first_look[1:]:
        if header is None or header.parent_hash != parent:
            break
        headers.append(header)
        parent = header.hash
    if kept < len(known) and not headers:
        # What left the chain was replaced by something: without it, this is not one node's view.
        raise _changed_meanwhile(endpoint)
    return list(known[:kept]), headers


def _fork(endpoint: RpcEndpoint, known: Sequence[BlockRef]) -> int:
    """How many of the known blocks stand against what the node has in their places."""
    kept = len(known)
    for end in range(len(known), 0, -BATCH):
        start = max(0, end - BATCH)
        found = look_up(endpoint, [ref.number for ref in known[start:end]])
        for place in reversed(range(start, end)):
            header = found[place - start]
            if header is None:
                continue  # the node says nothing about this height
            if header.ref == known[place]:
                return kept
            kept = place
    if kept == 0:
        raise _final_block_changed(endpoint, known[0])
    raise ChainUnavailable(
        f"{endpoint.network}: the node {endpoint.name} is behind the final block {known[0].number}",
        network=endpoint.network,
    )


def read_logs(
    endpoint: RpcEndpoint, blocks: Sequence[BlockRef], queries: Sequence[LogQuery], mode: str
) -> tuple[list[pl.DataFrame], int]:
    """The answers to the queries for each of these blocks by its hash, and how many of the blocks were read.

    The header of the newest block of each request is asked for by hash in it: a node that does not know that block
    may say [], which is not "no logs". When the node fails after some blocks, those are kept.

    Args:
        endpoint: the node that gave the blocks.
        blocks: linked, ascending.
        queries: their range is replaced by each block.
        mode: `live` or `test`.

    Raises:
        RangeTooLarge: the node finds even one query too large.
        ChainUnavailable: not even the first block could be read.
    """
    asked = [
        replace(query, from_block=ref.number, to_block=ref.number, block_hash=ref.hash)
        for ref in blocks
        for query in queries
    ]
    frames: list[pl.DataFrame] = []
    widest = max((len(query.watched) for query in queries), default=1)
    size = max(1, min(BATCH - 1, _ADDRESSES_PER_REQUEST // widest))
    while len(frames) < len(asked):
        some = asked[len(frames) : len(frames) + size]
        try:
            frames += _answers(endpoint, some, mode)
        except RangeTooLarge as refusal:
            if len(some) == 1 or refusal.details.get("narrow"):
                raise
            size = len(some) // 2
        except ChainUnavailable:
            if len(frames) < len(queries):
                raise
            break
    read = len(frames) // len(queries) if queries else len(blocks)
    return frames[: read * len(queries)], read


def _answers(endpoint: RpcEndpoint, queries: Sequence[LogQuery], mode: str) -> list[pl.DataFrame]:
    newest = queries[-1]
    ref = BlockRef(newest.to_block, newest.block_hash or "")
    calls = [by_hash(ref), *(("eth_getLogs", [query.filter()]) for query in queries)]
    header, *answers = endpoint.batch(calls)
    if decode_header(header, network=endpoint.network).ref != ref:
        raise DishonestAnswer(
            f"{endpoint.network}: the node sends another block when asked for {ref.hash}", network=endpoint.network
        )
    frames = []
    for query, answer in zip(queries, answers, strict=True):
        frame = decode_logs(answer, mode=mode, network=endpoint.network)
        require_asked(frame, query, endpoint.network)
        frames.append(frame)
    return frames


def _changed_meanwhile(endpoint: RpcEndpoint) -> ChainUnavailable:
    return ChainUnavailable(
        f"{endpoint.network}: the node {endpoint.name} changed its chain while it was asked", network=endpoint.network
    )


def _final_block_changed(endpoint: RpcEndpoint, final: BlockRef) -> FinalBlockChanged:
    return FinalBlockChanged(
        f"{endpoint.network}: the block {final.number} was final as {final.hash}, "
        f"but the node {endpoint.name} has another in its place",
        network=endpoint.network,
        hint="compare with other nodes; if the node is right, start over with an empty data_dir",
    )
