"""Networks have a fixed order; tokens are known by their contract."""

import pytest

from warehouse.domain.networks import NETWORK_ORDER, network_rank
from warehouse.domain.tokens import Token


def test_known_networks_come_in_their_order_and_others_after_them_by_name() -> None:
    assert sorted(["ZZZ", "SOL", "AAA", "BSC", "TRX"], key=network_rank) == ["BSC", "TRX", "SOL", "AAA", "ZZZ"]
    assert NETWORK_ORDER[0] == "BSC"


def test_a_token_cannot_be_changed() -> None:
    token = Token("live", "ETH", "USDT", "0xdac17f958d2ee523a2206206994597c13d831ec7", 6)
    with pytest.raises(AttributeError):
        token.decimals = 18  # ty: ignore[invalid-assignment]
