"""The contracts on the local node do what the real ones do."""

import pytest

from pipelines.demo.anvil import Anvil
from pipelines.demo.evm_tokens import (
    BULK_PAYMENTS_MAX,
    approval,
    bulk_payment,
    minting,
    transfer,
    transfer_from,
)
from pipelines.demo.real_tokens import look_alikes, real_tokens
from tests.support.anvil_fixtures import BULK_PAYER, NFT
from tests.support.node_oracle import all_transfers, node_says
from warehouse.errors import ChainError

ALICE, BOB, CAROL = "0x" + "a1" * 20, "0x" + "b2" * 20, "0x" + "c3" * 20
ETH_USDT, ETH_USDC = (real_tokens("ETH")[currency].address for currency in ("USDT", "USDC"))
NO_WORD, TRUE = "0x", "0x" + "1".zfill(64)
TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"

pytestmark = pytest.mark.chain


def text_of(node: Anvil, token: str, function: str) -> str:
    answer = bytes.fromhex(node.rpc("eth_call", {"to": token, "data": function}, "latest")[2:])
    return answer[64 : 64 + int.from_bytes(answer[32:64])].decode()


@pytest.mark.parametrize("network", ["BSC", "ETH", "POL"])
def test_each_token_has_the_name_of_the_real_one(make_node, network):
    node = make_node(network)
    for token in (*real_tokens(network).values(), *look_alikes(network).values()):
        assert (text_of(node, token.address, "0x06fdde03"), text_of(node, token.address, "0x95d89b41")) == (
            token.name,
            token.symbol,
        )


@pytest.mark.parametrize(("token", "answer"), [(ETH_USDT, NO_WORD), (ETH_USDC, TRUE)])
def test_usdt_on_ethereum_returns_nothing(make_node, token, answer):
    node = make_node("ETH")
    node.send_and_mine([minting(token, ALICE, 1000), approval(token, ALICE, BOB, 10)])
    calls = [
        transfer(token, ALICE, BOB, 1),
        transfer_from(token, BOB, ALICE, CAROL, 10),
        approval(token, ALICE, CAROL, 5),
    ]
    for call in calls:
        assert node.rpc("eth_call", {"from": call.sender, "to": token, "data": call.data}, "latest") == answer
    node.send_and_mine(calls)
    told = [(one.sender, one.receiver, one.amount) for one in all_transfers(node.url) if one.token == token]
    assert told[-2:] == [(ALICE, BOB, 1), (ALICE, CAROL, 10)]


def test_a_contract_that_expects_a_bool_cannot_pay_with_usdt_on_ethereum(make_node):
    node = make_node("ETH")
    node.send_and_mine([minting(token, BULK_PAYER, 10) for token in (ETH_USDT, ETH_USDC)])
    node.send_and_mine([bulk_payment(BULK_PAYER, ETH_USDC, [(BOB, 3)], typed=True)])
    node.send_and_mine([bulk_payment(BULK_PAYER, ETH_USDT, [(BOB, 4)])])
    with pytest.raises(ChainError, match="failed"):
        node.send_and_mine([bulk_payment(BULK_PAYER, ETH_USDT, [(BOB, 5)], typed=True)])
    assert [one.amount for one in all_transfers(node.url) if one.receiver == BOB] == [3, 4]


def test_usdt_on_ethereum_refuses_as_tethers_contract_does(make_node):
    node = make_node("ETH")
    node.send_and_mine([minting(ETH_USDT, ALICE, 10), approval(ETH_USDT, ALICE, BOB, 2**256 - 1)])
    refused = [
        transfer(ETH_USDT, ALICE, BOB, 11),
        transfer_from(ETH_USDT, CAROL, ALICE, CAROL, 1),
        approval(ETH_USDT, ALICE, BOB, 7),
    ]
    for transaction in refused:
        with pytest.raises(ChainError, match="failed"):
            node.send_and_mine([transaction])
    # An endless allowance is not used up, and can be taken back and given anew.
    node.send_and_mine([transfer_from(ETH_USDT, BOB, ALICE, BOB, 1) for _ in range(2)])
    node.send_and_mine([approval(ETH_USDT, ALICE, BOB, 0), approval(ETH_USDT, ALICE, BOB, 7)])


def test_an_nft_moves_with_four_topics_and_no_data(make_node):
    node = make_node("POL")
    node.send_and_mine([minting(NFT, ALICE, 77), transfer_from(NFT, ALICE, ALICE, BOB, 77)])
    logs = node_says(node.url, "eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest", "address": NFT})
    assert [(log["topics"][0], len(log["topics"]), int(log["topics"][3], 16), log["data"]) for log in logs] == [
        (TRANSFER, 4, 77, "0x")
    ] * 2
    with pytest.raises(ChainError, match="failed"):
        node.send_and_mine([minting(NFT, CAROL, 77)])


@pytest.mark.parametrize("network", ["BSC", "ETH"])
def test_many_transfers_fit_into_one_transaction(make_node, network):
    node, token = make_node(network), real_tokens(network)["USDT"].address
    payments = [(f"0x{0xFFFFFFFFFFFF << 112 | number:040x}", 2**96 + number) for number in range(BULK_PAYMENTS_MAX)]
    node.send_and_mine([minting(token, BULK_PAYER, 2**128)])
    receipt = node.send_and_mine([bulk_payment(BULK_PAYER, token, payments)])[0]
    told = [one for one in all_transfers(node.url) if one.sender == BULK_PAYER]
    assert [(one.receiver, one.amount) for one in told] == payments
    assert {one.tx_hash for one in told} == {receipt["transactionHash"]}
    print(f"gas used {int(receipt['gasUsed'], 16)}")


def test_more_transfers_than_fit_are_refused():
    with pytest.raises(ValueError, match=f"{BULK_PAYMENTS_MAX} do"):
        bulk_payment(BULK_PAYER, ETH_USDT, [(BOB, 1)] * (BULK_PAYMENTS_MAX + 1))


def test_a_bulk_payment_is_made_whole_or_not_at_all(make_node):
    node = make_node("POL")
    token = real_tokens("POL")["USDC"].address
    node.send_and_mine([minting(token, BULK_PAYER, 10)])
    with pytest.raises(ChainError, match="failed"):
        node.send_and_mine([bulk_payment(BULK_PAYER, token, [(ALICE, 6), (BOB, 6)])])
    with pytest.raises(ChainError, match="failed"):
        node.send_and_mine([bulk_payment(BULK_PAYER, CAROL, [(ALICE, 1)])])
    assert not [one for one in all_transfers(node.url) if one.sender == BULK_PAYER]
