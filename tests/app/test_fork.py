from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace

import pytest

from app.backends.scripted import ScriptedBackend
from app.errors import BackendError, BadInput
from app.fork import Fork, fork_at
from app.session import Began, Ended, solve
from app.store import Store
from app.store.records import AttemptSpec, Record
from graphs import STRATEGIES
from graphs.isump import IsumpSettings
from graphs.strategy import settings_for
from prompts.backend import Backend
from prompts.memories import TextMemory
from prompts.settings import Settings
from prompts.values import Question, Request, Thought

QUESTION = Question("q", "Ann has 12 apples, gives 5 away and buys 9. How many has she?")
RESUMABLE = [name for name, strategy in STRATEGIES.items() if strategy.resumable]


def reply(request: Request) -> str:
    """What a model would say that looks at nothing but the prompt, as every model at temperature 0."""
    shown = "\n".join(message.content for message in request.messages)
    if "7 + 9" in shown:
        return " Say it\n" if request.prefill.endswith(":") else "Answer: 16"
    if "= 7" in shown:
        return " Add the 9\n" if request.prefill.endswith(":") else "So 7 + 9 = 16.\n"
    return " Give 5 away\nFirst 12 - 5 = 7.\n"


async def attempt(store: Store, strategy: str, backend: Backend, settings: Settings, fork: Fork | None = None) -> Ended:
    async with aclosing(solve(QUESTION, strategy, backend, settings, store, fork=fork)) as events:
        ended = [event async for event in events][-1]
    assert isinstance(ended, Ended)
    return ended


def at(store: Store, number: int, step: int) -> Fork:
    return fork_at(store.attempt(number), store.records(number)[: step + 1])


def told(records: list[Record]) -> list[tuple[object, ...]]:
    """Records without what is different each time: the number of a step and the time it took."""
    return [(r.step.verb, r.step.round, r.step.memory_after, r.step.thought, r.step.answer) for r in records]


@pytest.mark.parametrize("given", [{}, {"memory_tokens": 16}, {"drop_question": True}, {"pin": "It is spring."}])
@pytest.mark.parametrize("strategy", RESUMABLE)
async def test_every_step_is_a_checkpoint_from_which_the_rest_follows(strategy: str, given: dict[str, object]) -> None:
    settings = settings_for(STRATEGIES[strategy], given)
    with Store.open(":memory:") as store:
        await attempt(store, strategy, ScriptedBackend(reply), settings)
        records = store.records(1)
        assert len(records) >= 4
        for index, record in enumerate(records):
            fork = fork_at(store.attempt(1), records[max(index - 1, 0) : index + 1])
            ended = await attempt(store, strategy, ScriptedBackend(reply), settings, fork)
            spec = ended.attempt.spec
            assert (spec.parent, spec.forked_at_step, spec.strategy, spec.settings) == (1, index, strategy, settings)
            begins = index + 1 if record.step.verb == "summarize" else min(index, len(records) - 2)
            assert told(store.records(ended.attempt.id)) == told(records[begins:])


async def test_what_was_edited_is_what_the_next_thought_sees() -> None:
    with Store.open(":memory:") as store:
        await attempt(store, "isump", ScriptedBackend(reply), IsumpSettings())
        fork = replace(at(store, 1, 1), memory=TextMemory(("left = 99",), ("add 1",)))
        backend = ScriptedBackend(["99 + 1 = 100\nAnswer: 100"])
        ended = await attempt(store, "isump", backend, IsumpSettings(), fork)
        assert ended.attempt.answer == "100"
        prompt = backend.requests[0].prefill
        assert "left = 99" in prompt and "add 1" in prompt and "= 7" not in prompt
        first = store.records(ended.attempt.id)[0].step
        assert (first.round, first.thought) == (2, Thought("Step 2: add 1.\n99 + 1 = 100\nAnswer: 100", "100"))
        assert store.attempt(1).answer == "16", "the parent stays as it was"


async def test_the_parents_thoughts_count_against_the_budget() -> None:
    settings = IsumpSettings(max_steps=3)
    with Store.open(":memory:") as store:
        await attempt(store, "isump", ScriptedBackend(reply), settings)
        fork = at(store, 1, 1)
        lines = (f"{i} + 7 = {i + 7}\n" for i in range(99))
        ended = await attempt(store, "isump", ScriptedBackend(lines), settings, fork)
        assert ended.attempt.ending == "step_limit"
        thoughts = [r.step.round for r in store.records(ended.attempt.id) if r.step.verb == "step"]
        assert thoughts == [2, 3], "one of the three had been taken"
        with pytest.raises(BadInput, match="allow more"):
            await attempt(store, "isump", ScriptedBackend(lines), IsumpSettings(max_steps=1), fork)
        assert len(store.attempts()) == 2, "what is refused is not begun"


@pytest.mark.parametrize("strategy", sorted(STRATEGIES.keys() - set(RESUMABLE)))
async def test_a_strategy_without_memory_begins_again(strategy: str) -> None:
    settings = STRATEGIES[strategy].settings()
    with Store.open(":memory:") as store:
        await attempt(store, strategy, ScriptedBackend(lambda _: "Answer: 16"), settings)
        for index in range(len(store.records(1))):
            fork = at(store, 1, index)
            ended = await attempt(store, strategy, ScriptedBackend(lambda _: "Answer: 17"), settings, fork)
            assert (ended.attempt.answer, ended.attempt.spec.parent) == ("17", 1)
        with pytest.raises(BadInput, match="no memory"):
            edited = replace(at(store, 1, 0), memory=TextMemory(("left = 7",)))
            await attempt(store, strategy, ScriptedBackend(reply), settings, edited)


async def test_a_fork_that_fails_keeps_its_parent_and_its_error() -> None:
    with Store.open(":memory:") as store:
        await attempt(store, "isump", ScriptedBackend(reply), IsumpSettings())
        with pytest.raises(BackendError):
            await attempt(store, "isump", ScriptedBackend([]), IsumpSettings(), at(store, 1, 1))
        assert (store.attempt(2).status, store.attempt(2).spec.parent) == ("error", 1)


async def test_an_attempt_without_steps_cannot_be_forked() -> None:
    with Store.open(":memory:") as store:
        store.begin(AttemptSpec(QUESTION, "isump", "scripted", "scripted", IsumpSettings()))
        with pytest.raises(BadInput, match="no such step"):
            at(store, 1, 0)


async def test_a_fork_of_a_runs_attempt_is_no_item_of_the_run() -> None:
    with Store.open(":memory:") as store:
        events = [event async for event in solve(QUESTION, "isump", ScriptedBackend(reply), IsumpSettings(), store)]
        assert isinstance(events[0], Began)
        ended = await attempt(store, "isump", ScriptedBackend(reply), IsumpSettings(), at(store, 1, 1))
        assert ended.attempt.spec.run is None
