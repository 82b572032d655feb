"""NumberedReasoner: the model continues its own numbered steps, and each result is kept with its heading."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.backends.scripted import CAPABILITIES, Reply, ScriptedBackend
from graphs.isump import IsumpSettings
from prompts.backend import Capability
from prompts.memories import Memory, TextMemory
from prompts.numbered import HEADING_TOKENS, QUOTED, NumberedReasoner, as_written, labelled
from prompts.values import Finding, Question, Thought
from prompts.writers import WRITERS, transcript
from tests.prompts.conftest import CLIPS, part_kinds

SUM = Question("q", CLIPS.text, answers="number")
APRIL = TextMemory(("Find the clips in April: 40 + 8 = 48",), ("Find the clips in May",))
LIMIT = 500


def reasoner(backend: ScriptedBackend, **given: object) -> NumberedReasoner:
    settings = IsumpSettings.model_validate(given)
    return NumberedReasoner(backend, settings, "isump", WRITERS[settings.memory])


def scripted(replies: Iterable[str | Reply], *, continues: bool = True) -> ScriptedBackend:
    return ScriptedBackend(replies, capabilities=CAPABILITIES if continues else frozenset[Capability]())


async def test_a_step_continues_the_memory_and_ends_at_the_next_heading() -> None:
    backend = scripted(["48 / 2 = 24 clips.\nStep 3: never read"])
    made = await reasoner(backend).step(SUM, APRIL, limit=LIMIT)
    [body] = backend.requests
    assert part_kinds(body)[1:] == [("user", ["question", "instruction"]), ("assistant", ["memory", "instruction"])]
    assert body.prefill == "Step 1: Find the clips in April.\n40 + 8 = 48\nStep 2: Find the clips in May.\n"
    assert body.stop == ("Step 3",)
    thought = made.value
    assert thought.text == "Step 2: Find the clips in May.\n48 / 2 = 24 clips."
    assert thought.result == "Find the clips in May: 48 / 2 = 24 clips."
    assert thought.answer is None and made.marks == ()


async def test_without_a_goal_a_step_begins_with_a_heading_of_its_own() -> None:
    backend = scripted([" Find the clips in May.\n48 / 2 = 24\n"])
    thought = (await reasoner(backend).step(SUM, TextMemory(), limit=LIMIT)).value
    assert [request.prefill for request in backend.requests] == ["Step 1:"]
    assert thought.result == "Find the clips in May: 48 / 2 = 24"


@pytest.mark.parametrize("mode", ["keep", "add", "rewrite", "transcript"])
async def test_the_ways_to_write_the_memory_after_a_thought(mode: str) -> None:
    thought = Thought("Step 2: Find the clips in May.\n48 / 2 = 24", result="Find the clips in May: 48 / 2 = 24")
    replies, known = {
        "keep": ([" Add both\n"], (*APRIL.known, thought.result)),
        "add": (["clips in May = 24", " Add both\n"], (*APRIL.known, "clips in May = 24")),
        "rewrite": (["Known:\n- April 48, May 24\nNext:\n- Add both"], ("April 48, May 24",)),
        "transcript": ([" Add both\n"], (*APRIL.known, thought.text)),
    }[mode]
    backend = scripted(replies)
    write = transcript if mode == "transcript" else WRITERS[mode]  # type: ignore[index]
    made = NumberedReasoner(backend, IsumpSettings(), "isump", write)
    assert (await made.summarize(SUM, APRIL, thought, limit=LIMIT)).value == TextMemory(known, ("Add both",))
    begun = "Step 1: Find the clips in April.\n40 + 8 = 48\nStep 2: Find the clips in May.\n48 / 2 = 24"
    for request in backend.requests:
        assert any(m.content.removesuffix("\nStep 3:") == begun for m in request.messages), "it continues the thought"
    if mode != "rewrite":
        assert (backend.requests[-1].stop, backend.requests[-1].max_tokens) == (("\n",), HEADING_TOKENS)


async def test_the_transcript_is_shown_as_it_was_written() -> None:
    backend = scripted(["1 + 1 = 2\n\n"])
    made = NumberedReasoner(backend, IsumpSettings(memory_tokens=16), "history_loop", transcript, show=as_written)
    thoughts = tuple(f"Step {n}: a\n" + "word " * 40 for n in range(1, 6))
    await made.step(SUM, TextMemory(thoughts, ("go on",)), limit=LIMIT)
    assert backend.requests[0].prefill == "".join(f"{each}\n" for each in thoughts) + "Step 6: go on.\n"


async def test_an_answer_at_the_end_of_the_reply_ends_the_attempt() -> None:
    made = await reasoner(scripted(["48 + 24 = 72.\nAnswer: 72"])).step(SUM, APRIL, limit=LIMIT)
    assert (made.value.answer, len(made.calls)) == ("72", 1)


async def test_an_answer_in_mid_thought_does_not_count_when_the_model_goes_on() -> None:
    thought = (await reasoner(scripted(["48 / 2 = 24.\nAnswer: 24\nStep 3: Add"])).step(SUM, APRIL, limit=LIMIT)).value
    assert (thought.answer, thought.result) == (None, "Find the clips in May: 48 / 2 = 24.")


async def test_an_answer_where_the_next_heading_would_stand_ends_the_attempt_without_a_call() -> None:
    made = await reasoner(scripted([])).step(SUM, TextMemory(APRIL.known, ("The final answer is 72",)), limit=LIMIT)
    assert (made.value.answer, made.calls) == ("72", ())


async def test_a_reply_that_ends_without_an_answer_is_asked_for_it() -> None:
    backend = scripted(["In all she sold 48 + 24 = 72 clips.", " 72 clips\n"])
    made = await reasoner(backend).step(SUM, APRIL, limit=LIMIT)
    assert backend.requests[1].prefill.endswith("= 72 clips.\nAnswer:")
    assert made.value.answer == "72 clips"


@pytest.mark.parametrize("body", ["", "Find the clips in May.\n", "40 + 8 = 48\n"], ids=["none", "heading", "old"])
async def test_a_step_without_a_new_result_is_asked_for_one_in_another_form(body: str) -> None:
    backend = scripted([f"{body}\nStep 3", " 48 / 2 = 24\n"])
    made = await reasoner(backend).step(SUM, APRIL, limit=LIMIT)
    assert backend.requests[1].prefill.endswith("Step 2: Find the clips in May.\nCalculation:")
    assert made.value.result == "Find the clips in May: 48 / 2 = 24"
    assert made.marks == ("no result: asked again",) and len(made.calls) == 2


async def test_a_step_that_has_no_result_twice_adds_nothing() -> None:
    made = reasoner(scripted(["\nStep 3", " 40 + 8 = 48\n", " Find the clips in May.\n"]))
    thought = (await made.step(SUM, APRIL, limit=LIMIT)).value
    assert thought.result == ""
    assert (await made.summarize(SUM, APRIL, thought, limit=LIMIT)).value == APRIL


async def test_a_torn_step_is_cut_and_has_no_answer() -> None:
    made = await reasoner(scripted([Reply("48 / 2 = 24. Then Answer: 7", "length")])).step(SUM, APRIL, limit=LIMIT)
    assert made.value.text.endswith("\n48 / 2 = 24.") and made.value.answer is None


@pytest.mark.parametrize("limit", [1, 8, 20, 60, 200])
async def test_all_calls_of_a_verb_stay_within_its_limit(limit: int) -> None:
    for mode in WRITERS:
        made = reasoner(scripted(["word " * 300 + "\n"] * 9), memory=mode)
        step = await made.step(SUM, APRIL, limit=limit)
        assert step.generated <= limit
        assert (await made.summarize(SUM, APRIL, step.value, limit=limit)).generated <= limit


async def test_a_backend_that_cannot_continue_is_shown_the_memory_and_the_trace_says_so_once() -> None:
    backend = scripted(["Step 1: Find May\n48 / 2 = 24\n", "Step 2: Add\n48 + 24 = 72\n"], continues=False)
    made = reasoner(backend)
    first = await made.step(SUM, TextMemory(), limit=LIMIT)
    memory = (await made.summarize(SUM, TextMemory(), first.value, limit=LIMIT)).value
    second = await made.step(SUM, memory, limit=LIMIT)
    assert (first.marks, second.marks) == ((QUOTED,), ())
    assert part_kinds(backend.requests[1])[1] == ("user", ["question", "memory", "instruction"])
    assert "Step 1: Find May.\n48 / 2 = 24" in backend.requests[1].messages[1].content
    assert second.value.result == "Add: 48 + 24 = 72"


async def test_the_answer_is_asked_for_by_continuing_the_steps_done() -> None:
    backend = scripted([" 72\n"])
    made = await reasoner(backend).conclude(SUM, APRIL, (), limit=LIMIT)
    assert backend.requests[0].prefill == "Step 1: Find the clips in April.\n40 + 8 = 48\nAnswer:"
    assert made.value.text == "72"


async def test_a_wrong_equation_is_corrected_and_the_model_goes_on_from_there() -> None:
    backend = scripted(["48 / 2 = 25 clips. Then 25 + 1.\n", " clips.\n"])
    made = await reasoner(backend, on_wrong="correct").step(SUM, APRIL, limit=LIMIT)
    assert backend.requests[1].prefill.endswith("Find the clips in May.\n48 / 2 = 24")
    assert backend.requests[1].stop == ("Step 3",)
    assert made.value.text.endswith("\n48 / 2 = 24 clips.")
    assert made.findings == (Finding("verifier", "corrected", "48 / 2 = 25 clips", "corrected to 24"),)


async def test_a_correction_that_the_model_spoils_is_not_made_for_ever() -> None:
    made = await reasoner(scripted(["48 / 2 = 25.\n", *["0 clips.\n"] * 9]), on_wrong="correct").step(
        SUM, APRIL, limit=LIMIT
    )
    assert len(made.findings) == 1


@pytest.mark.parametrize("continues", [True, False])
async def test_a_step_with_a_wrong_equation_is_asked_for_again(continues: bool) -> None:
    wrong = "48 / 2 = 25\n" if continues else "Step 2: Find the clips in May.\n48 / 2 = 25\n"
    backend = scripted([wrong, wrong.replace("25", "24")], continues=continues)
    made = await reasoner(backend, on_wrong="ask" if continues else "correct").step(SUM, APRIL, limit=LIMIT)
    assert made.findings == (Finding("verifier", "asked again", "48 / 2 = 25"),)
    assert made.value.result == "Find the clips in May: 48 / 2 = 24"
    kinds = part_kinds(backend.requests[1])[2:]
    assert kinds[:2] == [("assistant", ["thought"]), ("user", ["instruction"])]
    assert bool(kinds[2:]) == continues, "the beginning of the reply is given again"


async def test_a_used_up_line_is_let_go_at_the_cap_with_its_reason() -> None:
    lines = ("Eggs: 3 * 12 = 36", "Eggs left after the sale: 36 - 8 = 28")
    thought = Thought("...", result="A quarter of the rest: 28 / 4 = 7")
    made = reasoner(scripted([" Subtract 7 from 28\n"]), memory_tokens=26)
    done = await made.summarize(SUM, TextMemory(lines), thought, limit=LIMIT)
    assert done.value == TextMemory((lines[1], thought.result), ("Subtract 7 from 28",))
    assert [(found.kind, found.text) for found in done.findings] == [("shortened", lines[0]), ("used up", "Eggs: 36")]


LINES = st.lists(
    st.one_of(
        st.text("abc 123=+\n", min_size=1, max_size=120),
        st.tuples(st.integers(0, 99), st.integers(0, 99)).map(lambda pair: f"Sum: {pair[0]} + {pair[1]} = {sum(pair)}"),
    ),
    min_size=1,
    max_size=12,
)


@given(LINES, st.integers(16, 120), st.text("word 12=\n", max_size=200))
async def test_the_cap_holds_after_every_round(lines: list[str], tokens: int, written: str) -> None:
    memory: Memory = TextMemory()
    for line in lines:
        made = reasoner(scripted([f" {line[:40]}\n", written]), memory_tokens=tokens)
        done = await made.summarize(SUM, memory, Thought("...", result=" ".join(line.split())), limit=LIMIT)
        memory = done.value
        assert isinstance(memory, TextMemory)
        assert sum([await made.caller.count(f"- {each}\n") for each in (*memory.known, *memory.next)]) <= tokens


def test_a_result_stands_behind_its_heading_unless_that_says_it() -> None:
    assert labelled("Find the eggs:", ("3 * 12 = 36", "2 + 2 = 4")) == "Find the eggs: 3 * 12 = 36; 2 + 2 = 4"
    assert labelled("Add them: 3 + 4 = 7", ("3 + 4 = 7",)) == "3 + 4 = 7"
    assert labelled("", ("3 + 4 = 7",)) == "3 + 4 = 7"
    assert labelled("Find the eggs", ()) == ""
