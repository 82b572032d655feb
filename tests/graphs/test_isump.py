"""iSUMp's promise: a turn sees question and memory only, its prompt is bounded, and every attempt ends."""

from __future__ import annotations

import asyncio
import itertools
import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.backends.scripted import ScriptedBackend
from graphs import STRATEGIES
from graphs.isump import IsumpSettings
from graphs.live import Delta, LiveBackend
from graphs.nodes import Resources, initial_state
from graphs.self_consistency import VotingSettings
from graphs.strategy import graph, settings_for
from prompts.backend import Capability
from prompts.memories import TextMemory
from prompts.memory_text import CHARACTERS_PER_TOKEN
from prompts.render import render, template
from prompts.settings import LoopSettings, Settings
from prompts.steps import Step
from prompts.values import Ending, Generation, Question, Request, Usage

QUESTION = Question("q", "Ann has 12 apples, gives 5 away and buys 3 bags of 4. How many has she now?")


def run(strategy: str, backend: Any, settings: Settings, question: Question = QUESTION) -> list[Step]:
    async def collect() -> list[Step]:
        chosen = STRATEGIES[strategy]
        reasoner = chosen.reasoner_for(backend, settings)
        deadline = asyncio.get_running_loop().time() + settings.max_seconds
        resources = Resources(reasoner, settings, deadline)
        state: Any = initial_state(question, await reasoner.start(question))
        config: Any = {"recursion_limit": 3 * settings.max_steps + 10}
        stream: Any = graph(chosen).astream(state, config, context=resources, stream_mode="custom")
        return [step async for step in stream]

    return asyncio.run(collect())


