from __future__ import annotations

import re

import pytest
from markupsafe import Markup

from app.attempt_view import STOPPED, AttemptView
from app.store.records import Attempt, AttemptSpec, Costs, Record
from app.ui.jobs import JobList, QuestionJob
from app.ui.page import Link, read_link
from app.ui.site import Site
from app.ui.tabs.solve import SHOWN, answer_box_html, chart_box_html, questions_box_html, steps_box_html
from graphs.isump import IsumpSettings
from prompts.memories import TextMemory
from prompts.steps import Step, Verb
from prompts.values import Call, Ending, Generation, Message, Part, Question, Request, Thought, Usage

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\u202etxt"


def taken(index: int, verb: Verb, text: str) -> Record:
    thought = Thought(text) if verb == "step" else None
    return Record(index, Step(verb, index // 2 + 1, TextMemory(), TextMemory((text,)), thought=thought))


def asked(text: str, view: AttemptView) -> QuestionJob:
    question = QuestionJob(text)
    question.views = [view]
    return question


def ended(answer: str | None) -> AttemptView:
    spec = AttemptSpec(Question("q", "Why?"), "isump", "scripted", "scripted", IsumpSettings())
    return AttemptView(1, (), Attempt(1, spec, "done", None, answer, "", Ending.ANSWERED, 0.0, 1.0), Costs())


def test_a_summary_is_nested_in_its_thought() -> None:
    html = steps_box_html([taken(0, "step", "first"), taken(1, "summarize", "known"), taken(2, "step", "second")])
    assert html.count('<li class="round">') == 2
    first, second = html.split('<li class="round">')[1:]
    assert "first" in first and "known" in first.split('class="nested"')[1] and "second" in second


def test_a_long_attempt_shows_its_newest_steps() -> None:
    html = steps_box_html([taken(i, "step", f"thought {i}.") for i in range(SHOWN + 5)])
    assert "The first 5 steps are in the trace" in html
    assert "thought 4." not in html and "thought 5." in html


def test_the_chart_grows_with_the_calls_and_keeps_its_room() -> None:
    call = Call(
        Request((Message("user", (Part("question", "Why?"),)),), 9), Generation("so", Usage(100, 40), "stop", 0.1)
    )
    step = Step("step", 1, TextMemory(), TextMemory(), (call,), thought=Thought("so"))
    empty, one, two = (chart_box_html([Record(i, step) for i in range(n)]) for n in range(3))
    assert [html.count('<g class="point') for html in (empty, one, two)] == [0, 2, 4]
    assert "nothing to show yet" in empty and "nothing to show yet" not in one and "140 tokens" in one
    (room,) = {re.findall(r'class="picture" viewBox="[^"]+"', html)[0] for html in (empty, one, two)}
    assert room.endswith('"0 0 440 280"')


def test_the_answer_box_says_how_far_an_attempt_is(site: Site) -> None:
    assert "The answer will appear here." in answer_box_html(None)
    assert "Opening the model" in answer_box_html(AttemptView())
    assert "Thinking …" in answer_box_html(AttemptView(3))
    records = (taken(0, "step", "so"), taken(1, "summarize", "so"))
    assert "Thought 1 is there …" in answer_box_html(AttemptView(3, records[:1]))
    assert "Thinking, after thought 1 …" in answer_box_html(AttemptView(3, records))
    stopped = answer_box_html(AttemptView(3, records[:1], error=STOPPED))
    assert "Stopped after 1 step;" in stopped and 'href="?attempt=3"' in stopped
    assert "Stopped before the first step;" in answer_box_html(AttemptView(error=STOPPED))
    assert "42" in answer_box_html(ended("42"))
    failed = answer_box_html(AttemptView(3, error=f"{site.store.path} is full {HOSTILE}"))
    assert 'role="alert"' in failed and "is full" in failed


def test_untrusted_text_is_escaped(site: Site) -> None:
    parts = [
        steps_box_html([taken(0, "step", HOSTILE), taken(1, "summarize", HOSTILE)]),
        answer_box_html(ended(HOSTILE)),
        answer_box_html(AttemptView(1, error=HOSTILE)),
        questions_box_html(JobList([asked(HOSTILE, AttemptView(1)), asked("Why?", ended(HOSTILE))])),
    ]
    for html in parts:
        assert isinstance(html, Markup)
        assert "<script" not in html and "<img" not in html and "\u202e" not in html
        assert "alert(1)" in html, "it is shown, not dropped"


def test_the_questions_of_a_visitor_are_listed_when_there_are_two() -> None:
    one, two, none = asked("First?", ended("7")), asked("Second?", AttemptView(2)), asked("Third?", AttemptView())
    assert questions_box_html(JobList([none, one])) == ""
    html = questions_box_html(JobList([two, one]))
    assert "attempt 2" in html and "thinking" in html and "First?" in html and "7" in html


@pytest.mark.parametrize(
    ("query", "link"),
    [
        ({}, Link()),
        ({"attempt": "12", "step": "3"}, Link(attempt=12)),
        ({"run": "2", "__theme": "dark"}, Link(run=2)),
        ({"attempt": "-1", "run": "x"}, Link()),
        ({"attempt": "9" * 40}, Link()),
        ({"attempt": "١٢"}, Link()),
    ],
)
def test_a_link_is_read_or_ignored(query: dict[str, str], link: Link) -> None:
    assert read_link(query) == link
