"""How moments, addresses, hashes and links are written in answers.

Belongs here: forms for people. Does not belong here: money (`money.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from pydantic import WithJsonSchema

from warehouse.domain.addresses import shown_address, shown_hash
from warehouse.settings import NetworkSettings

# A moment as text in an answer.
Moment = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time", "example": "2026-01-30T18:00:00Z"})]


def show_moment(moment: datetime) -> str:
    """UTC, cut off to whole seconds, with `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def show_moment_or_null(moment: datetime | None) -> str | None:
    """The same, and null stays null."""
    return None if moment is None else show_moment(moment)


@dataclass(frozen=True, slots=True)
class ChainView:
    """Addresses, hashes and explorer links of one mode's networks.

    A network that the settings do not know any more keeps its canonical forms and has no links.
    """

    networks: Mapping[str, NetworkSettings]

    def address(self, network: str, canonical: str | None) -> str | None:
        """EIP-55, `T…` or base58; null stays null."""
        known = self.networks.get(network)
        if canonical is None or known is None:
            return canonical
        return shown_address(known.family, canonical)

    def hash(self, network: str, canonical: str | None) -> str | None:
        """The transaction hash as explorers write it; null stays null."""
        known = self.networks.get(network)
        if canonical is None or known is None:
            return canonical
        return shown_hash(known.family, canonical)

    def transaction_link(self, network: str, canonical: str | None) -> str | None:
        """The explorer's page of a transaction, or null where no explorer is set."""
        known = self.networks.get(network)
        if canonical is None or known is None or not known.explorer_tx:
            return None
        return known.explorer_tx.replace("{hash}", shown_hash(known.family, canonical))

    def native_coin(self, network: str) -> str | None:
        """The coin that fees are paid in."""
        known = self.networks.get(network)
        return known.native_coin if known else None
