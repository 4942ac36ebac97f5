"""Deposit addresses: the list and one address in full.

Belongs here: their routes, schemas and queries. Does not belong here: balances across addresses (`balance/`).
"""
