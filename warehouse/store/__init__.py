"""The operational store: what must be decided or remembered at once, in one transaction.

Belongs here: API keys, the merchants' standing, the spendable balances, the networks' states; one file per noun over
`schema.py`. Does not
belong here: anything that can be computed from raw data (that is the lake's), and rate counters (a file of their own).
"""
