"""What a search text can stand for: addresses and hashes in their canonical forms.

Belongs here: what else than plain text a search may mean. Does not belong here: the text search itself (SQL), and
reading a text as each chain family would (`api/canonical.py`).
"""

import re
from collections.abc import Mapping

from api.canonical import address_forms, hash_forms
from api.deployment import Caller
from api.sessions.queries import TRON_DEPOSIT_ADDRESSES
from warehouse.domain.addresses import shown_address
from warehouse.domain.networks import Family

# A Tron address whatever became of its case: 34 letters and digits, the first a T.
_TRON_IN_ANY_CASE = re.compile(r"[Tt][0-9A-Za-z]{33}")


def search_terms(caller: Caller, text: str | None, families: Mapping[str, Family]) -> dict[str, object]:
    """The bound parameters of a search: the text, and the canonical addresses and hashes it may be.

    Args:
        caller: the tenant whose addresses are looked through.
        text: what was searched for.
        families: network to chain family.
    """
    addresses: set[str] = set()
    hashes: set[str] = set()
    if text is not None:
        addresses.update(address_forms(text).values())
        hashes.update(hash_forms(text).values())
        if not addresses and _TRON_IN_ANY_CASE.fullmatch(text):
            addresses.update(_tron_addresses_like(caller, text, families))
    return {
        "search": None if text is None else folded(text),
        "search_addresses": sorted(addresses),
        "search_hashes": sorted(hashes),
    }


def folded(text: str) -> str:
    """Unicode lower case, as the columns are folded in SQL: both sigmas are one, an i has no second dot."""
    return text.lower().replace("ς", "σ").replace("i̇", "i")


def _tron_addresses_like(caller: Caller, text: str, families: Mapping[str, Family]) -> list[str]:
    networks = [network for network, family in families.items() if family is Family.TRON]
    rows = caller.rows(TRON_DEPOSIT_ADDRESSES, tron_networks=networks)
    wanted = text.lower()
    return [row["address"] for row in rows if shown_address(Family.TRON, row["address"]).lower() == wanted]
