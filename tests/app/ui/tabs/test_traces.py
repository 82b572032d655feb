from __future__ import annotations

from dataclasses import replace
from typing import Any

import gradio as gr
import pytest
from gradio.components import FormComponent

from app.backends.scripted import ScriptedBackend
from app.session import solve
from app.store import Store
from app.store.search import AttemptFilter
from app.ui.site import Site
from app.ui.tabs.traces import build, filter_choices, list_attempts, read_filters, show_attempt, show_step, shown_only
from graphs.isump import IsumpSettings
from prompts import checks
from prompts.checks.check import Check
from prompts.settings import Settings
from prompts.values import Finding, Question
from tests.app.ui.scripts import scripted_backends

REPLIES = ["12 - 5 = 8 apples.\n", "What we know:\n- left = 7 and 99\nWhat to do next:\n- stop", "Answer: 7"]


@pytest.fixture
async def site(store: Store) -> Site:
    for text in ("Ann has 12 apples.", "<b>Bo</b> has 12 pears."):
        settings = IsumpSettings(memory="rewrite")
        async for _ in solve(Question("asked", text), "isump", ScriptedBackend(REPLIES), settings, store):
            pass
    return Site(store, scripted_backends([]), {}, read_only=False)


def test_attempts_are_listed_newest_first_and_counted(site: Site) -> None:
    rows, counted, page = list_attempts(site, AttemptFilter(), 0)
    assert isinstance(rows, list) and [row[0] for row in rows] == [2, 1]
    assert rows[0][1:4] == ["<b>Bo</b> has 12 pears.", "7", "not judged, wrong equations, invented numbers"]
    assert "1 to 2 of 2 attempts" in str(counted)
    assert page == 0


def test_a_page_beyond_the_last_is_the_last(site: Site) -> None:
    rows, _, page = list_attempts(site, AttemptFilter(), 7)
    assert isinstance(rows, list) and len(rows) == 2 and page == 0


def test_filters_that_make_no_sense_are_answered_in_place(site: Site) -> None:
    rows, problem, _ = list_attempts(site, read_filters("", "flipped", 1, 0, "", ""), 0)
    assert rows == [] and 'role="alert"' in str(problem) and "two different runs" in str(problem)
    rows, counted, _ = list_attempts(site, read_filters("walnuts", "", 0, 0, "", ""), 0)
    assert rows == [] and "No attempts" in str(counted)


def test_an_attempt_opens_at_the_step_asked_for(site: Site) -> None:
    shown: Any = show_attempt(site, 1, 1)
    slider, head, answer, settings, steps, body, prompt, output, known, goals, question, *_ = shown
    assert (slider.maximum, slider.value, slider.interactive) == (3, 1, True)
    assert "Ann has 12 apples." in head and "7" in answer and "step tokens" in settings
    assert steps.count("data-step") == 4 + 2 and "Memory after thought 1" in body
    assert 'data-step="0">step 0: <span class="is-flag is-fault">wrong equation</span>' in steps
    assert 'data-step="1">step 1: <span class="is-flag is-fault">invented number</span>' in steps
    assert known["value"] == "left = 7 and 99" and goals["value"] == "stop" and question == "Ann has 12 apples."
    assert "is-memory" in body and '<mark class="is-invented">99</mark>' in body
    assert "stable prefix" in prompt and "instruction" in prompt and "What we know:" in output


@pytest.mark.parametrize(("at", "shown"), [(99, 3), (-1, 0), (None, 0), ("x", 0), (2.0, 2), (1e400, 0), ("1e300", 3)])
def test_a_step_out_of_bounds_is_the_nearest(site: Site, at: Any, shown: int) -> None:
    slider = show_attempt(site, 2, at)[0]
    assert isinstance(slider, gr.Slider) and slider.value == shown
    assert f"Step {shown} (of steps 0 to 3)" in str(show_step(site, 2, at)[1])


@pytest.mark.parametrize("number", [99, -1, 10**30, 0, None, "x", [1]])
def test_an_absent_attempt_is_a_sentence_in_place_that_names_no_file(site: Site, number: Any) -> None:
    slider, head, *rest = show_attempt(site, number, 0)
    assert isinstance(slider, gr.Slider) and not slider.interactive
    assert (
        ("there is none" in str(head)) if isinstance(number, int) and number > 0 else ("Choose an attempt" in str(head))
    )
    assert ":memory:" not in str(head) and rest[:9] == [""] * 9
    assert show_step(site, number, 0)[1:7] == ("",) * 6, "and the boxes hold nothing of another attempt"


def test_a_read_only_page_has_no_boxes_to_fill(site: Site) -> None:
    assert len(show_step(replace(site, read_only=True), 1, 1)) == 4
    assert len(show_attempt(replace(site, read_only=True), 1, 1)) == 8


async def test_every_fault_of_every_check_is_a_filter(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def judge(question: Question, step: object, thought: str) -> list[Finding]:
        return [Finding("shouting", "capitals", "HELLO")] if "shout" in question.text else []

    shouting = Check("shouting", "words in capitals", judge, {"capitals": "shouted word"})
    monkeypatch.setitem(checks.CHECKS, "shouting", shouting)
    question, backend = Question("asked", "Why shout?"), ScriptedBackend(["Answer: 7"])
    async for _ in solve(question, "cot", backend, Settings(), site.store, checks=("shouting",)):
        pass
    offered = shown_only()
    for name, numbers in {"shouted words": [3], "wrong equations": [2, 1], "invented numbers": [2, 1]}.items():
        rows: Any = list_attempts(site, read_filters("", offered[name], 0, 0, "", ""), 0)[0]
        assert [row[0] for row in rows] == numbers
    assert "shouted word" in str(show_attempt(site, 3, 0))


def test_filters_offer_what_is_in_the_store(site: Site) -> None:
    run, other, task, strategy = filter_choices(site)
    assert [box.choices for box in (run, other, task)] == [[("any", 0)], [("none", 0)], [("any", "")]]
    assert strategy.choices == [("any", ""), ("isump", "isump")]


async def test_every_control_has_a_label_and_no_handler_is_an_open_endpoint(site: Site) -> None:
    with gr.Blocks() as demo:
        build(site)
    for block in demo.blocks.values():
        if isinstance(block, FormComponent | gr.Dataframe):
            assert block.label, block
    assert demo.fns and all(fn.api_visibility == "private" for fn in demo.fns.values())
