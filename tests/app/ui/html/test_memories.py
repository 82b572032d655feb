from __future__ import annotations

import re

from app.store.records import record
from app.ui.html.memories import memory_html
from app.ui.html.steps import step_card_html
from prompts.memories import Memory, TextMemory, VectorMemory
from prompts.steps import Step
from prompts.values import Finding, Question
from tests.app.ui.html.reader import EMPTY, read


def test_each_line_says_how_it_changed_and_invented_numbers_are_marked() -> None:
    question = Question("q", "April 48, half in May. In all?")
    before, after = (
        TextMemory(("April = 48",), ("work out May",)),
        TextMemory(("April = 48", "May = 31"), ("add them",)),
    )
    html = step_card_html(record(1, Step("summarize", 1, before, after), question, "48 / 2 = 24", ("fidelity",)))
    assert '<mark class="is-invented">31</mark>' in html
    assert '<mark class="is-invented">48</mark>' not in html
    shown = read(html).text
    for words in (
        "What we know",
        "What to do next",
        "kept",
        "added May = 31",
        "dropped work out May",
        "numbers: 1 kept",
        "1 invented: 31",
    ):
        assert words in shown
    assert html.index("is-kept") < html.index("is-added") < html.index("is-dropped")
    assert "is-findings" not in html, "the counts say it already"


def test_invented_numbers_are_marked_by_value_and_whole() -> None:
    memory = TextMemory(("a = 31", "b = 31.5", "c = $1,031 and 31", "31 was dropped"))
    html = memory_html(EMPTY, memory, [Finding("fidelity", "invented", "31")])
    assert re.findall(r'<mark class="is-invented">(.*?)</mark>', html) == ["31", "31", "31"]


def test_a_memory_that_was_not_checked_has_no_counts() -> None:
    assert "is-fidelity" not in memory_html(EMPTY, TextMemory(("a = 31",)))
    assert "numbers: 0 kept" in memory_html(EMPTY, EMPTY, [Finding("fidelity", "dropped", "48")])


def test_a_memory_that_is_the_same_has_no_changes() -> None:
    memory = TextMemory(("a = 1",), ())
    for before in (None, memory):
        html = memory_html(before, memory)
        assert "is-change" not in html and "a = 1" in html and "none" in html


def test_a_memory_of_vectors_is_shown_by_its_section() -> None:
    before, after = VectorMemory(b"x", (1, 4, 8), 1.0), VectorMemory(b"y", (1, 4, 8), 2.5)
    shown = read(memory_html(before, after)).text
    assert "Memory vectors" in shown and "changed shape (1, 4, 8), norm 1 shape (1, 4, 8), norm 2.5" in shown
    assert "is-change" not in memory_html(None, after)


def test_a_memory_of_another_kind_is_compared_by_title() -> None:
    memories: tuple[Memory, Memory] = TextMemory(("a = 1",)), VectorMemory(b"y", (2,), 2.5)
    assert "added shape (2,), norm 2.5" in read(memory_html(*memories)).text
