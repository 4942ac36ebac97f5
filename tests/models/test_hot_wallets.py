"""marts.hot_wallets: where sweeps of a mode and network go now."""

from tests.support.models import HOT_WALLET, ModelWorld, minute

HOT_WALLETS = "marts.hot_wallets"
OTHER = "0x" + "dd" * 20


def test_r26_the_latest_registered_is_the_one_shown_in_whatever_order_they_arrive(world: ModelWorld) -> None:
    world.hot_wallet(9)
    world.refresh()
    world.hot_wallet(4, OTHER)
    world.refresh()
    assert world.row(HOT_WALLETS) == {
        "mode": "live",
        "network": "BSC",
        "address": HOT_WALLET,
        "registered_at": minute(9),
    }


def test_r26_registered_again_a_wallet_is_the_latest_again(world: ModelWorld) -> None:
    for at, wallet in ((1, HOT_WALLET), (2, OTHER), (3, HOT_WALLET)):
        world.hot_wallet(at, wallet)
        world.refresh()
    assert world.row(HOT_WALLETS, "address, registered_at") == {"address": HOT_WALLET, "registered_at": minute(3)}


def test_of_two_registered_at_one_time_the_later_event_id_counts(world: ModelWorld) -> None:
    for event_id, wallet in (("evt_b", OTHER), ("evt_a", HOT_WALLET)):
        data = {"network": "BSC", "address": wallet}
        world.event("hot_wallet.registered", 1, data, merchant=None, event_id=event_id)
    world.refresh()
    assert world.row(HOT_WALLETS, "address") == {"address": OTHER}


def test_every_mode_and_network_has_its_own(world: ModelWorld) -> None:
    world.hot_wallet(1)
    world.hot_wallet(2, OTHER, network="ETH")
    data = {"network": "BSC", "address": OTHER}
    world.event("hot_wallet.registered", 3, data, merchant=None, mode="test")
    world.refresh()
    rows = world.rows(HOT_WALLETS, "mode, network, address")
    assert [tuple(row.values()) for row in rows] == [
        ("live", "BSC", HOT_WALLET),
        ("live", "ETH", OTHER),
        ("test", "BSC", OTHER),
    ]
