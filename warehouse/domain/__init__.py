"""The words of the trade: networks, tokens, addresses, money.

Belongs here: pure functions and values (standard library, eth-utils, base58). Does not belong here: input and output,
the clock, settings, and any engine.
"""
