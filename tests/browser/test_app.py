"""The page in a real browser, used as a visitor uses it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import ASKED, HOSTILE, Served

# Gradio uses what pandas no longer likes, and here its warnings would be errors in the middle of an answer.
pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

Visit = Callable[..., Page]
WATCH_SHIFTS = """
window.shifts = [];
const note = (shift) => shifts.push([shift.value, shift.sources.map((source) => source.node?.className ?? '')]);
new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({type: 'layout-shift'});
"""
WALNUTS, LONG = 7, 8
"""Numbers of attempts that were there before."""


def ask(page: Page, question: str) -> None:
    page.get_by_label("Question", exact=True).first.fill(question)
    page.get_by_role("button", name="Solve", exact=True).click()


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()


def panel(page: Page) -> Locator:
    """The tab that is open."""
    return page.locator("[role=tabpanel]:visible")


def unfold(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def choose(page: Page, label: str, option: str) -> None:
    panel(page).get_by_label(label, exact=True).click()
    page.get_by_role("option", name=re.compile(option)).locator("visible=true").last.click()


def test_a_question_is_solved_live_and_stored(served: Served, visit: Visit) -> None:
    page = visit(served.url)
    ask(page, ASKED)
    expect(page.locator(".answer-box .is-value")).to_have_text("27")
    expect(page.locator(".steps .is-step")).to_have_count(3 + 2 + 1)
    expect(page.locator(".steps [aria-label='What we know']").last).to_contain_text("tulips up = 32")
    expect(page.locator(".chart-box svg.picture .mark")).not_to_have_count(0)
    newest = served.store.attempts(1)[0]
    assert (newest.answer, newest.status, newest.spec.question.text) == ("27", "done", ASKED)


@pytest.mark.parametrize("width", [1280, 400])
def test_no_layout_shift_while_the_page_loads_and_steps_stream_in(width: int, served: Served, visit: Visit) -> None:
    page = visit(served.url, width, WATCH_SHIFTS)
    page.locator(".chart-box svg.picture").wait_for()
    page.wait_for_timeout(600)  # what moves within half a second of a click does not count
    ask(page, f"Think a while. {ASKED}")
    expect(page.locator(".answer-box .is-value")).to_have_text("27")
    page.wait_for_timeout(300)
    shifts = page.evaluate("window.shifts")
    assert sum(value for value, _ in shifts) < 0.1, shifts  # what web.dev calls good
    page.evaluate("document.body.style.paddingTop = '300px'")
    page.wait_for_function(f"window.shifts.length > {len(shifts)}")  # a jump would have been seen


def test_an_error_is_a_sentence_in_place(served: Served, visit: Visit) -> None:
    page = visit(served.url)
    ask(page, " ")
    expect(page.locator(".answer-box [role=alert]")).to_contain_text("There is no question")


def test_stop_works_at_once_and_keeps_the_partial_trace(served: Served, visit: Visit) -> None:
    page = visit(served.url)
    ask(page, f"Think slowly. {ASKED}")
    expect(page.locator(".steps .is-step")).to_have_count(2)
    panel(page).get_by_role("button", name="Stop").click()
    expect(page.locator(".block.answer-box")).to_contain_text("Stopped after 2 steps", timeout=2000)
    newest = served.store.attempts(1)[0]
    assert (newest.status, newest.error) == ("error", "stopped")
    assert len(served.store.records(newest.id)) == 2


def test_a_visitor_who_leaves_stops_what_ran_and_keeps_it(served: Served, visit: Visit) -> None:
    page = visit(served.url)
    ask(page, f"Think slowly, alone. {ASKED}")
    expect(page.locator(".steps .is-step")).to_have_count(2)
    page.close()
    left = next(attempt.id for attempt in served.store.attempts(9) if "alone" in attempt.spec.question.text)
    until = time.monotonic() + 20
    while served.store.attempt(left).status == "running" and time.monotonic() < until:
        time.sleep(0.1)
    assert served.store.attempt(left).error == "stopped"
    assert len(served.store.records(left)) == 2


def test_visitors_do_not_see_each_other_and_one_may_ask_twice(served: Served, visit: Visit) -> None:
    slow, other = visit(served.url), visit(served.url)
    ask(slow, f"Think slowly. {ASKED}")
    expect(slow.locator(".steps .is-step")).to_have_count(2)
    ask(other, ASKED)
    expect(other.locator(".answer-box .is-value")).to_have_text("27")
    assert "Your questions" not in other.inner_text("body") and "slowly" not in other.inner_text("body")
    expect(slow.locator(".answer-box .is-value")).to_have_count(0)
    ask(slow, ASKED)
    expect(slow.locator(".answer-box .is-value")).to_have_text("27")
    expect(slow.locator(".questions-box li")).to_have_count(2)
    panel(slow).get_by_role("button", name="Stop").click()
    expect(slow.locator(".block.questions-box")).to_contain_text("stopped")


def test_traces_are_searched_and_opened(served: Served, visit: Visit) -> None:
    page = visit(served.url)
    tab(page, "Traces")
    expect(page.locator(".block.pager-text")).to_contain_text("attempts")  # the list that the page opens with
    words = page.get_by_label("Words")
    words.fill("walnuts")
    words.press("Enter")
    expect(page.locator(".block.pager-text")).to_have_text("1 to 1 of 1 attempts")
    page.locator(".attempts-box").get_by_text("How many walnuts are there?").locator("visible=true").first.click()
    expect(page.locator(".block.question-box")).to_contain_text(f"attempt {WALNUTS}")
    words.fill("")
    words.press("Enter")
    choose(page, "Show", "wrong answers")
    expect(page.locator(".block.pager-text")).to_have_text("1 to 2 of 2 attempts")


def test_an_attempt_is_stepped_through(served: Served, visit: Visit) -> None:
    page = visit(f"{served.url}/?attempt={WALNUTS}")
    place = page.locator(".is-place")
    expect(place).to_contain_text("Step 0")
    expect(page.locator(".block.step-box")).to_contain_text("So 3 + 4 = 7.")
    page.get_by_role("button", name="Next step").click()
    expect(place).to_contain_text("Step 1")
    expect(page.locator(".step-box .is-added").first).to_contain_text("pears = 7")
    page.get_by_role("slider", name=re.compile("Step")).press("ArrowRight")
    expect(place).to_contain_text("Step 2")
    page.locator("[data-step='0']").click()
    expect(place).to_contain_text("Step 0")
    unfold(page, "The prompt, exactly as it was sent")
    for part in ("stable prefix", "instruction"):
        expect(page.locator(".is-prompt .is-label", has_text=part).first).to_be_visible()


def test_links_lead_to_attempt_step_and_run(served: Served, visit: Visit) -> None:
    page = visit(f"{served.url}/?attempt=2&step=2")
    expect(page.locator(".block.question-box")).to_contain_text(re.compile("Bo has 1 pears.*attempt 2 · cot"))
    expect(page.locator(".is-place")).to_contain_text("Step 2")
    page.goto(f"{served.url}/?run=2")
    expect(page.get_by_role("tab", name="Runs")).to_have_attribute("aria-selected", "true")
    expect(panel(page).locator("table").last).to_contain_text("q2")
    page.goto(f"{served.url}/?attempt=999")
    expect(page.locator(".question-box [role=alert]")).to_contain_text("there is none of that number")


def test_a_run_is_opened_from_its_mark(served: Served, visit: Visit) -> None:
    page = visit(served.url)
    tab(page, "Runs")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name=re.compile("^run 1: cot")).first.press("Enter")  # both marks are in one place
    expect(opened.value.get_by_label("Run", exact=True)).to_have_value(re.compile("^run 1:"))


@pytest.mark.parametrize("visit_number", range(3))
def test_a_link_to_a_step_fills_the_boxes_of_that_step(visit_number: int, served: Served, visit: Visit) -> None:
    page = visit(f"{served.url}/?attempt={WALNUTS}&step=1")
    expect(page.locator(".is-place")).to_contain_text("Step 1")
    unfold(page, "Edit this step and resume")
    expect(page.get_by_role("textbox", name="What we know")).to_have_value(re.compile("pears = 7"))


def test_a_fork_is_resumed_from_an_edited_memory(served: Served, visit: Visit) -> None:
    page = visit(served.url)
    ask(page, ASKED)
    expect(page.locator(".answer-box .is-value")).to_have_text("27")
    parent = served.store.attempts(1)[0].id
    page.goto(f"{served.url}/?attempt={parent}")
    expect(page.locator(".is-place")).to_contain_text("Step 0")
    page.get_by_role("button", name="Next step").click()
    expect(page.locator(".is-place")).to_contain_text("Step 1")
    unfold(page, "Edit this step and resume")
    known = page.get_by_role("textbox", name="What we know")
    expect(known).to_have_value(re.compile("tulips planted = 48"))
    page.wait_for_timeout(700)  # Gradio sets a box that has just been unfolded once more, faster than anyone types
    known.fill("tulips planted = 60")
    page.get_by_role("button", name="Resume from here").click()
    view = page.locator(".block.columns-box:visible")
    expect(view).to_contain_text("35 tulips are left")
    expect(view).to_contain_text("Forked at step 1")
    expect(view.locator(".differs").first).to_be_visible()
    fork = served.store.attempts(1)[0]
    assert (fork.answer, fork.spec.parent, fork.spec.forked_at_step) == ("35", parent, 1)
    expect(known).to_have_value("tulips planted = 60")
    known.fill("tulips planted = 48")
    page.get_by_role("button", name="Which fact mattered?").click()
    expect(page.get_by_text("1 of 1 facts removed, 1 of them flip the answer.")).to_be_visible()


def test_two_strategies_are_compared_live(served: Served, visit: Visit) -> None:
    page = visit(served.url)
    tab(page, "Compare")
    shown = panel(page)
    shown.get_by_label("Question", exact=True).fill(f"{ASKED} Say it all at once.")
    shown.get_by_role("button", name="Compare", exact=True).click()
    view = shown.locator(".block.columns-box")
    expect(view).to_contain_text("What each cost")
    expect(view.locator(".head")).to_have_count(2)
    newest = served.store.attempts(2)
    assert {attempt.spec.strategy for attempt in newest} == {"isump", "cot"}
    assert {attempt.answer for attempt in newest} == {"27"}


def test_two_runs_are_compared_question_by_question(served: Served, visit: Visit) -> None:
    page = visit(served.url)
    tab(page, "Compare")
    choose(page, "Baseline run", "run 1\\b")
    choose(page, "Run held against it", "run 2\\b")
    page.get_by_role("button", name="Compare the runs").click()
    view = page.locator(".block.comparison-box")
    expect(view).to_contain_text("McNemar")
    expect(view.locator("tbody tr", has_text="q1")).not_to_have_count(0)


@pytest.mark.parametrize("link", ["", f"?attempt={LONG}", f"?attempt={LONG}&step=1", f"?attempt={LONG}&step=2"])
def test_hostile_text_is_shown_and_does_nothing(link: str, served: Served, visit: Visit) -> None:
    page = visit(f"{served.url}/{link}")
    if link:
        expect(page.locator(".is-place")).to_be_visible()
        expect(page.locator(".block.step-box")).to_contain_text("Cut here in the view")
        unfold(page, "The prompt, exactly as it was sent")
        unfold(page, "The reply, raw")
    else:
        ask(page, f"A hostile one. {ASKED} {HOSTILE}")
        expect(page.locator(".answer-box .is-value")).not_to_be_empty()
    expect(page.locator(".is-text:visible", has_text="<script>window.hit = 1</script>").first).to_be_visible()
    assert "<think>hidden</think> **bold** [a](b)" in page.inner_text("body")
    assert "\u202e" not in page.inner_text("body")
    alive = ".is-view :is(script, img, think, a[href='b']), .is-text strong, .katex, .math, iframe:visible"
    assert page.locator(alive).count() == 0
    assert page.evaluate("window.hit") is None
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_a_read_only_page_changes_nothing(read_only: Served, visit: Visit) -> None:
    page = visit(read_only.url)
    expect(page.get_by_role("tab")).to_have_text(["Traces", "Compare", "Runs"])
    before = len(read_only.store.attempts(100))
    for name in ("Traces", "Compare", "Runs"):
        tab(page, name)
        expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
        for control in ("Solve", "Stop", "Resume from here", "Which fact mattered?", "Compare", "Start"):
            assert page.get_by_role("button", name=control, exact=True).count() == 0
    assert len(read_only.store.attempts(100)) == before


def test_nothing_is_wider_than_a_narrow_screen(served: Served, visit: Visit) -> None:
    page = visit(f"{served.url}/?attempt={WALNUTS}", width=400)
    expect(page.locator(".is-place")).to_be_visible()
    for name in ("Traces", "Compare", "Runs", "Solve"):
        tab(page, name)
        expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
        assert page.evaluate("document.documentElement.scrollWidth") <= 400, name


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_axe_violations(theme: str, axe: str, served: Served, visit: Visit) -> None:
    page = visit(f"{served.url}/?__theme={theme}")
    ask(page, ASKED)
    expect(page.locator(".answer-box .is-value")).to_have_text("27")
    page.evaluate(axe)
    for name in ("Solve", "Traces", "Compare", "Runs"):
        tab(page, name)
        expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
        page.mouse.move(0, 0)
        page.wait_for_timeout(700)  # what fades in has no contrast before it is there
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        assert not [(each["impact"], each["id"], node["html"][:200]) for each in found for node in each["nodes"]], name
