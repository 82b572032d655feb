from __future__ import annotations

from app.store.records import Record
from app.store.search import AttemptSummary, FirstFault, StepSummary
from app.ui.html.attempt import attempt_cells, header_html, settings_html, step_html, stepper_html
from app.ui.html.calls import outputs_html, prompts_html
from prompts.memories import TextMemory, VectorMemory
from prompts.steps import Step
from prompts.values import Thought
from tests.app.ui.html.reader import EMPTY, attempt, call, read


def test_the_head_links_to_run_and_parent() -> None:
    html = header_html(attempt())
    assert 'href="?run=2"' in html and 'href="?attempt=3&amp;step=4"' in html
    assert "attempt 12" in read(html).text


def test_steps_are_buttons_and_the_current_one_is_marked() -> None:
    outline = [
        StepSummary(0, "step", 1, 38, 1.2, (("wrong equation", 1),), False),
        StepSummary(1, "summarize", 1, 0, 0.0, (("invented number", 2),), True),
        StepSummary(2, "conclude", 1, 0, 0.0, (), False),
    ]
    html = stepper_html(outline, 1, 3)
    buttons = [attributes for tag, attributes in read(html).tags if tag == "button"]
    assert [button["data-step"] for button in buttons] == ["0", "1", "2"]
    assert [button.get("aria-current") for button in buttons] == [None, "step", None]
    for words in ("0: thought 1", "38 tokens, 1.2 s", "1 wrong equation", "1: memory 1", "2 invented numbers", "note"):
        assert words in read(html).text
    assert "2: conclusion" in read(html).text
    assert "the slider reaches all" in stepper_html(outline, 1, 900)
    assert "No step" in stepper_html([], 0, 0)


def test_the_first_step_of_each_fault_is_a_button() -> None:
    faults = [
        FirstFault("equations", "wrong", "wrong equation", 0, "1 + 1 = 3"),
        FirstFault("x", "y", "broken edge", 7, "a < b"),
    ]
    html = stepper_html([StepSummary(0, "step", 1, 0, 0.0, (), False)], 0, 9, faults)
    buttons = [attributes["data-step"] for tag, attributes in read(html).tags if tag == "button"]
    assert buttons == ["0", "7", "0"]
    assert "step 0: wrong equation 1 + 1 = 3" in read(html).text and "step 7: broken edge a < b" in read(html).text


def test_a_step_links_to_itself_and_shows_the_memory_it_was_given() -> None:
    memory = TextMemory(("left = 7",), ("stop",))
    step = Step("step", 2, memory, memory, (call(),), thought=Thought("So 7."))
    html = step_html(12, Record(4, step), 9)
    assert 'href="?attempt=12&amp;step=4"' in html
    assert "Step 4 (of steps 0 to 8)" in html and "The memory it was given" in html and "left = 7" in html
    bare = Step("step", 1, EMPTY, EMPTY, thought=Thought("So 7."))
    assert "The memory it was given" not in step_html(12, Record(0, bare), 1)
    vectors = VectorMemory(b"x", (1, 4), 2.0)
    given = step_html(12, Record(0, Step("step", 1, vectors, vectors, thought=Thought("So 7."))), 1)
    assert "The memory it was given" in given and "norm 2" in given


def test_a_row_is_plain_short_and_says_how_it_came_out() -> None:
    found = AttemptSummary(
        5,
        2,
        "gsm8k",
        "isump",
        "m",
        "a\nb <b>" + "x" * 200,
        "done",
        "7",
        None,
        "step_limit",
        3,
        0.0,
        False,
        4,
        (("wrong equation", 2), ("invented number", 1)),
    )
    row = attempt_cells(found)
    assert row[0] == 5 and row[6] == 4
    assert str(row[1]).startswith("a b <b>xx") and len(str(row[1])) == 90
    assert row[3] == "wrong, hit the step limit, wrong equations, invented numbers, forked from 3"
    assert row[5] == "2 (gsm8k)"


def test_raw_replies_come_with_settings_and_retries() -> None:
    shown = read(outputs_html((call("<b>raw</b>", error="timed out"), call()))).text
    for words in (
        "Call 1 of 2",
        "<b>raw</b>",
        "40 tokens, 30 of them cached",
        "10 of at most 64",
        "timed out (waited 1.5 s)",
    ):
        assert words in shown
    assert "asked the model nothing" in outputs_html(()) and "asked the model nothing" in prompts_html(())
    assert "step tokens" in settings_html(attempt())
