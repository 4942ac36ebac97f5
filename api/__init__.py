"""What merchants see: the dashboard API over published segments and the operational store.

Belongs here: routes, their schemas and their queries. Does not belong here: the lake's writer, Dagster, chain clients
and signing keys.
"""
