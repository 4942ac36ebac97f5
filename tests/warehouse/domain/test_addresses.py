"""Addresses and hashes: one canonical form, checksums enforced, the shown form is what wallets accept."""

import pytest

from warehouse.domain.addresses import canonical_address, canonical_hash, shown_address, shown_hash
from warehouse.domain.networks import Family

EVM_SHOWN = "0x55d398326f99059fF775485246999027B3197955"
TRON_SHOWN = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
TRON_HEX = "0xa614f803b6fd780986a42c78ec9c7f77e6ded13c"
SOLANA = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
SIGNATURE = "5VERv8NMvzbJMEkV8xnrLkEaWRtSz9CosKDYjCJjBRnbJLgp8uirBgmQpjKhoR4tjF3ZpRzrFmBV6UjKdiSZkQUW"


@pytest.mark.parametrize("text", [EVM_SHOWN, EVM_SHOWN.lower(), "0x" + EVM_SHOWN[2:].upper()])
def test_an_evm_address_in_any_valid_case_is_one_address(text: str) -> None:
    assert canonical_address(Family.EVM, text) == EVM_SHOWN.lower()


def test_an_evm_address_is_shown_with_its_checksum() -> None:
    assert shown_address(Family.EVM, EVM_SHOWN.lower()) == EVM_SHOWN


def test_a_mistyped_mixed_case_evm_address_is_refused() -> None:
    with pytest.raises(ValueError, match="checksum"):
        canonical_address(Family.EVM, EVM_SHOWN.replace("fF", "ff"))


@pytest.mark.parametrize("text", [TRON_SHOWN, TRON_HEX, "0x" + TRON_HEX[2:].upper()])
def test_a_tron_address_in_either_form_is_one_address(text: str) -> None:
    assert canonical_address(Family.TRON, text) == TRON_HEX


def test_a_tron_address_is_shown_in_base58() -> None:
    assert shown_address(Family.TRON, TRON_HEX) == TRON_SHOWN


def test_a_mistyped_tron_address_is_refused() -> None:
    with pytest.raises(ValueError, match="checksum"):
        canonical_address(Family.TRON, TRON_SHOWN[:-1] + "u")


def test_a_base58check_address_of_another_chain_is_not_a_tron_address() -> None:
    with pytest.raises(ValueError, match="begin with T"):
        canonical_address(Family.TRON, "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2")


def test_a_solana_address_stays_as_it_is() -> None:
    assert canonical_address(Family.SOLANA, SOLANA) == SOLANA
    assert shown_address(Family.SOLANA, SOLANA) == SOLANA


@pytest.mark.parametrize(
    ("family", "text"),
    [
        (Family.EVM, ""),
        (Family.EVM, EVM_SHOWN[:-1]),
        (Family.EVM, EVM_SHOWN[2:]),
        (Family.EVM, "0X" + EVM_SHOWN[2:].lower()),
        (Family.EVM, EVM_SHOWN.lower() + "\n"),
        (Family.EVM, TRON_SHOWN),
        (Family.TRON, ""),
        (Family.TRON, " " + TRON_SHOWN),
        (Family.TRON, "T" + "1" * 33),
        (Family.TRON, SOLANA),
        (Family.SOLANA, ""),
        (Family.SOLANA, SOLANA + " "),
        (Family.SOLANA, SOLANA[:-2]),
        (Family.SOLANA, SOLANA.replace("E", "0")),
        (Family.SOLANA, EVM_SHOWN),
        (Family.SOLANA, "1" * 5000),
    ],
)
def test_what_is_not_an_address_of_the_family_is_refused(family: Family, text: str) -> None:
    with pytest.raises(ValueError, match="address"):
        canonical_address(family, text)


def test_a_tron_hash_is_stored_with_0x_and_shown_without() -> None:
    canonical = canonical_hash(Family.TRON, "AB" * 32)
    assert canonical == "0x" + "ab" * 32
    assert canonical_hash(Family.TRON, canonical) == canonical
    assert shown_hash(Family.TRON, canonical) == "ab" * 32


def test_an_evm_hash_is_lower_case_and_shown_as_stored() -> None:
    canonical = canonical_hash(Family.EVM, "0x" + "AB" * 32)
    assert canonical == shown_hash(Family.EVM, canonical) == "0x" + "ab" * 32


def test_a_solana_signature_keeps_its_case() -> None:
    assert canonical_hash(Family.SOLANA, SIGNATURE) == SIGNATURE
    assert shown_hash(Family.SOLANA, SIGNATURE) == SIGNATURE


@pytest.mark.parametrize(
    ("family", "stored", "shown"),
    [
        (Family.EVM, "0x" + "AB" * 32, "0x" + "ab" * 32),
        (Family.TRON, "0x" + "AB" * 32, "ab" * 32),
        (Family.TRON, "AB" * 32, "ab" * 32),
        (Family.SOLANA, SIGNATURE, SIGNATURE),
    ],
)
def test_a_hash_stored_in_upper_case_is_shown_lower_case_where_case_means_nothing(
    family: Family, stored: str, shown: str
) -> None:
    assert shown_hash(family, stored) == shown


@pytest.mark.parametrize(
    ("family", "text"),
    [(Family.EVM, "ab" * 32), (Family.EVM, "0x" + "ab" * 31), (Family.TRON, "0x" + "zz" * 32), (Family.SOLANA, SOLANA)],
)
def test_what_is_not_a_hash_of_the_family_is_refused(family: Family, text: str) -> None:
    with pytest.raises(ValueError, match=r"hash|signature"):
        canonical_hash(family, text)
