"""How each network is: read up to where, how long ago, and down since when.

Belongs here: the state of a network from what is published, what sync last found, and the clock. Does not belong here:
asking a node.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from api.health.schemas import NetworkReadiness, NetworkStateName
from api.presentation import show_moment, show_moment_or_null
from warehouse.domain.networks import MODES, network_rank
from warehouse.manifest import Head
from warehouse.settings import NetworkSettings, Settings
from warehouse.store.network_states import NetworkState

Key = tuple[str, str]

# Sync writes that it found nothing new only now and then.
_CHECK_GRACE_SECONDS = 60.0


def network_items(
    settings: Settings, heads: Iterable[Head], states: Mapping[Key, NetworkState], now: datetime
) -> list[NetworkReadiness]:
    """Every network that is set up here or published: live before test, then in the order of networks."""
    head_of = {(head.mode, head.network): head for head in heads}
    known = {(mode, name): network for mode in MODES for name, network in settings.networks[mode].items()}
    keys = {(network.mode, network.network) for network in settings.active_networks()} | (known.keys() & head_of.keys())
    ordered = sorted(keys, key=lambda key: (MODES.index(key[0]), network_rank(key[1])))
    return [_item(known[key], head_of.get(key), states.get(key), now) for key in ordered]


def _item(network: NetworkSettings, head: Head | None, state: NetworkState | None, now: datetime) -> NetworkReadiness:
    return NetworkReadiness(
        mode=network.mode,
        network=network.network,
        state=_state(network, head, state, now),
        head_block=head.head_block if head else None,
        head_time=show_moment(head.head_time) if head else None,
        lag_seconds=int(_seconds(head.head_time, now)) if head else None,
        problem_code=state.problem_code if state else None,
        since=show_moment_or_null(state.problem_since) if state else None,
    )


def _state(network: NetworkSettings, head: Head | None, state: NetworkState | None, now: datetime) -> NetworkStateName:
    if state and state.problem_code:
        return "down"
    if head is None:
        return "waiting"
    limit = network.head_lag_limit_seconds
    is_unwatched = (
        state is None or _seconds(state.checked_at, now) > limit + network.poll_seconds + _CHECK_GRACE_SECONDS
    )
    return "lagging" if is_unwatched or _seconds(head.head_time, now) > limit else "ok"


def _seconds(moment: datetime, now: datetime) -> float:
    return max(0.0, (now - moment).total_seconds())
