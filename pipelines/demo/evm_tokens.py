"""Token contracts on a local EVM node, at the addresses of the real ones.

Belongs here: placing a token and the calls of its functions. Does not belong here: the node (`anvil.py`), who pays
whom.

`contracts.json` holds the creation code of `TestToken`, an ERC-20 with open `mint` (no owner check) and decimals given
at creation: 51 lines of Solidity in the project's research material (chainnet/TestToken.sol, MIT), compiled with solc
0.8.37.
"""

import json
from functools import cache
from importlib.resources import files

from pipelines.demo.anvil import Anvil, Transaction
from warehouse.errors import ChainError

# The first dev account of every anvil.
DEPLOYER = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
# Storage of TestToken: name, symbol, total supply. Decimals are immutable, so they are in the code.
_NAME_SLOTS = (0, 1)
_MINT = "0x40c10f19"  # mint(address,uint256)
_TRANSFER = "0xa9059cbb"  # transfer(address,uint256)
_CREATION_GAS = 5_000_000


def place_token(node: Anvil, address: str, *, name: str, symbol: str, decimals: int) -> None:
    """Put a TestToken at an address, with no supply. Mines one block.

    It is created elsewhere, then its code (decimals are part of it) and its names are copied.

    Args:
        node: a running node.
        address: where the token shall be, such as the real contract's address.
        name: its name.
        symbol: its symbol.
        decimals: what its `decimals()` answers.
    """
    created = deploy_token(node, name=name, symbol=symbol, decimals=decimals)
    code = node.rpc("eth_getCode", created, "latest")
    words = node.batch([("eth_getStorageAt", [created, hex(slot), "latest"]) for slot in _NAME_SLOTS])
    node.rpc("anvil_setCode", address, code)
    node.batch(
        [("anvil_setStorageAt", [address, hex(slot), word]) for slot, word in zip(_NAME_SLOTS, words, strict=True)]
    )


def deploy_token(node: Anvil, *, name: str, symbol: str, decimals: int) -> str:
    """Create a TestToken with no supply at an address of its own, lower case. Mines one block.

    Raises:
        ChainError: the node does not create it.
    """
    arguments = _encode_creation(name, symbol, decimals)
    node.rpc("anvil_setBalance", DEPLOYER, hex(10**21))
    fields = {"from": DEPLOYER, "data": _creation_code() + arguments, "gas": hex(_CREATION_GAS)}
    tx_hash = node.rpc("eth_sendTransaction", fields)
    node.mine()
    receipt = node.rpc("eth_getTransactionReceipt", tx_hash)
    if receipt is None or receipt["status"] != "0x1":
        raise ChainError(f"anvil: the token {symbol} could not be created", network="anvil")
    return receipt["contractAddress"].lower()


def minting(token: str, to: str, base_units: int) -> Transaction:
    """A transaction that creates base units of a TestToken for an account."""
    return Transaction(DEPLOYER, token, _MINT + _word(int(to, 16)) + _word(base_units))


def transfer(token: str, sender: str, to: str, base_units: int) -> Transaction:
    """A transaction that moves base units of a token from one account to another."""
    return Transaction(sender, token, _TRANSFER + _word(int(to, 16)) + _word(base_units))


@cache
def _creation_code() -> str:
    contracts = json.loads(files("pipelines.demo").joinpath("contracts.json").read_text())
    return contracts["TestToken"]["creation_code"]


def _encode_creation(name: str, symbol: str, decimals: int) -> str:
    """The arguments of TestToken's constructor (string, string, uint8, uint256 supply) in the ABI's encoding."""
    texts = []
    for text in (name, symbol):
        raw = text.encode()
        if len(raw) >= 32:
            # A longer one would not be in one storage slot, so it could not be copied.
            raise ValueError(f"{text} is longer than 31 bytes")
        texts.append(_word(len(raw)) + raw.ljust(32, b"\0").hex())
    return _word(4 * 32) + _word(6 * 32) + _word(decimals) + _word(0) + "".join(texts)


def _word(number: int) -> str:
    return f"{number:064x}"
