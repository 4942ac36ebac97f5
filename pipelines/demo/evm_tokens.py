"""Contracts on a local EVM node: tokens at any address, an NFT, a payer of many. And the calls of their functions.

Belongs here: creating and placing a contract, and transactions to it. Does not belong here: which tokens there really
are (`real_tokens.py`), the node (`anvil.py`), who pays whom.

`contracts.json` holds what solc makes of `contracts/*.sol`; `tools/compile_contracts.sh` writes it anew.
"""

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Literal

from pipelines.demo.anvil import Anvil, Transaction
from warehouse.errors import ChainError

Contract = Literal["TestToken", "SilentToken", "TestNft", "BulkPayer"]

# The first dev account of every anvil.
DEPLOYER = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
# One transaction may use 2^24 gas (EIP-7825).
BULK_PAYMENTS_MAX = 500
# Storage of the tokens: name, symbol. Decimals are immutable, so they are in the code.
_NAME_SLOTS = (0, 1)
_MINT = "0x40c10f19"  # mint(address,uint256), of tokens and the NFT
_TRANSFER = "0xa9059cbb"  # transfer(address,uint256)
_TRANSFER_FROM = "0x23b872dd"  # transferFrom(address,address,uint256)
_APPROVE = "0x095ea7b3"  # approve(address,uint256)
_PAY = "0x95ecdced"  # pay(address,address[],uint256[])
_PAY_TYPED = "0xc8c37c2b"  # payTyped(address,address[],uint256[])
_CREATION_GAS = 5_000_000
_TRANSACTION_GAS_MAX = 2**24


def place_token(node: Anvil, address: str, *, name: str, symbol: str, decimals: int, returns_bool: bool = True) -> None:
    """Put a token that anybody may mint at an address, with no supply. Mines one block.

    It is created elsewhere, then its code (decimals are part of it) and its names are copied.

    Args:
        node: a running node.
        address: where the token shall be, such as the real contract's address.
        name: its name.
        symbol: its symbol.
        decimals: what its `decimals()` answers.
        returns_bool: whether `transfer`, `transferFrom` and `approve` say true, as ERC-20 wants, or nothing, as
            Tether's contract on Ethereum.
    """
    created = deploy_token(node, name=name, symbol=symbol, decimals=decimals, returns_bool=returns_bool)
    words = node.batch([("eth_getStorageAt", [created, hex(slot), "latest"]) for slot in _NAME_SLOTS])
    _copy_code(node, created, address)
    node.batch(
        [("anvil_setStorageAt", [address, hex(slot), word]) for slot, word in zip(_NAME_SLOTS, words, strict=True)]
    )


def deploy_token(node: Anvil, *, name: str, symbol: str, decimals: int, returns_bool: bool = True) -> str:
    """Create a token with no supply at an address of its own, lower case. Mines one block.

    Raises:
        ChainError: the node does not create it.
    """
    contract = "TestToken" if returns_bool else "SilentToken"
    return _create(node, contract, _encode_creation(name, symbol, decimals))


def place_nft(node: Anvil, address: str) -> None:
    """Put an ERC-721 token that anybody may mint at an address. Mines one block."""
    _copy_code(node, _create(node, "TestNft"), address)


def place_bulk_payer(node: Anvil, address: str) -> None:
    """Put a contract that pays many at once at an address. Mines one block."""
    _copy_code(node, _create(node, "BulkPayer"), address)


def minting(token: str, to: str, base_units: int) -> Transaction:
    """A transaction that creates base units of a token for an account; of an NFT, the one with this number."""
    return Transaction(DEPLOYER, token, _MINT + _address(to) + _word(base_units))


def transfer(token: str, sender: str, to: str, base_units: int) -> Transaction:
    """A transaction that moves base units of a token from one account to another."""
    return Transaction(sender, token, _TRANSFER + _address(to) + _word(base_units))


def transfer_from(token: str, spender: str, owner: str, to: str, base_units: int) -> Transaction:
    """A transaction in which a spender moves an owner's base units; an owner their NFT with this number."""
    return Transaction(spender, token, _TRANSFER_FROM + _address(owner) + _address(to) + _word(base_units))


def approval(token: str, owner: str, spender: str, base_units: int) -> Transaction:
    """A transaction that lets a spender move an owner's base units."""
    return Transaction(owner, token, _APPROVE + _address(spender) + _word(base_units))


def bulk_payment(payer: str, token: str, payments: Sequence[tuple[str, int]], *, typed: bool = False) -> Transaction:
    """One transaction that makes many transfers out of what a bulk payer holds: mint to its address first.

    Args:
        payer: a contract placed by `place_bulk_payer`.
        token: what is paid.
        payments: receivers and base units, at most `BULK_PAYMENTS_MAX`.
        typed: whether the payer insists on a token that returns true.
    """
    if len(payments) > BULK_PAYMENTS_MAX:
        raise ValueError(f"{len(payments)} payments do not fit into one transaction, {BULK_PAYMENTS_MAX} do")
    count = _word(len(payments))
    receivers = count + "".join(_address(receiver) for receiver, _ in payments)
    amounts = count + "".join(_word(base_units) for _, base_units in payments)
    offsets = _word(3 * 32) + _word(3 * 32 + len(receivers) // 2)
    data = (_PAY_TYPED if typed else _PAY) + _address(token) + offsets + receivers + amounts
    return Transaction(DEPLOYER, payer, data, gas=_TRANSACTION_GAS_MAX)


def _create(node: Anvil, contract: Contract, arguments: str = "") -> str:
    """Create a contract at an address of its own, lower case."""
    node.rpc("anvil_setBalance", DEPLOYER, hex(10**21))
    fields = {"from": DEPLOYER, "data": _creation_codes()[contract] + arguments, "gas": hex(_CREATION_GAS)}
    tx_hash = node.rpc("eth_sendTransaction", fields)
    node.mine()
    receipt = node.rpc("eth_getTransactionReceipt", tx_hash)
    if receipt is None or receipt["status"] != "0x1":
        raise ChainError(f"anvil: the contract {contract} could not be created", network="anvil")
    return receipt["contractAddress"].lower()


def _copy_code(node: Anvil, created: str, address: str) -> None:
    node.rpc("anvil_setCode", address, node.rpc("eth_getCode", created, "latest"))


@cache
def _creation_codes() -> dict[str, str]:
    return json.loads(files("pipelines.demo").joinpath("contracts.json").read_text())["creation_code"]


def _encode_creation(name: str, symbol: str, decimals: int) -> str:
    """The arguments of a token's constructor (name, symbol, decimals, supply) in the ABI's encoding."""
    texts = []
    for text in (name, symbol):
        raw = text.encode()
        if len(raw) >= 32:
            # A longer one would not be in one storage slot, so it could not be copied.
            raise ValueError(f"{text} is longer than 31 bytes")
        texts.append(_word(len(raw)) + raw.ljust(32, b"\0").hex())
    return _word(4 * 32) + _word(6 * 32) + _word(decimals) + _word(0) + "".join(texts)


def _address(address: str) -> str:
    return _word(int(address, 16))


def _word(number: int) -> str:
    return f"{number:064x}"
