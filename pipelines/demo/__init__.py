"""Local chain nodes and traffic, for the demo and the tests.

Belongs here: starting nodes, putting tokens on them, sending transfers. Does not belong here: anything a production
run needs.
"""
