"""Blockchain transactions: the list.

Belongs here: their routes, schemas and queries. Does not belong here: the item (`api/transfers.py`), and how a transfer
gets its type and its session (the models).
"""
