"""What the chains say: one source per family of chains.

Belongs here: asking nodes, checking and decoding their answers. Does not belong here: storing them
(`pipelines/ingest`), paying out (`pipelines/payouts`), what a transfer means (the SQL models).
"""
