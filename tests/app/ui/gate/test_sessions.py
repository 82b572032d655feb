from __future__ import annotations

import pytest

from app.ui.gate import sessions
from app.ui.gate.sessions import IDLE_SECONDS, LONGEST_SECONDS, Sessions


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


LINES = {"ann": "one", "bo": "two"}


def test_a_log_in_ends_by_log_out_by_age_and_when_it_is_not_used() -> None:
    clock = Clock()
    kept = Sessions(clock)
    token, other = kept.begin("ann", "one"), kept.begin("bo", "two")
    assert kept.user(token, LINES.get) == "ann" and kept.user(other, LINES.get) == "bo"
    kept.end(other)
    assert kept.user(other, LINES.get) is None and kept.user("guessed", LINES.get) is None
    clock.now = IDLE_SECONDS + 1
    assert kept.user(token, LINES.get) is None
    token = kept.begin("ann", "one")
    while clock.now < IDLE_SECONDS + LONGEST_SECONDS:
        assert kept.user(token, LINES.get) == "ann"
        clock.now += IDLE_SECONDS / 2
    clock.now += IDLE_SECONDS / 2
    assert kept.user(token, LINES.get) is None


@pytest.mark.parametrize("lines", [{}, {"ann": "another"}])
def test_a_user_who_is_removed_or_has_a_new_password_is_logged_out(lines: dict[str, str]) -> None:
    kept = Sessions()
    token = kept.begin("ann", "one")
    assert kept.user(token, lines.get) is None
    assert kept.user(token, LINES.get) is None, "and stays so"


def test_tokens_are_not_kept_and_their_number_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MOST", 5)
    kept = Sessions()
    tokens = [kept.begin("ann", "one") for _ in range(9)]
    assert len(set(tokens)) == 9 and all(len(token) >= 40 for token in tokens)
    assert [kept.user(token, LINES.get) for token in tokens] == [None] * 4 + ["ann"] * 5
    assert not any(token in str(vars(kept)) for token in tokens)
