"""Plugins every test may use."""

pytest_plugins = ["tests.evidence", "tests.support.anvil_fixtures"]
