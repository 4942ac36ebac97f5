"""Balances and earnings of a merchant.

Belongs here: their routes, schemas and queries. Does not belong here: single addresses (`addresses/`).
"""
