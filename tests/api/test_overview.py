"""The dashboard at a glance. Now is Saturday 2026-01-31, 17:30 UTC: the week began on Monday the 26th."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.support.api import DASHBOARD, client_for, exact_json, example, keys_of, new_key, settings_in
from tests.support.marts import CREATED, NOW, GivenReader, address, balance_of, marts_from, paid_session, session
from warehouse.errors import SettingsError
from warehouse.store.connection import open_store
from warehouse.store.credits import Credit, apply_credits

OVERVIEW = f"{DASHBOARD}/overview"
WINDOWS = ("today", "this_week", "this_month")


@pytest.fixture
def overview(settings):
    def ask(*, now=NOW, reader=None, params=None, **rows):
        with client_for(settings, reader or marts_from(**rows), key=new_key(settings), now=now) as client:
            answer = client.get(OVERVIEW, params=params)
        assert answer.status_code == 200, answer.text
        return exact_json(answer)["data"]

    return ask


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def created(text: str):
    return session(f"at {text}", created_at=moment(text))


def paid(text: str, **columns):
    """A session of some month long ago that was paid at this time."""
    return paid_session(f"at {text}", created_at=moment("2025-06-01"), paid_at=moment(text), **columns)


def of_windows(data, figure: str) -> list:
    return [data[window][figure] for window in WINDOWS]


def test_r7_documented_keys_only(overview):
    assert keys_of(overview(sessions=[session("s1")])) == keys_of(example("overview"))["data"]


def test_values_have_the_types_of_the_documented_example(overview):
    data, documented = overview(sessions=[paid_session("s1")]), example("overview")["data"]
    for name, value in documented["today"].items():
        assert type(data["today"][name]) is type(value), name
    assert data["recent_sessions"] == [
        {
            "session_id": "s1", "reference": "ORDER-s1", "amount": Decimal("100.00"), "status": "paid",
            "created_at": "2026-01-30T18:00:00Z",
        }
    ]  # fmt: skip


def test_r15_available_is_the_store_s_and_pending_what_is_not_final(overview, settings):
    credits = [
        Credit("mer_7", "live", "BSC", "USDT", 1, 985_050_000_005, 1),
        Credit("mer_7", "live", "SOL", "USDC", 1, 1, 1),
        Credit("mer_8", "live", "BSC", "USDT", 1, 77, 1),
        Credit("mer_7", "test", "BSC", "USDT", 1, 77, 1),
    ]
    with open_store(settings) as store:
        apply_credits(store, credits)
    balances = [
        balance_of("BSC", "USDT", received_pending=Decimal("100.000000009")),
        balance_of("ETH", "USDC", received_pending=Decimal("50.000000009")),
        balance_of("BSC", "USDT", received_pending=Decimal(7), merchant_id="mer_8"),
    ]
    # 150.000000018, rounded once
    assert overview(balances=balances)["balance"] == {"available": "9850.50000006", "pending": "150.00000001"}


EDGES = [
    "2025-12-31T23:59:59.999999",
    "2026-01-01T00:00",
    "2026-01-25T23:59:59.999999",
    "2026-01-26T00:00",
    "2026-01-30T23:59:59.999999",
    "2026-01-31T00:00",
    "2026-01-31T23:59:59.999999",
    "2026-02-01T00:00",
]


def test_r40_sessions_count_by_created_at_in_utc_days_weeks_and_months(overview):
    data = overview(sessions=[created(text) for text in EDGES])
    # The week reaches into February, to the end of Sunday the 1st.
    assert of_windows(data, "sessions") == [2, 5, 6]
    assert of_windows(data, "successful") == [0, 0, 0]


def test_r40_successful_and_volume_count_by_paid_at_whenever_the_session_was_created(overview):
    amounts = [Decimal(10) ** power for power in range(len(EDGES))]
    given = [paid(text, paid_amount=amount) for text, amount in zip(EDGES, amounts, strict=True)]
    data = overview(sessions=given)
    assert of_windows(data, "sessions") == [0, 0, 0]
    assert of_windows(data, "successful") == [2, 5, 6]
    assert of_windows(data, "volume") == ["1100000.00000000", "11111000.00000000", "1111110.00000000"]


def test_r40_revenue_is_volume_less_the_fees_of_its_payments_and_money_of_unpaid_sessions_is_neither(overview):
    unpaid = {"status": "failed", "paid_at": None}
    data = overview(
        sessions=[
            paid("2026-01-31T01:00", paid_amount=Decimal(100), platform_fees=Decimal("1.00000001")),
            paid("2026-01-31T02:00", paid_amount=Decimal(50), platform_fees=Decimal("0.5")),
            paid_session("short", **unpaid, paid_amount=Decimal(7), platform_fees=Decimal("0.07")),
        ]
    )
    assert (data["today"]["volume"], data["today"]["revenue"]) == ("150.00000000", "148.49999999")


def test_r13_each_figure_is_rounded_once_from_its_exact_value(overview):
    dust = Decimal("0.000000006")
    given = [paid(f"2026-01-31T0{hour}:00", paid_amount=dust, platform_fees=Decimal(0)) for hour in (1, 2)]
    data = overview(sessions=given)
    # 0.000000012; rounded one by one it would be nothing
    assert (data["today"]["volume"], data["today"]["revenue"]) == ("0.00000001", "0.00000001")


@pytest.mark.parametrize(
    ("zone", "counted"),
    [
        ("UTC", 2),  # 00:00 and 23:59
        ("", 2),
        ("Asia/Kolkata", 2),  # UTC+5:30, from 18:30 of the day before to 18:30
        ("America/New_York", 3),  # UTC-5, from 05:00 to 05:00 of the next day
        ("Pacific/Kiritimati", 2),  # UTC+14, already the 1st of February there: from 10:00 to 10:00 of the next day
    ],
)
def test_r40_the_day_is_that_of_the_time_zone(overview, zone, counted):
    moments = ["2026-01-30T18:29:59", "2026-01-30T18:30", "2026-01-31T00:00", "2026-01-31T23:59", "2026-02-01T00:00"]
    moments += ["2026-02-01T04:59:59"] * (zone == "America/New_York")
    data = overview(sessions=[created(text) for text in moments], params={"timezone": zone})
    assert data["today"]["sessions"] == counted


def test_r37_week_and_month_begin_at_local_midnight(overview):
    # In Kolkata, UTC+5:30, Monday the 26th began at 18:30 UTC of the 25th, the 1st at 18:30 UTC of the 31st.
    moments = ["2025-12-31T18:29", "2025-12-31T18:30", "2026-01-25T18:29", "2026-01-25T18:30"]
    data = overview(sessions=[created(text) for text in moments], params={"timezone": "Asia/Kolkata"})
    assert of_windows(data, "sessions") == [0, 1, 3]


@pytest.mark.parametrize("name", ["Mars/Olympus", "utc+1", "europe/berlin", "../etc/passwd", "Europe", "localtime"])
def test_r40_an_unknown_time_zone_is_400_and_names_the_parameter(open_client, name):
    answer = open_client().get(OVERVIEW, params={"timezone": name})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "INVALID_PARAMETER")
    assert answer.json()["error"]["details"] == {"parameter": "timezone", "format": "IANA time zone name"}


def test_r40_the_five_most_recent_sessions_newest_first_then_by_id(overview):
    rows = [session(name) for name in "cba"]
    rows += [session(f"s{day}", created_at=CREATED + timedelta(days=day)) for day in (-1, 1, 2, 3)]
    assert [item["session_id"] for item in overview(sessions=rows)["recent_sessions"]] == ["s3", "s2", "s1", "a", "b"]


NEEDING = [
    address(1, sweep_status="pending", final_balance=Decimal(1)),
    address(2, sweep_status="failed", final_balance=Decimal(500)),
    address(3, sweep_status="pending", final_balance=Decimal("0.999999999999999999")),
    address(4, sweep_status="swept", final_balance=Decimal(500)),
    address(5, final_balance=Decimal(500)),
    address(6, sweep_status="pending", balance=Decimal(500)),  # not final yet
]


def test_r40_what_still_has_to_happen(overview):
    # A session is pending however long ago it was created.
    waiting = [session("new"), session("old", created_at=moment("2020-01-01"))]
    data = overview(sessions=[*waiting, paid_session("paid"), session("gone", status="expired")], addresses=NEEDING)
    assert data["pending_actions"] == {"pending_sessions": 2, "addresses_needing_sweep": 2, "pending_withdrawals": 0}


def test_r40_the_sweep_threshold_is_a_setting(tmp_path):
    settings = settings_in(tmp_path, SWEEPS__THRESHOLD="500")
    with client_for(settings, marts_from(addresses=NEEDING), key=new_key(settings)) as client:
        data = client.get(OVERVIEW).json()["data"]
    assert data["pending_actions"]["addresses_needing_sweep"] == 1


def test_a_sweep_threshold_that_no_balance_can_be_compared_with_is_refused_by_name(tmp_path):
    most = settings_in(tmp_path, SWEEPS__THRESHOLD="99999999999999999999")
    with client_for(most, marts_from(addresses=NEEDING), key=new_key(most)) as client:
        assert client.get(OVERVIEW).json()["data"]["pending_actions"]["addresses_needing_sweep"] == 0
    with pytest.raises(SettingsError, match=r"SWEEPS__THRESHOLD|sweeps\.threshold"):
        settings_in(tmp_path, SWEEPS__THRESHOLD="1e20")


def test_before_the_first_publish_everything_is_zero(overview):
    data = overview(reader=GivenReader(None))
    assert data["recent_sessions"] == []
    assert set(data["pending_actions"].values()) == {0}
    nothing = {"sessions": 0, "successful": 0, "volume": "0.00000000", "revenue": "0.00000000"}
    assert [data[window] for window in WINDOWS] == [nothing] * 3
