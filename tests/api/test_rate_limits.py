"""Rate limits: buckets, headers, and exactness between processes."""

import multiprocessing
from datetime import timedelta
from pathlib import Path

import pytest

from api.rate_limits import ClientAddresses, RateLimits
from tests.support.api import DASHBOARD, client_for, new_key, settings_in
from tests.support.marts import NOW, marts_from

SESSIONS = f"{DASHBOARD}/sessions"


class SettableClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self):
        return self.now


def rate_headers(answer) -> tuple[int, int, int]:
    limit, remaining, reset = (answer.headers[f"X-RateLimit-{name}"] for name in ("Limit", "Remaining", "Reset"))
    return int(limit), int(remaining), int(reset)


def test_r4_the_headers_count_down_and_the_101st_request_of_a_minute_is_429(tmp_path):
    settings = settings_in(tmp_path)
    reset = int(NOW.timestamp()) + 60
    with client_for(settings, marts_from(), key=new_key(settings)) as client:
        answers = [client.get(SESSIONS, params={"page": "x"} if n % 2 else {}) for n in range(101)]
    assert [rate_headers(answer) for answer in answers[:100]] == [(100, 99 - n, reset) for n in range(100)]
    refused = answers[100]
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "60"
    assert rate_headers(refused) == (100, 0, reset)
    assert refused.json() == {
        "success": False,
        "error": {"code": "RATE_LIMIT_EXCEEDED", "message": "Too many requests", "details": {"retry_after": 60}},
    }


def test_r4_each_key_has_its_own_bucket_and_strangers_share_one_per_address(tmp_path):
    settings = settings_in(tmp_path, API__RATE_LIMITS__STANDARD_PER_MINUTE="2")
    first, second = new_key(settings), new_key(settings)
    with client_for(settings, marts_from()) as client:

        def statuses(key: str, count: int) -> list[int]:
            return [client.get(SESSIONS, headers={"X-API-Key": key}).status_code for _ in range(count)]

        assert statuses(first, 3) == [200, 200, 429]
        assert statuses(second, 1) == [200]
        assert statuses("wrong", 3) == [401, 401, 429]
        # A good key is not locked out by strangers of the same address.
        assert statuses(second, 2) == [200, 429]


def test_r4_forwarded_addresses_of_strangers_change_nothing(tmp_path):
    settings = settings_in(tmp_path, API__RATE_LIMITS__STANDARD_PER_MINUTE="2")
    with client_for(settings, marts_from()) as client:
        answers = [client.get(SESSIONS, headers={"X-Forwarded-For": f"10.0.0.{n}"}) for n in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]


def test_probes_show_the_bucket_and_spend_nothing(tmp_path):
    settings = settings_in(tmp_path, API__RATE_LIMITS__STANDARD_PER_MINUTE="1")
    with client_for(settings, marts_from()) as client:
        answers = [client.get(path) for path in ("/health", "/ready", "/health")]
        assert [(answer.status_code, rate_headers(answer)[1]) for answer in answers] == [(200, 1)] * 3
        assert [client.get("/docs").status_code for _ in range(2)] == [200, 429]


def test_the_window_moves_with_its_oldest_request_and_outlives_a_restart(tmp_path):
    clock = SettableClock()
    limits = RateLimits(tmp_path / "rates.sqlite", 2, clock)
    assert limits.spend("a").remaining == 1
    clock.now += timedelta(seconds=30)
    assert limits.spend("a").remaining == 0
    clock.now += timedelta(seconds=29, microseconds=999_999)
    assert limits.spend("a").is_exceeded
    limits.close()
    restarted = RateLimits(tmp_path / "rates.sqlite", 2, clock)
    refused = restarted.spend("a")
    assert (refused.is_exceeded, refused.retry_after_seconds) == (True, 1)
    clock.now += timedelta(microseconds=1)
    allowed = restarted.spend("a")
    # The next request to leave the window is the one made at second 30.
    assert (allowed.is_exceeded, allowed.remaining, allowed.reset_at) == (False, 0, int(NOW.timestamp()) + 90)
    restarted.close()


def test_peeking_counts_nothing(tmp_path):
    limits = RateLimits(tmp_path / "rates.sqlite", 2, SettableClock())
    assert [limits.peek("a").remaining for _ in range(3)] == [2, 2, 2]
    limits.close()


def _spend_many(path: str, start, allowed) -> None:
    limits = RateLimits(Path(path), 300, SettableClock())
    start.wait()
    granted = sum(not limits.spend("a").is_exceeded for _ in range(400))
    allowed.put(granted)
    limits.close()


@pytest.mark.process
def test_r4_the_limit_is_exact_across_two_processes(tmp_path):
    spawn = multiprocessing.get_context("spawn")
    start, allowed = spawn.Event(), spawn.Queue()
    arguments = (str(tmp_path / "rates.sqlite"), start, allowed)
    processes = [spawn.Process(target=_spend_many, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()
    start.set()
    granted = [allowed.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(timeout=30)
    assert sum(granted) == 300  # of 800 asked for


@pytest.mark.parametrize(
    ("peer", "forwarded", "caller"),
    [
        ("203.0.113.9", [], "address:203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "address:203.0.113.9"),
        ("10.0.0.1", ["198.51.100.1"], "address:198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.1"], "address:198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4", "198.51.100.1"], "address:198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1, 10.0.0.2"], "address:198.51.100.1"),
        ("10.0.0.1", [], "address:10.0.0.1"),
        ("10.0.0.1", ["nonsense"], "address:10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1, nonsense"], "address:10.0.0.1"),
        ("10.0.0.1", ["10.0.0.2"], "address:10.0.0.1"),
        ("2001:db8::1", [], "address:2001:db8::/64"),
        ("2001:db8::ffff", [], "address:2001:db8::/64"),
        ("::ffff:203.0.113.9", [], "address:203.0.113.9"),
        ("::ffff:10.0.0.1", ["198.51.100.1"], "address:198.51.100.1"),
        ("testclient", [], "address:unknown"),
        (None, [], "address:unknown"),
    ],
)
def test_r4_clients_are_told_apart_by_address_behind_trusted_proxies_only(peer, forwarded, caller):
    scope = {
        "type": "http",
        "client": (peer, 1) if peer else None,
        "headers": [(b"x-forwarded-for", text.encode()) for text in forwarded],
    }
    assert ClientAddresses(["10.0.0.0/8"]).caller(scope) == caller


def test_counts_of_callers_who_never_return_are_removed(tmp_path):
    clock = SettableClock()
    limits = RateLimits(tmp_path / "rates.sqlite", 10, clock)
    for n in range(999):
        limits.spend(f"stranger {n}")
    clock.now += timedelta(minutes=2)
    limits.spend("last")
    assert limits._storage.reset() == 1
    limits.close()


def test_the_storage_serves_the_librarys_fixed_windows_too(tmp_path):
    clock = SettableClock()
    storage = RateLimits(tmp_path / "rates.sqlite", 10, clock)._storage
    assert [storage.incr("a", 60), storage.incr("a", 60, 2), storage.get("a")] == [1, 3, 3]
    assert storage.get_expiry("a") == NOW.timestamp() + 60
    assert storage.check()
    storage.clear("a")
    assert storage.get("a") == 0
    assert storage.get_expiry("a") == NOW.timestamp()
    storage.close()