class Spy:
    """A backend that answers with a function and keeps what it was asked."""

    name = model = fingerprint = "spy"
    capabilities, control_tokens, alive = frozenset[Capability](), frozenset[str](), True

    def __init__(self, answer: Any) -> None:
        self.answer, self.requests = answer, list[Request]()

    async def generate(self, request: Request) -> Generation:
        self.requests.append(request)
        text = self.answer(request)[: request.max_tokens * CHARACTERS_PER_TOKEN]
        return Generation(text, Usage(10, min(request.max_tokens, len(text) // 4 + 1)), "stop", 0.0)

    async def aclose(self) -> None: ...


def is_summary(request: Request) -> bool:
    return request.messages[-2].role == "assistant"


def notes(spy: Spy) -> str:
    """A memory that is new each time."""
    return f"What we know:\n- apples = {len(spy.requests)}\nWhat to do next:\n- count"


@pytest.mark.parametrize("memories", [("a",), ("a", "b"), ("a", "b", "c")])
def test_a_memory_equal_to_any_earlier_one_ends_the_attempt(memories: tuple[str, ...]) -> None:
    told = itertools.cycle(memories)
    spy = Spy(lambda request: f"What we know:\n- {next(told)}" if is_summary(request) else "one step.")
    steps = run("isump", spy, IsumpSettings(max_steps=9, memory="rewrite"))
    assert sum(step.verb == "step" for step in steps) == len(memories) + 1
    assert steps[-1].ending is Ending.NOTHING_NEW
    assert steps[-1].answer is not None


def test_a_live_attempt_reports_each_reply_piece_by_piece_and_takes_the_same_steps() -> None:
    replies = [" Find the rest\n12 - 5 = 7.\n", " Add them\n", "7 + 12 = 19.\nAnswer: 19"]
    taken: list[object] = [*run("isump", LiveBackend(ScriptedBackend(replies)), IsumpSettings())]
    steps = [item for item in taken if isinstance(item, Step)]
    pieces = [item.text for item in taken if isinstance(item, Delta)]
    silent = run("isump", ScriptedBackend(replies), IsumpSettings())
    assert [step.thought for step in steps] == [step.thought for step in silent]
    written = [call.generation.text for step in steps for call in step.calls]
    assert "".join(pieces) == "".join(written) and len(pieces) > len(written)
    assert isinstance(taken[0], Delta)
    mute = ScriptedBackend(replies, capabilities=frozenset({Capability.CONTINUE}))
    assert all(isinstance(item, Step) for item in run("isump", LiveBackend(mute), IsumpSettings()))


def test_nothing_new_learned_twice_ends_the_attempt() -> None:
    counted = itertools.count()
    spy = Spy(lambda request: f"What we know:\n- a\nNext:\n- {next(counted)}" if is_summary(request) else "one step.")
    steps = run("isump", spy, IsumpSettings(max_steps=9, memory="rewrite"))
    assert (steps[-1].ending, sum(step.verb == "step" for step in steps)) == (Ending.NOTHING_NEW, 3)


def test_a_memory_that_cannot_be_read_ends_the_attempt() -> None:
    for memory in ("rewrite", "fused"):
        steps = run("isump", Spy(lambda request: "mumble"), IsumpSettings(max_steps=9, memory=memory))
        assert (steps[-1].ending, len(steps)) == (Ending.UNREADABLE, 3)


def test_a_question_of_several_deductions_takes_several_rounds_each_with_its_memory() -> None:
    backend = ScriptedBackend([
        " Find the apples left\n12 - 5 = 7 apples.\n\nStep 2: more", " Find the apples bought\n",
        "3 * 4 = 12 apples.\nStep 3: more", " Add them\n", "7 + 12 = 19 apples.\nAnswer: 19",
    ])  # fmt: skip
    steps = run("isump", backend, IsumpSettings())
    memories = [step.memory_after for step in steps if step.verb == "summarize"]
    left, bought = "Find the apples left: 12 - 5 = 7 apples.", "Find the apples bought: 3 * 4 = 12 apples."
    assert memories == [TextMemory((left,), ("Find the apples bought",)), TextMemory((left, bought), ("Add them",))]
    assert steps[-1].answer is not None and steps[-1].answer.text == "19"
    assert steps[-1].ending is Ending.ANSWERED
    assert "12 - 5" in backend.requests[-1].prefill and "more" not in backend.requests[-1].prefill


words = st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters=":"), max_size=300)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(words, words, words), min_size=1, max_size=9), st.integers(0, 1), st.booleans())
def test_no_prompt_holds_an_earlier_thought_and_all_are_bounded(
    turns: list[tuple[str, str, str]], variant: int, drop: bool
) -> None:
    counter = {"step": -1}

    def answer(request: Request) -> str:
        if is_summary(request):
            _, known, goal = turns[counter["step"]]
            return f"What we know:\n- turn {counter['step']}\n- fact {known}\nWhat to do next:\n- goal {goal}"
        counter["step"] = min(counter["step"] + 1, len(turns) - 1)
        thought, known, goal = turns[counter["step"]]
        thought = f"thought-{len(spy.requests)}-begins {thought} thought-ends"
        memory = f"\nWhat we know:\n- turn {counter['step']}\n- fact {known}\nWhat to do next:\n- goal {goal}"
        return thought + (memory if variant else "")

    spy = Spy(answer)
    settings = IsumpSettings(
        memory="fused" if variant else "rewrite", drop_question=drop, max_steps=len(turns), max_tokens=100_000,
        memory_tokens=64, step_tokens=200,
    )  # fmt: skip
    steps = run("isump", spy, settings)
    thoughts = [found[0] for step in steps if step.thought and (found := re.search(r"thought-\d+-", step.thought.text))]
    assert len(thoughts) == len(turns)
    longest = max(len(template(f"isump/{name}")) for name in ("step", "step_on", "fused", "fused_on", "conclude"))
    frame = (
        len(template("isump/system")) + len(template("isump/question")) + len(template("isump/memory")) + longest + 99
    )
    bound = frame + len(QUESTION.text) + settings.memory_tokens * CHARACTERS_PER_TOKEN
    for request in spy.requests:
        prompt = "\n\n".join(message.content for message in request.messages if message.role != "assistant")
        seen = [thought for thought in thoughts if thought in "\n".join(m.content for m in request.messages)]
        if is_summary(request):
            assert len(seen) == 1, "a summary continues the newest thought and sees no other"
        elif request is spy.requests[-1] and steps[-1].calls:
            assert len(seen) <= 1, "the conclusion may see the newest thought only"
        else:
            assert not seen, "a step sees no thought at all"
            assert len(prompt) <= bound


