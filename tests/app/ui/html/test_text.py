from __future__ import annotations

import time
from fractions import Fraction
from html import unescape

import pytest

from app.store.records import Attempt, AttemptSpec, Costs, Record, Score
from app.ui.html.attempt import (
    header_html,
    outputs_html,
    prompts_html,
    settings_html,
    step_html,
)
from app.ui.html.steps import answer_html, memory_html, prompt_html, thought_html
from app.ui.html.text import LONGEST, alert_html, inert, text_html
from prompts.checks.equations import Claim
from prompts.checks.fidelity import Fidelity
from prompts.settings import Settings
from prompts.steps import Step
from prompts.values import (
    Answer,
    Message,
    Question,
    TextMemory,
    Thought,
)
from tests.app.ui.html.reader import HOSTILE, attempt, call, read


def everything(text: str) -> list[str]:
    """Everything that can be shown, with the text wherever a model, a stranger or an error could have put it."""
    memory = TextMemory((text, f"kept = {text}"), (text,))
    step = Step("step", 1, memory, memory, (call(text, error=text),), (text,), Thought(text, text))
    claim = Claim(text, Fraction(7), Fraction(8), "wrong")
    summary = Step("summarize", 1, TextMemory((f"kept = 7{text}", "gone")), memory, (call(text),), (text,))
    conclusion = Step(
        "conclude", 1, memory, memory, (call(text),), (text,), answer=Answer(text, text), ending="answered"
    )
    prompt = call(text, messages=tuple(Message(role, (text, text)) for role in ("system", "user", "assistant")))
    fidelity = Fidelity((text,), (text, "1"), (text, "7"))
    name = text[:1000]
    spec = AttemptSpec(Question(text, text, text), name, name, name, Settings(), 2, 3, 4)
    found = attempt(text, answer=text)
    return [
        alert_html(text),
        thought_html(Record(0, step, None, (claim, Claim(text, None, None, "unreadable")))),
        thought_html(Record(1, summary, fidelity)),
        thought_html(Record(2, conclusion)),
        step_html(1, Record(2, conclusion), 3),
        memory_html(TextMemory((text + "!",)), memory, fidelity),
        prompt_html(prompt),
        prompts_html((prompt, prompt)),
        outputs_html((prompt,)),
        answer_html(found, Costs(), [Score(text[:1000], 0, text, text)]),
        answer_html(attempt(text, error=text), Costs()),
        header_html(Attempt(1, spec, "done", None, text, text, "answered", 0, 1)),
        settings_html(found),
    ]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_shown_inert(name: str) -> None:
    for html in everything(HOSTILE[name]):
        assert len(html) < 1_000_000
        read(html)


@pytest.mark.parametrize(
    "name", [name for name in HOSTILE if name not in ("reversed", "controls", "megabyte", "lines")]
)
def test_hostile_text_is_shown_as_it_is(name: str) -> None:
    text = HOSTILE[name]
    for html in everything(text)[:6]:
        assert text in read(html).text


def test_what_could_reverse_a_line_or_hide_in_it_is_seen() -> None:
    assert inert("a\u202eb\x1bc") == "a\ufffdb\ufffdc"
    assert unescape(inert("<a>'\"&")) == "<a>'\"&"


def test_a_megabyte_is_cut_and_says_so() -> None:
    started = time.perf_counter()
    html = text_html("x" * 1_000_000)
    assert time.perf_counter() - started < 0.5
    assert html.count("x") < LONGEST + 50
    assert "20,000 of 1,000,000 characters" in html
    assert "characters are shown" not in text_html("x" * LONGEST)
    many = memory_html(None, TextMemory(tuple(f"{i} " + "y" * 1000 for i in range(100))))
    assert many.count("y" * 1000) == 19 and "81 more lines are not shown" in many


def test_an_alert_is_announced_and_nothing_is_nothing() -> None:
    assert 'role="alert"' in alert_html("No.")
    assert alert_html("") == ""
