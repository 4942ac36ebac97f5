"""Whether the API runs and has something to show.

Belongs here: probes for operators and load balancers. Does not belong here: anything of a merchant.
"""
