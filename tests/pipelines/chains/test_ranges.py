"""The number of blocks and addresses that is asked for at once is learnt."""

import pytest

from pipelines.chains.ranges import MOST_ADDRESSES, TARGET_LOGS, RangeSizer


def test_accepted_ranges_grow_by_half_up_to_ten_times_the_first_guess():
    sizer = RangeSizer(100)
    sizes = []
    for _ in range(10):
        sizer.accept(sizer.blocks, 5)
        sizes.append(sizer.blocks)
    assert sizes[:3] == [150, 225, 338]
    assert sizes[-1] == 1000


def test_a_last_short_range_teaches_nothing():
    sizer = RangeSizer(100)
    sizer.accept(7, 5)
    assert sizer.blocks == 100


def test_ranges_stop_growing_at_the_target_and_shrink_above_it():
    sizer = RangeSizer(100)
    sizer.accept(100, TARGET_LOGS - 1)
    assert sizer.blocks == 100
    sizer.accept(100, TARGET_LOGS * 4)
    assert sizer.blocks == 25
    sizer.accept(1, TARGET_LOGS * 4)
    assert sizer.blocks == 1


def test_a_refused_range_is_halved_down_to_one_block():
    sizer = RangeSizer(100)
    sizes = []
    while sizer.refuse(1000, 1000 + sizer.blocks - 1):
        sizes.append(sizer.blocks)
    assert sizes == [50, 25, 12, 6, 3, 1]


@pytest.mark.parametrize(
    ("suggested", "blocks"),
    [((1000, 1009), 10), ((900, 1009), 10), ((1000, 1099), 50), ((1000, 5000), 50), ((1001, 1009), 50), ((5, 9), 50)],
)
def test_a_suggested_range_wins_when_it_is_a_shorter_beginning_of_ours(suggested, blocks):
    sizer = RangeSizer(100)
    sizer.refuse(1000, 1099, suggested)
    assert sizer.blocks == blocks


def test_a_learnt_limit_is_kept_for_a_while_and_then_tried_again():
    sizer = RangeSizer(100)
    sizer.refuse(0, 99, (0, 49))
    sizes = set()
    for _ in range(32):
        sizes.add(sizer.blocks)
        sizer.accept(sizer.blocks, 0)
    assert sizes == {50}
    sizer.accept(sizer.blocks, 0)
    assert sizer.blocks == 75


def test_a_shortened_list_of_addresses_grows_again_after_a_while():
    sizer = RangeSizer(100)
    sizer.narrow(1000)
    for _ in range(60):
        sizer.accept(sizer.blocks, 0)
    assert sizer.addresses == MOST_ADDRESSES


def test_too_long_a_list_of_addresses_is_halved_down_to_one():
    sizer = RangeSizer(100)
    assert sizer.addresses == MOST_ADDRESSES
    assert sizer.narrow(1000)
    assert sizer.addresses == 500
    assert not sizer.narrow(1)
