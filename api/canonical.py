"""Addresses and hashes as callers write them, in the one form they are stored in.

Belongs here: reading a text as each chain family would. Does not belong here: looking it up.
"""

from collections.abc import Callable, Mapping

from warehouse.domain.addresses import canonical_address, canonical_hash
from warehouse.domain.networks import Family


def address_forms(text: str) -> dict[Family, str]:
    """Family → canonical form, for each family of which the text can be an address."""
    return _forms(canonical_address, text)


def hash_forms(text: str) -> dict[Family, str]:
    """Family → canonical form, for each family of which the text can be a transaction hash."""
    return _forms(canonical_hash, text)


def networks_of(forms: Mapping[Family, str], families: Mapping[str, Family]) -> list[str]:
    """The networks on which one of these forms can be found.

    Args:
        forms: what a text can stand for.
        families: network to chain family.
    """
    return [network for network, family in families.items() if family in forms]


def _forms(parse: Callable[[Family, str], str], text: str) -> dict[Family, str]:
    found: dict[Family, str] = {}
    for family in Family:
        # Hex in mixed case may carry a checksum, which a look-up must not insist on.
        is_hex = family in (Family.EVM, Family.TRON) and text[:2].lower() == "0x"
        try:
            found[family] = parse(family, text.lower() if is_hex else text)
        except ValueError:
            continue
    return found
