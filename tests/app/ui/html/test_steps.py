from __future__ import annotations

from app.store.records import Costs, Record, record
from app.ui.html.steps import answer_html, costs_html, step_card_html
from prompts.steps import Step
from prompts.values import Answer, Ending, Question, Score, Thought
from tests.app.ui.html.reader import EMPTY, attempt, call, read


def test_a_wrong_equation_is_marked_and_corrected() -> None:
    step = Step("step", 3, EMPTY, EMPTY, (call(),), ("rechecked",), Thought("First 12 - 5 = 8, then 2 + 2 = 4."))
    html = step_card_html(record(0, step, Question("q", "?"), "", ("equations",)))
    assert '<mark class="is-wrong">12 - 5 = 8</mark>' in html
    shown = read(html).text
    assert "Thought 3" in shown and "✗ 12 - 5 = 8 it is 7" in shown and "rechecked" in shown
    assert "2 + 2 = 4 it is" not in shown
    assert "context 50 tokens · 10 generated · 75% of the prompt cached · 0.2 s" in shown


def test_a_conclusion_without_a_call_says_where_its_answer_is_from() -> None:
    taken = Step("conclude", 1, EMPTY, EMPTY, answer=Answer("7", "so 7"), ending=Ending.ANSWERED)
    none = Step(
        "conclude", 1, EMPTY, EMPTY, answer=Answer(None), marks=("chain 1 of 1: no answer",), ending=Ending.STEP_LIMIT
    )
    assert "taken from the thoughts before" in step_card_html(Record(0, taken))
    assert "No answer was reached" in step_card_html(Record(0, none))
    assert "chain 1 of 1" in step_card_html(Record(0, none))


def test_an_answer_has_why_it_ended_its_scores_and_its_costs() -> None:
    costs = Costs(1200, 34, 500, 100, 99_999, 3, 2, 1.25)
    shown = read(answer_html(attempt(answer="7 & <8>"), costs, {"numeric": Score(0, "7", "expected 9")})).text
    for words in ("7 & <8>", "answered", "1,200 tokens", "434 tokens", "99,999 pairs", "1.2 s", "numeric: wrong"):
        assert words in shown
    assert "none" in read(answer_html(attempt(answer=None, ending=Ending.STEP_LIMIT), costs)).text
    assert "hit the step limit" in answer_html(attempt(ending=Ending.STEP_LIMIT), costs)
    assert "434 tokens" in costs_html(costs)
