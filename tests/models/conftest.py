"""Worlds the tests of models start from."""

import pytest

from tests.support.models import ModelWorld


@pytest.fixture
def world() -> ModelWorld:
    """Nothing has happened yet; USDT and USDC on BSC (18 decimals) and ETH (6), three confirmations asked for."""
    return ModelWorld()


@pytest.fixture
def shop(world: ModelWorld) -> ModelWorld:
    """mer_1 owns address 1 (USDT on BSC); session 1 asks for 100 USDT until minute 15 and holds it from minute 1."""
    world.address(1, -5)
    world.session(1, 0, amount="100", expires=15)
    world.assign(1, 1, 1)
    return world
