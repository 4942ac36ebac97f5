"""Answers of eth_getLogs as rows: exact amounts, refused nonsense, real chains' known answers."""

import json
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

from pipelines.chains.decode import (
    TRANSFER_LOG_SCHEMA,
    TRANSFER_TOPIC,
    DishonestAnswer,
    LogQuery,
    decode_logs,
    merge_answers,
    require_asked,
)
from tests.support.evm_logs import ALICE, BOB, TOKEN, decode, make_log, word_of


def test_a_log_becomes_a_row_of_the_raw_table():
    frame = decode([make_log(10**18)])
    assert frame.schema == pl.Schema(TRANSFER_LOG_SCHEMA)
    assert frame.rows() == [
        (
            "live",
            "BSC",
            16,
            "0x" + "0b" * 32,
            datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC),
            "0x" + "0c" * 32,
            3,
            TOKEN,
            ALICE,
            BOB,
            3,
            "1000000000000000000",
            Decimal(10**18),
        )
    ]


def test_an_empty_answer_is_an_empty_frame_of_the_same_columns():
    assert decode([]).schema == pl.Schema(TRANSFER_LOG_SCHEMA)


def test_rows_come_in_order_of_block_and_log_index():
    logs = [make_log(blockNumber="0x11", logIndex="0x0"), make_log(logIndex="0xa"), make_log(logIndex="0x9")]
    assert decode(logs).select("block_number", "log_index").rows() == [(16, 9), (16, 10), (17, 0)]


def test_values_in_capitals_become_lower_case():
    upper = make_log(address="0x" + TOKEN[2:].upper(), blockHash="0x" + "0B" * 32)
    assert decode([upper]).equals(decode([make_log()]))


# --- exact amounts

EDGES = [0, 1, 2**53 - 1, 2**53 + 1, 10**18 + 1, 2**64 - 1, 2**127, 2**128 - 1, 2**128, 10**38 - 1, 10**38, 2**256 - 1]

Decoder = Callable[[Sequence[int]], list[tuple[str | None, Decimal | None]]]


def assert_amounts_exact(decoder: Decoder, amounts: Sequence[int]) -> None:
    expected = [(str(amount), Decimal(amount) if amount < 10**38 else None) for amount in amounts]
    assert decoder(amounts) == expected


def our_decoder(amounts: Sequence[int]) -> list[tuple[str | None, Decimal | None]]:
    frame = decode([make_log(amount, logIndex=hex(index)) for index, amount in enumerate(amounts)])
    return frame.select("amount_text", "amount_base_units").rows()


def float_decoder(amounts: Sequence[int]) -> list[tuple[str | None, Decimal | None]]:
    """What a decoder does that lets amounts pass through floating point once."""
    rounded = [int(float(amount)) for amount in amounts]
    return [(str(amount), Decimal(amount) if amount < 10**38 else None) for amount in rounded]


def test_every_amount_is_exact_and_null_where_38_digits_do_not_hold_it():
    assert_amounts_exact(our_decoder, EDGES)


def test_random_amounts_are_exact():
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    draw = random.Random(seed)
    assert_amounts_exact(our_decoder, [draw.getrandbits(draw.randint(1, 256)) for _ in range(2000)])


def test_a_decoder_through_floats_fails_the_same_assertion():
    with pytest.raises(AssertionError):
        assert_amounts_exact(float_decoder, [10**18 + 1])


# --- other shapes of Transfer logs


def test_an_nft_transfer_has_four_topics_and_no_amount():
    nft = make_log(topics=[TRANSFER_TOPIC, word_of(ALICE), word_of(BOB), "0x" + "07" * 32], data="0x")
    row = decode([nft]).row(0, named=True)
    assert (row["topic_count"], row["amount_text"], row["amount_base_units"]) == (4, None, None)
    assert (row["from_address"], row["to_address"]) == (ALICE, BOB)


