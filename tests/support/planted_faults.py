"""A fault for every invariant, planted by hand into the tables of `settled_world`.

Belongs here: what is changed, and which object the invariant then has to name. Does not: asking (test_invariants.py).

A fault is made as narrow as it can be: other tables are changed with it, so that they agree, until it breaks nothing
but its own invariant. Where one fact cannot be wrong without another, the other invariants are named in `also`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.support.models import deposit, session
from tests.support.settled_world import REFUSED_ID, STRANGER


@dataclass(frozen=True)
class Fault:
    """What is planted, as SQL.

    Attributes:
        sql: statements.
        shown: columns of the one row that the invariant must show.
        also: other invariants that the same fault breaks.
    """

    sql: str
    shown: dict[str, Any]
    also: frozenset[str] = frozenset()


def transaction_id(block: int, *, rank: int = 1, out: bool = False) -> int:
    """The id of the only transfer of a block; the rank of BSC is 1, of ETH 2."""
    return ((rank * 2**30 + block) * 2**17) * 2 + out


def at(block: int, *, rank: int = 1, out: bool = False) -> str:
    """A WHERE that finds it."""
    return f"WHERE id = {transaction_id(block, rank=rank, out=out)}"


PAID, UNDERPAID, EXPIRED, PENDING, FAILED = (session(number) for number in (1, 2, 3, 4, 5))
BOOK = "WHERE merchant_id = 'mer_1' AND network = 'BSC' AND currency = 'USDT'"
BOOK_SHOWN = {"merchant_id": "mer_1", "network": "BSC", "currency": "USDT"}
IN_PAID = f"WHERE session_id = '{PAID}'"
IN_EXPIRED = f"WHERE session_id = '{EXPIRED}'"
A_TOKEN = "+ 1e-18::DECIMAL(19, 18)"

BOOKS = {
    "entries_sum_to_zero": Fault(
        f"UPDATE marts.ledger SET net = net {A_TOKEN} {at(5)}",
        {"entry_id": transaction_id(5), "actual": "-0.000000000000000001 over 3 legs"},
    ),
    "books_never_below_zero": Fault(
        f"UPDATE marts.ledger SET net = -net {at(5)}",
        {**BOOK_SHOWN, "entry_id": transaction_id(5), "actual": "-99.000000000000000000"},
        frozenset({"entries_sum_to_zero"}),
    ),
    "addresses_are_never_overdrawn": Fault(
        # the sweep leaves before the payment comes
        f"UPDATE marts.transactions SET block_number = 1 {at(10, out=True)}",
        {"deposit_address": deposit(1), "actual": "-100.000000000000000000"},
        frozenset({"transfers_are_on_the_chain", "transactions_have_the_time_of_their_block"}),
    ),
    "ledger_sums_to_balances": Fault(
        f"UPDATE marts.balances SET platform_fees_final = platform_fees_final + 0.00000001 {BOOK}; "
        "UPDATE marts.daily_credits SET platform_fees_final = platform_fees_final + 0.00000001 " + BOOK,
        {**BOOK_SHOWN, "actual": "150.000000000000000000, fees 1.50000000"},
        frozenset({"days_sum_their_transfers", "spendable_is_the_floor_of_the_books"}),
    ),
    "days_sum_to_balances": Fault(
        f"UPDATE marts.balances SET received_pending = received_pending {A_TOKEN} {BOOK}", BOOK_SHOWN
    ),
    "days_sum_their_transfers": Fault(f"UPDATE marts.daily_credits SET transfer_count = 4 {BOOK}", BOOK_SHOWN),
    "final_income_is_credited": Fault(
        f"UPDATE marts.ledger SET tx_hash = '0x{'12' * 32}' {at(7)}", {"entry_id": transaction_id(7)}
    ),
    "transfers_are_credited_once": Fault(
        f"INSERT INTO marts.ledger SELECT * REPLACE ('mer_2' AS merchant_id) FROM marts.ledger {at(8, rank=2)}",
        {"transaction_id": transaction_id(8, rank=2), "actual": "2 entries, of mer_1, mer_2"},
        frozenset({"final_income_is_credited", "ledger_stays_with_its_merchant", "ledger_sums_to_balances"}),
    ),
    "amounts_are_their_base_units": Fault(
        f"UPDATE marts.transactions SET decimals = 17 {at(14, out=True)}", {"id": transaction_id(14, out=True)}
    ),
    "spendable_is_the_floor_of_the_books": Fault(
        f"UPDATE operations_balance_credits SET credited_total_e8 = credited_total_e8 + 1 {BOOK}",
        {**BOOK_SHOWN, "expected": "148.500000000000000000", "actual": "148.50000001"},
    ),
    "finality_is_the_networks": Fault(
        f"UPDATE marts.transactions SET is_final = false {at(14, out=True)}; "
        f"UPDATE marts.addresses SET final_balance = final_balance + 5 WHERE id = 2",
        {"id": transaction_id(14, out=True), "expected": "final up to block 50"},
    ),
    "tables_are_as_new_as_the_heads": Fault(
        "UPDATE state.transformed_heads SET finalized_block = 49 WHERE network = 'BSC'", {"network": "BSC"}
    ),
    "addresses_hold_what_moved": Fault(
        f"UPDATE marts.addresses SET total_received = total_received {A_TOKEN} WHERE id = 3", {"id": 3}
    ),
    "fees_are_rounded_once": Fault(
        f"UPDATE marts.transactions SET platform_fee = platform_fee + 0.00000001 {at(58)}; "
        f"UPDATE marts.sessions SET platform_fees = platform_fees + 0.00000001 WHERE session_id = '{PENDING}'",
        {"id": transaction_id(58), "actual": "1.20000001"},
    ),
    "rates_are_those_in_force": Fault(
        # the rate that came later; the fee stays right by amount
        f"UPDATE marts.transactions SET platform_fee_rate = 0.0200000000 {at(5)}; "
        f"UPDATE marts.ledger SET platform_fee_rate = 0.02 {at(5)}",
        {"id": transaction_id(5), "expected": "0.01000000", "actual": "0.02000000"},
        frozenset({"fees_are_rounded_once"}),
    ),
    "money_is_in_tokens_of_its_mode": Fault(
        "INSERT INTO marts.balances VALUES ('test', 'mer_1', 'BSC', 'USDT', 0, 0, 0)",
        {"held_by": "marts.balances", "mode": "test", "network": "BSC"},
        frozenset({"days_sum_to_balances", "every_merchant_is_known"}),
    ),
}

CHAINS = {
    "transfers_are_on_the_chain": Fault(
        f"UPDATE marts.transactions SET from_address = '{STRANGER}' {at(6)}", {"id": transaction_id(6)}
    ),
    "new_transfers_are_below_the_head": Fault(
        "UPDATE state.chain_heads SET window_hashes = list_resize(window_hashes[1:8], 10, 'gone') "
        "WHERE network = 'BSC'",
        {"id": transaction_id(58), "expected": "gone"},
    ),
    "blocks_are_linked": Fault(
        f"UPDATE raw.evm_blocks SET parent_hash = '0x{'34' * 32}' WHERE network = 'ETH' AND block_number = 9",
        {"network": "ETH", "block_number": 9, "actual": f"parent 0x{'34' * 32}"},
    ),
    "sweeps_end_at_hot_wallets": Fault(
        f"UPDATE marts.transactions SET type = 'sweep' {at(14, out=True)}; "
        "UPDATE marts.addresses SET total_swept = 5 WHERE id = 2",
        {"id": transaction_id(14, out=True), "expected": "outgoing", "actual": "sweep"},
    ),
    "transfers_have_two_sides_at_most": Fault(
        # the sender's side once more, at an address that did not send
        f"INSERT INTO marts.transactions SELECT * REPLACE (id + 2 AS id, '{deposit(3)}' AS deposit_address, "
        f"'ETH' AS network, 'USDC' AS currency) FROM marts.transactions {at(14, out=True)}",
        {"network": "ETH"},
        frozenset(
            {
                "addresses_are_never_overdrawn",
                "amounts_are_their_base_units",
                "transfers_are_on_the_chain",
            }
        ),
    ),
    "transfers_are_not_left_out": Fault(
        f"DELETE FROM marts.transactions {at(14, out=True)}; "
        "UPDATE marts.addresses SET balance = balance + 5, final_balance = final_balance + 5 WHERE id = 2",
        {"deposit_address": deposit(2), "expected": "outgoing 5.000000000000000000 USDT"},
    ),
    "transactions_are_in_canonical_form": Fault(
        f"UPDATE marts.transactions SET tx_hash = upper(tx_hash) {at(10, out=True)}",
        {"id": transaction_id(10, out=True)},
        frozenset({"transfers_are_on_the_chain"}),
    ),
    "addresses_are_in_canonical_form": Fault(
        "UPDATE registry.tokens SET token_address = upper(token_address) WHERE network = 'ETH' AND currency = 'USDC'",
        {"named_by": "token USDC", "network": "ETH"},
    ),
    "block_times_do_not_go_back": Fault(
        "UPDATE raw.evm_blocks SET block_time = block_time + INTERVAL 61 SECONDS "
        "WHERE network = 'ETH' AND block_number = 2",
        {"network": "ETH", "block_number": 3},
    ),
    "transactions_have_the_time_of_their_block": Fault(
        f"UPDATE marts.transactions SET confirmed_at = confirmed_at + INTERVAL 1 SECOND {at(14, out=True)}",
        {"id": transaction_id(14, out=True)},
    ),
}

SESSIONS = {
    "sessions_are_paid_by_their_transfers": Fault(
        f"UPDATE marts.sessions SET paid_at = paid_at + INTERVAL 1 MINUTE {IN_PAID}", {"session_id": PAID}
    ),
    "sessions_sum_their_transfers": Fault(
        f"UPDATE marts.sessions SET paid_amount = paid_amount {A_TOKEN} {IN_PAID}", {"session_id": PAID}
    ),
    "transfers_fall_to_their_sessions": Fault(
        # the address was handed out before the money came, not after it
        f"UPDATE intermediate.assignments SET assigned_at = assigned_at - INTERVAL 4 MINUTES "
        f"WHERE session_id = '{FAILED}'; "
        "UPDATE marts.addresses SET last_used_at = last_used_at - INTERVAL 4 MINUTES WHERE id = 3",
        {"id": transaction_id(8, rank=2), "expected": FAILED, "actual": "no session"},
    ),
    "assignments_do_not_overlap": Fault(
        f"UPDATE intermediate.assignments SET held_until = NULL {IN_PAID}",
        {"deposit_address": deposit(1), "actual": "held to this day"},
    ),
    "expired_sessions_have_no_money_on_time": Fault(
        f"UPDATE marts.sessions SET status = 'expired' WHERE session_id = '{UNDERPAID}'; "
        f"UPDATE intermediate.session_outcomes SET status = 'expired' WHERE session_id = '{UNDERPAID}'; "
        f"UPDATE marts.session_timeline SET event = 'session_expired' "
        f"WHERE session_id = '{UNDERPAID}' AND event = 'session_failed'",
        {"session_id": UNDERPAID, "expected": "nothing on time", "actual": "40000000000000000000"},
    ),
    "sessions_expire_by_the_head": Fault(
        f"UPDATE marts.sessions SET status = 'pending' {IN_EXPIRED}; "
        f"UPDATE intermediate.session_outcomes SET status = 'pending' {IN_EXPIRED}; "
        f"UPDATE marts.session_timeline SET event = 'payment_orphaned' {IN_EXPIRED} AND event = 'session_expired'",
        {"session_id": EXPIRED, "expected": "no longer pending"},
    ),
    "timelines_are_in_order": Fault(
        f"UPDATE marts.session_timeline SET sequence = 9 {IN_EXPIRED} AND event = 'session_expired'",
        {"session_id": EXPIRED, "event": "session_expired", "actual": "9"},
    ),
    "timelines_tell_the_sessions_state": Fault(
        f"DELETE FROM marts.session_timeline {IN_EXPIRED} AND event = 'session_expired'", {"session_id": EXPIRED}
    ),
    "sessions_are_all_listed": Fault(
        f"UPDATE intermediate.session_outcomes SET exception = 'late' {IN_EXPIRED}", {"session_id": EXPIRED}
    ),
    "addresses_are_all_listed": Fault("UPDATE marts.addresses SET times_reused = 1 WHERE id = 1", {"id": 1}),
}

TENANTS = {
    "transactions_stay_with_their_merchant": Fault(
        "UPDATE intermediate.deposit_addresses SET merchant_id = 'mer_2' WHERE address_id = 3; "
        "UPDATE marts.addresses SET merchant_id = 'mer_2', session_ids = [] WHERE id = 3",
        {"id": transaction_id(8, rank=2), "refers_to": f"address {deposit(3)}", "actual": "live mer_2"},
        frozenset(
            {
                "assignments_stay_with_their_merchant",
                "ledger_stays_with_its_merchant",
                "sessions_stay_with_their_merchant",
            }
        ),
    ),
    "ledger_stays_with_its_merchant": Fault(
        f"UPDATE marts.ledger SET session_id = '{PENDING}' {at(5)}",
        {"id": transaction_id(5), "refers_to": f"session {PENDING}", "actual": "live mer_2"},
        frozenset({"final_income_is_credited"}),
    ),
    "sessions_stay_with_their_merchant": Fault(
        f"UPDATE marts.sessions SET deposit_address_id = 4 {IN_PAID}",
        {"session_id": PAID, "refers_to": "address 4"},
    ),
    "addresses_stay_with_their_merchant": Fault(
        f"UPDATE marts.addresses SET assigned_session_id = '{PENDING}' WHERE id = 1",
        {"id": 1, "refers_to": f"session {PENDING}"},
    ),
    "assignments_stay_with_their_merchant": Fault(
        f"UPDATE intermediate.session_terms SET merchant_id = 'mer_2' {IN_EXPIRED}",
        {"refers_to": f"session {EXPIRED}"},
    ),
    "timelines_stay_with_their_merchant": Fault(
        f"UPDATE marts.session_timeline SET mode = 'test' {IN_EXPIRED} AND event = 'session_expired'",
        {"session_id": EXPIRED},
    ),
    "every_merchant_is_known": Fault(
        "INSERT INTO marts.balances VALUES ('live', 'mer_9', 'BSC', 'USDT', 0, 0, 0)",
        {"named_by": "marts.balances", "merchant_id": "mer_9"},
        frozenset({"days_sum_to_balances"}),
    ),
}

EVENTS = {
    "events_are_as_received": Fault(
        "UPDATE raw.gateway_events SET mode = 'test' WHERE type = 'session.failed'", {"event_id": "evt_000021"}
    ),
    "refused_lines_are_as_received": Fault(
        "UPDATE raw.gateway_quarantine SET line = line || ' '::BLOB", {"expected": REFUSED_ID}
    ),
    "events_count_wait_or_are_refused": Fault(
        "DELETE FROM marts.hot_wallets",
        {"event_id": "evt_000001", "expected": "a hot wallet of BSC"},
    ),
    "events_are_not_of_the_future": Fault(
        "UPDATE raw.gateway_events SET received_at = occurred_at - INTERVAL 301 SECONDS WHERE event_id = 'evt_000001'",
        {"event_id": "evt_000001"},
    ),
}

FAULTS: dict[str, Fault] = BOOKS | CHAINS | SESSIONS | TENANTS | EVENTS
