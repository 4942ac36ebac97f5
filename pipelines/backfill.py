"""`paylake backfill`: final blocks read again, compared with what is stored, and what was missing added.

Belongs here: the command. Does not: reading and storing (pipelines/ingest). It may run beside `paylake sync`.
"""

from __future__ import annotations

import stamina
from rich.console import Console

from pipelines.chains.evm import EvmSource
from pipelines.chains.rpc_pool import RpcPool
from pipelines.hand_over import HandOver
from pipelines.ingest.commit import PlanOutdated, commit
from pipelines.ingest.reread import EvmReread, Reread
from pipelines.sync import Bars
from warehouse import migrate
from warehouse.domain.networks import Family
from warehouse.errors import PaylakeError
from warehouse.lake import Lake, Write
from warehouse.publish import publish
from warehouse.settings import Mode, NetworkSettings, Settings
from warehouse.store.connection import open_store

# A sync beside it moves the head each few seconds.
_ATTEMPTS = 10


class BackfillFailed(PaylakeError):
    """The range cannot be read as asked."""

    code = "BACKFILL"


def run(settings: Settings, mode: Mode, name: str, from_block: int, to_block: int) -> int:
    """Read the range, add what was missing, publish, and say what was found.

    Returns:
        The exit code: 1 if something is stored that the node does not have.

    Raises:
        PaylakeError: the network is unknown, the range is not final, the nodes do not answer.
    """
    if to_block < from_block:
        raise BackfillFailed(f"--to-block {to_block} is below --from-block {from_block}")
    network = _network(settings, mode, name)
    console = Console(stderr=True)
    tokens = settings.tokens(network.mode, network.network)
    added, surplus = 0, 0
    with (
        Lake.open(settings.paths) as lake,
        open_store(settings) as store,
        RpcPool.from_settings(network) as pool,
        Bars(console) as bars,
    ):
        migrate.prepare(lake, settings)
        source = EvmReread(network, tokens, EvmSource(network, tokens, pool))
        first = from_block
        while first <= to_block:
            reread = source.read(lake, first, to_block, on_progress=bars.show)
            added += _commit(lake, settings, source, reread)
            surplus += reread.surplus.height
            first = reread.to_block + 1
        publish(lake)
        problems = HandOver(lake, store).run()
    console.print(f"{name} {from_block}-{to_block}: {added} transfers were missing and are added", highlight=False)
    if surplus:
        console.print(f"{surplus} stored transfers are not on this node: compare it with another", style="yellow")
    for problem in problems:
        console.print(str(problem), style="yellow", markup=False)
    return 1 if surplus or problems else 0


def _network(settings: Settings, mode: Mode, name: str) -> NetworkSettings:
    active = [network for network in settings.active_networks() if network.family is Family.EVM]
    for network in active:
        if (network.mode, network.network) == (mode, name):
            return network
    known = ", ".join(f"{network.mode} {network.network}" for network in active) or "none"
    raise BackfillFailed(f"no {mode} network {name} with rpc_urls", hint=f"there are: {known}")


@stamina.retry(on=PlanOutdated, attempts=_ATTEMPTS, wait_initial=0.1, wait_max=1.0)
def _commit(lake: Lake, settings: Settings, source: EvmReread, reread: Reread) -> int:
    """Commit what was read, as the lake is by then; how many logs were missing."""
    fetched = source.amend(lake, reread)

    def body(write: Write) -> int:
        migrate.require_same(write, settings)
        added = commit(write, fetched)
        migrate.transform(write)
        return added

    return lake.write_tx(body)
