from __future__ import annotations

import pytest

from app.ui.html import memory_diff
from app.ui.html.memory_diff import differences


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ((), ("a",), "added a"),
        (("a", "b"), ("b",), "kept b, dropped a"),
        (("May = 24",), ("May = 31",), "changed May = 31 (May = 24)"),
        (("sold on Monday = 5",), ("sold on Tuesday = 5",), "added sold on Tuesday = 5, dropped sold on Monday = 5"),
        (("add April and May",), ("add April and June",), "changed add April and June (add April and May)"),
        (("find the sum",), ("divide by four",), "added divide by four, dropped find the sum"),
        (("a", "a"), ("a",), "kept a, dropped a"),
        (("a",), ("a", "a"), "kept a, added a"),
        (("x = 1", "y = 2"), ("y = 2", "X = 3"), "kept y = 2, changed X = 3 (x = 1)"),
        (("= 1",), ("= 2",), "added = 2, dropped = 1"),
        (("a", "b"), ("b", "a"), "kept b, kept a"),
    ],
)
def test_each_line_is_kept_changed_added_or_dropped(
    before: tuple[str, ...], after: tuple[str, ...], wanted: str
) -> None:
    found = [
        f"{line.change} {line.text}" + (f" ({line.before})" if line.before else "")
        for line in differences(before, after)
    ]
    assert ", ".join(found) == wanted


def test_every_line_is_accounted_for_and_long_lists_are_not_compared_word_by_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory_diff, "_same_fact", lambda *_: pytest.fail("millions of pairs would be compared"))
    before, after = (
        [f"line {i} of old" for i in range(3000)],
        [f"line {i} of new" for i in range(2000)] + ["line 7 of old"],
    )
    lines = differences(before, after)
    assert [line.text for line in lines if line.change != "dropped"] == after
    assert sum(line.change in ("kept", "dropped", "changed") for line in lines) == len(before)
