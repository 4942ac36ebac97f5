"""What Paylake knows: types, columns, settings and storage.

Belongs here: what both the pipelines and the API need. Does not belong here: Dagster, FastAPI, web3, or anything that
talks to a chain or to the gateway.
"""
