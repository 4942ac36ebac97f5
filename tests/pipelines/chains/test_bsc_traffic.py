"""The scripted traffic does what its record says: the node's own logs agree with it."""

import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from tests.support.anvil_fixtures import BSC_GENESIS, start_bsc
from tests.support.bsc_traffic import Kind, pay_sessions
from tests.support.node_oracle import all_transfers

pytestmark = pytest.mark.chain


def test_the_record_of_200_sessions_equals_the_nodes_own_logs():
    seed = random.randrange(2**32)
    draw = random.Random(seed)
    sessions: list[dict[str, Any]] = []
    for number in range(200):
        created_at = BSC_GENESIS + timedelta(days=1, seconds=draw.randrange(86_400))
        sessions.append(
            {
                "session_id": f"session-{number}",
                "deposit_address": f"0x{0xABC000 + number:040x}",
                "amount": f"{draw.randint(1, 5000)}.{draw.randrange(10**18):018d}",
                "currency": draw.choice(("USDT", "USDC")),
                "created_at": created_at,
                "expires_at": created_at + timedelta(minutes=30),
            }
        )
    node = start_bsc()
    try:
        traffic = pay_sessions(node, sessions, seed=seed)
        transfers = all_transfers(node.url)
    finally:
        node.stop()

    kinds = Counter(payment.kind for payment in traffic.payments.values())
    assert set(kinds) == set(Kind)
    addresses = {session["deposit_address"] for session in sessions}
    touching = {
        (one.tx_hash, one.block, one.time, one.token, one.sender, one.receiver, one.amount)
        for one in transfers
        if {one.sender, one.receiver} & addresses
    }
    recorded = [sent for payment in traffic.payments.values() for sent in (*payment.payments, *payment.sweeps)]
    assert touching == {
        (one.tx_hash, one.block_number, one.at, one.token, one.sender, one.receiver, one.amount) for one in recorded
    }
    assert len(touching) == len(recorded)
    for session in sessions:
        payment = traffic.payments[session["session_id"]]
        assert {one.at > session["expires_at"] for one in payment.payments} <= {payment.kind is Kind.LATE}
        if payment.kind in (Kind.EXACT, Kind.SPLIT, Kind.LATE):
            assert payment.paid == payment.expected
