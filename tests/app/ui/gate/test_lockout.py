from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ui.gate import lockout
from app.ui.gate.lockout import FORGOTTEN_AFTER, FREE_FAILURES, LONGEST_DELAY, LONGEST_REFUSAL, Lockout, network


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_delay_of_an_address_grows_to_a_bound_and_is_forgotten(clock: Clock) -> None:
    kept = Lockout(clock)
    waits = list[float]()
    for _ in range(30):
        kept.tried("203.0.113.7", "ann")
        waits.append(kept.wait_for_address("203.0.113.7"))
    assert waits[: FREE_FAILURES - 1] == [0.0] * (FREE_FAILURES - 1)
    assert waits[FREE_FAILURES - 1 : FREE_FAILURES + 3] == [1.0, 2.0, 4.0, 8.0]
    assert waits == sorted(waits) and waits[-1] == LONGEST_REFUSAL
    clock.now += FORGOTTEN_AFTER + 1
    assert kept.wait_for_address("203.0.113.7") == 0


def test_an_attacker_slows_a_name_down_and_locks_nobody_elsewhere_out(clock: Clock) -> None:
    kept = Lockout(clock)
    for number in range(5000):
        kept.tried(f"10.0.{number % 250}.{number // 250}", "ann")
    assert kept.wait_for_address("192.0.2.1") == 0
    assert kept.wait_for_name("ann") == LONGEST_DELAY and kept.wait_for_name("bo") == 0


def test_a_right_password_is_no_failure_but_wipes_none_out(clock: Clock) -> None:
    kept = Lockout(clock)
    for _ in range(100):
        kept.tried("203.0.113.7", "ann")
        kept.forgive("203.0.113.7", "ann")
    assert kept.wait_for_address("203.0.113.7") == kept.wait_for_name("ann") == 0
    for _ in range(FREE_FAILURES + 3):
        kept.tried("203.0.113.7", "ann")
    waited = kept.wait_for_address("203.0.113.7")
    kept.tried("203.0.113.7", "own")
    kept.forgive("203.0.113.7", "own")
    assert kept.wait_for_address("203.0.113.7") == waited, "a log-in with an account of one's own buys no more guesses"


def test_what_is_remembered_is_bounded(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockout, "REMEMBERED", 50)
    kept = Lockout(clock)
    for number in range(1000):
        kept.tried(f"10.0.0.{number}", f"name{number}")
    assert len(kept._addresses) == len(kept._names) == 50


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_one_person_is_one_network(address: str, expected: str) -> None:
    assert network(address) == expected


@given(st.text())
def test_any_address_is_counted(address: str) -> None:
    kept = Lockout()
    kept.tried(address, address)
    kept.forgive(address, address)
    assert kept.wait_for_address(address) == 0
