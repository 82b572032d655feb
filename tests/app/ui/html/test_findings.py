from __future__ import annotations

import pytest

from app.store.records import Record
from app.ui.html.findings import fault_spans, findings_html, thought_text_html
from app.ui.html.steps import step_card_html
from prompts import checks
from prompts.checks.check import Check
from prompts.steps import Step
from prompts.values import Answer, Finding, Thought
from tests.app.ui.html.reader import EMPTY, read

EDGES = Check("edges", "every step of a chain, looked up in the graph", lambda *_: (), {"absent": "invented edge"})


@pytest.fixture
def edges(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that the page has never heard of."""
    monkeypatch.setitem(checks.CHECKS, "edges", EDGES)


def test_equal_faults_are_marked_one_after_the_other() -> None:
    text = "1 + 1 = 3, 2 + 2 = 4, and again 1 + 1 = 3."
    wrong = Finding("equations", "wrong", "1 + 1 = 3", "it is 2")
    found = [wrong, Finding("equations", "right", "2 + 2 = 4"), wrong]
    assert fault_spans(text, found) == [(0, 9, "wrong"), (32, 41, "wrong")]
    assert read(thought_text_html(text, found)).text.count("✗ 1 + 1 = 3 it is 2") == 2


def test_an_equation_that_could_not_be_read_is_listed_and_not_marked() -> None:
    html = thought_text_html("x + 5 = 17", [Finding("equations", "unreadable", "x + 5 = 17")])
    assert "? x + 5 = 17 could not be checked" in read(html).text and "<mark" not in html


@pytest.mark.usefixtures("edges")
def test_faults_of_another_check_are_marked_and_listed_by_their_name() -> None:
    found = (
        Finding("edges", "absent", "Every <tarn> is a morrin", "tarn leads to velk"),
        Finding("edges", "present", "Ilo is a tarn"),
    )
    thought = Thought("Ilo is a tarn. Every <tarn> is a morrin.")
    html = step_card_html(Record(0, Step("step", 1, EMPTY, EMPTY, thought=thought), found))
    assert '<mark class="is-wrong">Every &lt;tarn&gt; is a morrin</mark>' in html
    assert "✗ Every <tarn> is a morrin invented edge, tarn leads to velk" in read(html).text
    assert html.count("<li") == 1, "what is no fault is not listed"


@pytest.mark.usefixtures("edges")
@pytest.mark.parametrize("verb", ["summarize", "conclude", "read"])
def test_faults_of_every_verb_are_listed(verb: str) -> None:
    step = Step(verb, 1, EMPTY, EMPTY, answer=Answer("7", "7"))  # pyright: ignore[reportArgumentType]
    html = step_card_html(Record(0, step, (Finding("edges", "absent", "a - b"),)))
    assert "✗ a - b invented edge" in read(html).text


def test_what_the_loop_corrected_and_let_go_is_told_with_the_reason() -> None:
    found = (
        Finding("verifier", "corrected", "48 / 2 = 25", "corrected to 24"),
        Finding("verifier", "asked again", "2 + 2 = 5"),
        Finding("forgetting", "used up", "Eggs: 3 * 12 = 36"),
        Finding("forgetting", "shortened", "Sold: 36 - 8 = 28", "Sold: 28"),
    )
    text = read(findings_html(found)).text
    for line in ("48 / 2 = 25 corrected to 24", "2 + 2 = 5 asked again", "3 * 12 = 36 let go, used up",
                 "36 - 8 = 28 let go, shortened: Sold: 28"):  # fmt: skip
        assert line in text


def test_at_most_fifty_findings_are_listed() -> None:
    assert findings_html([Finding("equations", "wrong", "1 = 2")] * 100_000).count("<li") == 50
