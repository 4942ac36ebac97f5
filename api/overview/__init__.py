"""The merchant's dashboard at a glance.

Belongs here: its route, schemas and queries. Does not belong here: details of any figure (the other resources).
"""