@pytest.mark.parametrize("data", ["0x", "0x01", "0x" + "00" * 33])
def test_data_that_is_not_one_word_gives_no_amount(data):
    assert decode([make_log(data=data)])["amount_text"].to_list() == [None]


def test_a_log_with_two_topics_names_no_receiver():
    row = decode([make_log(topics=[TRANSFER_TOPIC, word_of(ALICE)])]).row(0, named=True)
    assert (row["topic_count"], row["from_address"], row["to_address"]) == (2, ALICE, None)


@pytest.mark.parametrize("absent", [{"blockTimestamp": None}, {"blockTimestamp": "0x0"}])
def test_without_a_block_timestamp_the_time_is_left_open(absent):
    assert decode([make_log(**absent)])["block_time"].to_list() == [None]


# --- answers that are refused


@pytest.mark.parametrize(
    "logs",
    [
        {"logs": []},
        None,
        [None],
        [{}],
        [make_log(topics=None)],
        [make_log(topics=[])],
        [make_log(topics=["0x" + "00" * 32, word_of(ALICE), word_of(BOB)])],
        [make_log(topics=[TRANSFER_TOPIC, "0x" + "11" * 32, word_of(BOB)])],
        [make_log(topics=[TRANSFER_TOPIC, word_of(ALICE), BOB])],
        [make_log(removed=True)],
        [make_log(blockNumber=None)],
        [make_log(blockNumber=16)],
        [make_log(blockNumber="0x")],
        [make_log(blockNumber="0x" + "f" * 16)],
        [make_log(blockNumber="-0x10")],
        [make_log(blockHash="0x1234")],
        [make_log(transactionHash="0x" + "0g" * 32)],
        [make_log(logIndex="three")],
        [make_log(address="T" + "1" * 41)],
        [make_log(data="0x" + "z" * 64)],
        [make_log(data="0x" + "1_" * 31 + "11")],
        [make_log(data="0x" + "\u0663" * 64)],
        [make_log(data="0x123")],
    ],
)
def test_an_answer_that_is_not_well_formed_is_refused_whole(logs):
    with pytest.raises(DishonestAnswer):
        decode(logs)


def test_cut_json_is_refused():
    with pytest.raises(DishonestAnswer):
        decode_logs(json.dumps([make_log()]).encode()[:-7], mode="live", network="BSC")


QUERY = LogQuery(10, 20, (TOKEN,), (BOB,), "to")


def test_an_answer_to_the_question_is_kept():
    require_asked(decode([make_log()]), QUERY, "BSC")
    require_asked(decode([]), QUERY, "BSC")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"blockNumber": "0x9"}, "outside 10-20"),
        ({"blockNumber": "0x15"}, "outside 10-20"),
        ({"address": "0x" + "fa" * 20}, "a contract that was not asked for"),
        ({"topics": [TRANSFER_TOPIC, word_of(BOB), word_of(ALICE)]}, "a to_address that was not asked for"),
        ({"topics": [TRANSFER_TOPIC, word_of(BOB)]}, "a to_address that was not asked for"),
    ],
)
def test_an_answer_to_another_question_is_refused(changes, said):
    with pytest.raises(DishonestAnswer, match=said):
        require_asked(decode([make_log(), make_log(logIndex="0x4", **changes)]), QUERY, "BSC")


def test_the_same_log_in_two_answers_is_one_row():
    assert merge_answers([decode([make_log()]), decode([make_log()])], "BSC").height == 1


def test_two_different_logs_at_one_place_are_refused():
    with pytest.raises(DishonestAnswer, match="two different logs"):
        merge_answers([decode([make_log(1)]), decode([make_log(2)])], "BSC")


def test_two_hashes_for_one_block_are_refused():
    with pytest.raises(DishonestAnswer, match="two hashes"):
        merge_answers([decode([make_log(), make_log(blockHash="0x" + "0d" * 32)])], "BSC")
