"""How Paylake learns what happened, and how it acts: chains, gateway feed, transforms, payouts, the command line.

Belongs here: everything that reads a node or the gateway, and every process that changes the lake. Does not belong
here: what merchants see (`api`), and what both sides share (`warehouse`).
"""
