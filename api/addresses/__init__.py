"""Deposit addresses: the list.

Belongs here: their routes, schemas and queries. Does not belong here: balances across addresses (`balance/`).
"""
