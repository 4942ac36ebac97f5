"""One canonical form for each address and transaction hash, and the form that people see.

Belongs here: syntax and checksums per chain family. Does not belong here: whether an address is ours, or exists.

| family | canonical | shown |
|---|---|---|
| evm | `0x` and 40 lower-case hex digits | EIP-55 |
| tron | `0x` and 40 lower-case hex digits (the 20 bytes without the 0x41 prefix) | base58check, `T…` |
| solana | base58 of 32 bytes | the same |
"""

import re

import base58
from eth_utils.address import is_checksum_address, to_checksum_address

from warehouse.domain.networks import Family

_HEX_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_HEX_HASH = re.compile(r"0x[0-9a-fA-F]{64}")
_TRON_HASH = re.compile(r"(?:0x)?[0-9a-fA-F]{64}")
_BASE58 = re.compile(r"[1-9A-HJ-NP-Za-km-z]{1,100}")

_TRON_PREFIX = b"\x41"
_SOLANA_ADDRESS_BYTES = 32
_SOLANA_SIGNATURE_BYTES = 64


def canonical_address(family: Family, text: str) -> str:
    """The one form of an address that is stored and compared.

    Args:
        family: the chain family the address belongs to.
        text: the address as received.

    Raises:
        ValueError: the text is not an address of this family, or its checksum is wrong.
    """
    if family is Family.EVM:
        return _canonical_evm(text)
    if family is Family.TRON:
        return _canonical_tron(text)
    _base58_bytes(text, _SOLANA_ADDRESS_BYTES, "a Solana address")
    return text


def shown_address(family: Family, canonical: str) -> str:
    """The form of a canonical address that people see and wallets accept."""
    if family is Family.EVM:
        return to_checksum_address(canonical)
    if family is Family.TRON:
        return base58.b58encode_check(_TRON_PREFIX + bytes.fromhex(canonical[2:])).decode("ascii")
    return canonical


def canonical_hash(family: Family, text: str) -> str:
    """The one form of a transaction hash that is stored and compared: lower-case hex with `0x`, or a Solana signature.

    Raises:
        ValueError: the text is not a transaction hash of this family.
    """
    if family is Family.EVM:
        if not _HEX_HASH.fullmatch(text):
            raise ValueError("An EVM transaction hash is 0x and 64 hex digits.")
        return text.lower()
    if family is Family.TRON:
        if not _TRON_HASH.fullmatch(text):
            raise ValueError("A Tron transaction hash is 64 hex digits.")
        return "0x" + text.lower().removeprefix("0x")
    _base58_bytes(text, _SOLANA_SIGNATURE_BYTES, "a Solana transaction signature")
    return text


def shown_hash(family: Family, canonical: str) -> str:
    """The form of a transaction hash that explorers use: lower case, Tron without `0x`; Solana as it is."""
    if family is Family.SOLANA:
        return canonical
    text = canonical.lower()
    return text.removeprefix("0x") if family is Family.TRON else text


def _canonical_evm(text: str) -> str:
    if not _HEX_ADDRESS.fullmatch(text):
        raise ValueError("An EVM address is 0x and 40 hex digits.")
    digits = text[2:]
    # One case throughout carries no checksum; mixed case does, and a wrong one means a mistyped address.
    if digits not in (digits.lower(), digits.upper()) and not is_checksum_address(text):
        raise ValueError("The EVM address has a wrong checksum (EIP-55): a character is mistyped.")
    return text.lower()


def _canonical_tron(text: str) -> str:
    if _HEX_ADDRESS.fullmatch(text):
        return text.lower()
    problem = "A Tron address is 34 base58 characters that begin with T."
    if not _BASE58.fullmatch(text):
        raise ValueError(problem)
    try:
        payload = base58.b58decode_check(text)
    except ValueError:
        raise ValueError("The Tron address has a wrong checksum: a character is mistyped.") from None
    if len(payload) != 21 or payload[:1] != _TRON_PREFIX:
        raise ValueError(problem)
    return "0x" + payload[1:].hex()


def _base58_bytes(text: str, size_bytes: int, what: str) -> bytes:
    """Decode base58 text of a known length; the character check comes first because the decoder ignores spaces."""
    decoded = base58.b58decode(text) if _BASE58.fullmatch(text) else b""
    if len(decoded) != size_bytes:
        raise ValueError(f"{what[0].upper()}{what[1:]} is {size_bytes} bytes in base58.")
    return decoded
