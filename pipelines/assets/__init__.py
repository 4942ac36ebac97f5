"""The steps of a pass as Dagster assets: what an operator sees. The work itself is in pipelines/refresh.py."""
