"""A strategy is an entry of ``STRATEGIES`` that says what others need to know; nobody compares its name."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

import graphs
from app.backends.scripted import ScriptedBackend
from app.fork import fork_at
from app.session import Ended, solve
from app.store import Store
from app.store.records import Record
from graphs import STRATEGIES, find_strategy
from graphs.isump import IsumpSettings
from graphs.live import LiveBackend
from graphs.self_consistency import VotingSettings
from graphs.strategy import settings_for
from prompts.memories import Memory, VectorMemory
from prompts.render import template
from prompts.settings import Settings
from prompts.values import Answer, Question, Thought, UserError, VerbResult
from tests.prompts.conftest import CLIPS

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_name_is_that_of_the_file_and_its_words_exist(name: str) -> None:
    strategy = STRATEGIES[name]
    assert strategy.name == name and (ROOT / "graphs" / f"{name}.py").is_file()
    assert strategy.help and template(f"{strategy.templates}/system")


def test_an_unknown_name_is_refused_with_the_choices() -> None:
    with pytest.raises(UserError, match=r"'magic'.*cot.*isump"):
        find_strategy("magic")


def test_settings_are_what_is_given_else_the_strategys_default_else_the_general_one() -> None:
    votes = STRATEGIES["self_consistency"]
    assert settings_for(votes, {}).temperature == 0.7
    assert settings_for(votes, {"temperature": 0.0}).temperature == 0.0
    assert settings_for(STRATEGIES["cot"], {}).temperature == Settings().temperature
    with pytest.raises(UserError, match="samples cannot be 0"):
        settings_for(votes, {"samples": 0})


def test_the_calls_in_flight_are_known_before_anything_runs() -> None:
    assert STRATEGIES["self_consistency"].parallel_calls(VotingSettings(samples=9)) == 9
    assert STRATEGIES["isump"].parallel_calls(IsumpSettings()) == 1


def test_every_file_that_defines_a_strategy_is_listed_under_its_own_name() -> None:
    modules = {
        path.stem: import_module(f"graphs.{path.stem}") for path in Path(graphs.__file__).parent.glob("[!_]*.py")
    }
    defined = {name: module.STRATEGY for name, module in modules.items() if hasattr(module, "STRATEGY")}
    assert defined == STRATEGIES
    assert all(strategy.name == name for name, strategy in defined.items())


@pytest.mark.parametrize("given", [{"max_tokens": 8}, {"max_tokens": 64}, {"max_tokens": 8, "samples": 64}])
@pytest.mark.parametrize("name", STRATEGIES)
async def test_no_call_is_without_a_limit_however_small_the_budget(name: str, given: dict[str, int]) -> None:
    backend = ScriptedBackend(lambda request: "So 1 + 1 = 2.\n")
    settings = settings_for(STRATEGIES[name], given)
    with Store.open(":memory:") as store:
        async for _ in solve(Question("q", "How many?", "A text. And more."), name, backend, settings, store):
            pass
    asked = [request.max_tokens for request in backend.requests]
    assert asked and all(0 < each <= given["max_tokens"] for each in asked)


class Tally:
    """A recurrent model in little: its memory is a vector with one number, the characters it has worked through."""

    step_tokens = 8

    async def start(self, question: Question, checkpoint: Memory | None = None) -> Memory:
        return checkpoint or VectorMemory(b"", (1,), 0)

    async def read(self, question: Question, memory: Memory, chunk: str, *, limit: int) -> VerbResult[Memory]:
        assert isinstance(memory, VectorMemory)
        return VerbResult(VectorMemory(chunk.encode(), (1,), memory.norm + len(chunk)))

    async def step(self, question: Question, memory: Memory, *, limit: int, sample: int = 0) -> VerbResult[Thought]:
        assert isinstance(memory, VectorMemory)
        return VerbResult(Thought("x" * 8, f"{memory.norm:.0f}" if memory.norm >= 16 else None))

    async def summarize(
        self, question: Question, memory: Memory, thought: Thought, *, limit: int
    ) -> VerbResult[Memory]:
        return await self.read(question, memory, thought.text, limit=limit)

    async def conclude(
        self, question: Question, memory: Memory, thoughts: tuple[Thought, ...], *, limit: int
    ) -> VerbResult[Answer]:
        return VerbResult(Answer(thoughts[-1].answer if thoughts else None))


class TallyBackend(ScriptedBackend):
    def reasoner(self, settings: Settings) -> Tally:
        return Tally()


@pytest.mark.parametrize("live", [False, True])
async def test_a_model_that_is_not_prompted_runs_the_same_graph_and_is_resumed_from_its_vectors(live: bool) -> None:
    with Store.open(":memory:") as store:
        stream = solve(CLIPS, "isump", TallyBackend([]), IsumpSettings(), store, live=live)
        events = [event async for event in stream]
        ended = events[-1]
        assert isinstance(ended, Ended) and ended.attempt.answer == "16"
        records = store.records(1)
        assert [record.step.verb for record in records] == ["step", "summarize"] * 2 + ["step", "conclude"]
        assert records[3].step.memory_after == VectorMemory(b"x" * 8, (1,), 16)
        fork = fork_at(ended.attempt, records[:2])
        stream = solve(CLIPS, "isump", TallyBackend([]), IsumpSettings(), store, fork=fork, live=live)
        resumed = [event.step async for event in stream if isinstance(event, Record)]
        assert [step.memory_after for step in resumed] == [record.step.memory_after for record in records[2:]]


def test_a_live_backend_counts_tokens_by_its_class() -> None:
    """From Python 3.12 on ``isinstance`` with a protocol asks the class alone."""
    assert "count_tokens" in vars(LiveBackend)
