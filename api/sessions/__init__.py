"""Payment sessions: the list and one session in full.

Belongs here: their routes, schemas and queries. Does not belong here: how a session gets its status (the models).
"""
