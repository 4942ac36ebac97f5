"""Fixtures of the ingestion tests."""

from tests.support.two_branches import branches, common_past

__all__ = ["branches", "common_past"]
