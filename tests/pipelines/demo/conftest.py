"""Fixtures of the demo's tests."""

from tests.support.anvil_fixtures import bsc_node

__all__ = ["bsc_node"]
