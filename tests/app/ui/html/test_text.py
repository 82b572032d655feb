from __future__ import annotations

from html import unescape

import pytest
from markupsafe import Markup

from app.attempt_view import AttemptView
from app.store.records import Attempt, AttemptSpec, Costs, Record
from app.ui.html import text as text_module
from app.ui.html.attempt import header_html, settings_html, step_html
from app.ui.html.calls import outputs_html, prompt_html, prompts_html
from app.ui.html.columns import Column, columns_html
from app.ui.html.memories import memory_html
from app.ui.html.steps import answer_html, step_card_html
from app.ui.html.tables import brief
from app.ui.html.text import MAX_SHOWN, alert_html, escaped, joined, markup, note_html, one_line, status_html, text_html
from prompts.memories import TextMemory
from prompts.settings import Settings
from prompts.steps import Step
from prompts.values import Answer, Ending, Finding, Message, Part, PartKind, Question, Role, Score, Thought
from tests.app.ui.html.reader import HOSTILE, attempt, call, read

PARTS: tuple[tuple[Role, PartKind], ...] = (("system", "system"), ("user", "question"), ("assistant", "thought"))


def everything(text: str) -> list[Markup]:
    """Everything that can be shown, with the text wherever a model, a stranger or an error could have put it."""
    memory = TextMemory((text, f"kept = {text}"), (text,))
    step = Step("step", 1, memory, memory, (call(text, error=text),), (text,), Thought(text, text))
    doubts = (Finding("equations", "wrong", text, text), Finding("equations", "unreadable", text))
    unknown = (Finding(text[:1000], text[:1000], text, text),)
    summary = Step("summarize", 1, TextMemory((f"kept = 7{text}", "gone")), memory, (call(text),), (text,))
    conclusion = Step(
        "conclude", 1, memory, memory, (call(text),), (text,), answer=Answer(text, text), ending=Ending.ANSWERED
    )
    prompt = call(text, messages=tuple(Message(role, (Part(kind, text), Part(kind, text))) for role, kind in PARTS))
    numbers = [("kept", text), ("dropped", text), ("dropped", "1"), ("invented", text), ("invented", "7")]
    fidelity = tuple(Finding("fidelity", kind, number) for kind, number in numbers)
    name = text[:1000]
    spec = AttemptSpec(Question(text, text, text), name, name, name, Settings(), 2, 3, 4)
    found = attempt(text, answer=text)
    view = AttemptView(1, (Record(0, step, doubts),), found, Costs())
    return [
        alert_html(text),
        step_card_html(Record(0, step, doubts)),
        step_card_html(Record(1, summary, fidelity)),
        step_card_html(Record(2, conclusion, unknown)),
        step_html(1, Record(2, conclusion), 3),
        memory_html(TextMemory((text + "!",)), memory, fidelity),
        prompt_html(prompt),
        prompts_html((prompt, prompt)),
        outputs_html((prompt,)),
        answer_html(found, Costs(), {text[:1000]: Score(0, text, text)}),
        answer_html(attempt(text, error=text), Costs()),
        header_html(Attempt(1, spec, "done", None, text, text, Ending.ANSWERED, 0, 1)),
        settings_html(found),
        columns_html([Column(text[:1000], view), Column(text[:1000], AttemptView(error=text))]),
        brief(text),
        note_html(text[:1000]),
        status_html(text[:1000]),
    ]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_escaped_everywhere(name: str) -> None:
    for html in everything(HOSTILE[name]):
        assert len(html) < 1_000_000
        read(html)


def test_control_and_bidirectional_characters_are_replaced() -> None:
    assert escaped("a\u202eb\x1bc") == "a\ufffdb\ufffdc"
    assert unescape(escaped("<a>'\"&")) == "<a>'\"&"
    assert one_line("a\u202e\nb" + 100 * "c", 5) == "a\ufffd b…"


def test_html_is_escaped_once_and_text_given_as_html_is_escaped_too() -> None:
    assert markup("<b>{}</b>", escaped("a & b")) == Markup("<b>a &amp; b</b>")
    assert joined([escaped("<"), markup("<i>{}</i>", 7)], " > ") == Markup("&lt; &gt; <i>7</i>")
    forgotten: str = "<script>"
    assert markup("<b>{}</b>", forgotten) == Markup("<b>&lt;script&gt;</b>")  # pyright: ignore[reportArgumentType]


def test_a_megabyte_is_cut_before_it_is_escaped_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = list[int]()
    monkeypatch.setattr(text_module, "sanitize", lambda text: lengths.append(len(text)) or text)
    html = text_html("x" * 1_000_000)
    assert max(lengths) <= MAX_SHOWN
    assert html.count("x") < MAX_SHOWN + 50
    assert "20,000 of 1,000,000 characters" in html
    assert "characters are shown" not in text_html("x" * MAX_SHOWN)
    many = memory_html(None, TextMemory(tuple(f"{i} " + "y" * 1000 for i in range(100))))
    assert many.count("y" * 1000) == 19 and "81 more lines are not shown" in many


def test_an_alert_is_announced_and_an_empty_one_shows_nothing() -> None:
    assert 'role="alert"' in alert_html("No.")
    assert alert_html("") == ""