def test_consecutive_prompts_share_system_and_question() -> None:
    spy = Spy(lambda request: notes(spy) if is_summary(request) else "one step.")
    run("isump", spy, IsumpSettings(max_steps=4, memory="rewrite"))
    head = [request.messages[0].content + request.messages[1].parts[0].text for request in spy.requests]
    assert len(spy.requests) == 8
    system = render("isump/system", noun="answer", line="a line 'Answer:' and the answer")
    assert set(head) == {f"{system}Question: {QUESTION.text}"}


def test_the_summary_call_continues_the_step_call() -> None:
    spy = Spy(lambda request: notes(spy) if is_summary(request) else "one step.")
    run("isump", spy, IsumpSettings(max_steps=3, memory="rewrite"))
    pairs = [pair for pair in pairwise(spy.requests) if is_summary(pair[1])]
    assert len(pairs) == 2
    for before, after in pairs:
        assert after.messages[: len(before.messages)] == before.messages


def test_drop_question_leaves_the_question_out_once_there_is_a_memory() -> None:
    spy = Spy(lambda request: notes(spy) if is_summary(request) else "one.")
    run("isump", spy, IsumpSettings(max_steps=3, drop_question=True, memory="rewrite"))
    holding = [QUESTION.text in request.messages[1].content for request in spy.requests]
    assert holding == [True, True, False, False, False, False]


@pytest.mark.parametrize(
    ("ablation", "known", "goal"),
    [("known-only", True, False), ("next-only", False, True), ("no-memory", False, False)],
)
def test_ablations_hide_their_part_of_the_memory(ablation: Any, known: bool, goal: bool) -> None:
    spy = Spy(lambda request: "What we know:\n- FACT\nWhat to do next:\n- GOAL" if is_summary(request) else "one step.")
    run("isump", spy, IsumpSettings(max_steps=3, ablation=ablation, memory="rewrite"))
    steps = [request.messages[1].content for request in spy.requests[1:] if not is_summary(request)]
    assert {("FACT" in prompt, "GOAL" in prompt) for prompt in steps} == {(known, goal)}


def test_history_loop_shows_every_thought() -> None:
    spy = Spy(lambda request: f"thought {len(spy.requests)}.")
    run("history_loop", spy, LoopSettings(max_steps=4))
    assert all(f"thought {i}." in spy.requests[3].messages[1].content for i in (1, 2, 3))


def test_self_consistency_takes_the_majority_with_a_seed_of_its_own_for_each_chain() -> None:
    answers = {0: "7", 1: "19", 2: "19.0"}
    spy = Spy(lambda request: f"Answer: {answers[request.seed]}")
    steps = run("self_consistency", spy, VotingSettings(samples=3, temperature=0.7))
    assert steps[-1].answer is not None and steps[-1].answer.text == "19"
    assert sorted(request.seed for request in spy.requests) == [0, 1, 2]


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(sorted(STRATEGIES)), st.lists(words, min_size=1, max_size=6), st.integers(1, 5), st.integers(8, 400)
)
def test_every_strategy_ends_within_its_budgets(strategy: str, replies: list[str], steps: int, tokens: int) -> None:
    spy = Spy(lambda request: replies[len(spy.requests) % len(replies)])
    given = {"max_steps": steps, "max_tokens": tokens, "samples": 2}
    taken = run(strategy, spy, settings_for(STRATEGIES[strategy], given))
    assert taken[-1].verb == "conclude" and taken[-1].answer is not None and taken[-1].ending is not None
    assert sum(call.generation.usage.completion for step in taken for call in step.calls) <= tokens
    assert sum(step.verb == "step" for step in taken) <= max(steps, 2)


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_the_wall_clock_ends_an_attempt_with_an_explicit_none(strategy: str) -> None:
    steps = run(
        strategy,
        ScriptedBackend(["never seen"] * 9, delay=30),
        settings_for(STRATEGIES[strategy], {"max_seconds": 0.05}),
    )
    assert steps[-1].answer is not None and steps[-1].answer.text is None
    assert steps[-1].ending == "time_limit"
