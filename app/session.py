"""solve(): runs one strategy on one question, writes each step as it happens, and yields it.

    async for event in solve(question, "isump", backend, Settings(), store): ...
    async for event in solve(question, "isump", backend, Settings(), store, fork=fork_at(parent, records)): ...

The only caller of ``graph.astream``. Events are ``Began``, then a ``Record`` a step, then ``Ended``.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from app.errors import BadInput
from app.fork import Fork, check_fork
from app.store import Store
from app.store.records import Attempt, AttemptSpec, Costs, Record, record
from graphs import STRATEGIES, graph
from graphs.nodes import Context, start
from graphs.reasoner import Reasoner, Step
from prompts.reasoner import PromptReasoner, TranscriptReasoner
from prompts.settings import Settings
from prompts.values import Answer, Backend, Question, UserError

LONGEST_QUESTION = 1_000_000
"""Characters; a longer question is refused before an engine has to choke on it."""


@dataclass(frozen=True, slots=True)
class Began:
    """The attempt has its number in the store."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The attempt is closed; what it came to and what it cost."""

    attempt: Attempt
    costs: Costs


Event = Began | Record | Ended


def check_strategy(name: str) -> str:
    """``name`` when it is a strategy; raises ``BadInput`` with the choices otherwise."""
    if name not in STRATEGIES:
        raise BadInput(f"There is no strategy {name!r}: choose one of {', '.join(STRATEGIES)}.")
    return name


def check_question(text: str) -> str:
    """``text`` stripped; raises ``BadInput`` when it is empty, enormous, or holds control characters."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise BadInput("The question is empty: write it after the command, or pipe it in.")
    if len(text) > LONGEST_QUESTION:
        raise BadInput(f"The question has {len(text):,} characters: at most {LONGEST_QUESTION:,} are taken.")
    for place, character in enumerate(text):
        if character not in "\n\t" and unicodedata.category(character) in ("Cc", "Cs"):
            raise BadInput(f"The question holds the control character U+{ord(character):04X} at {place}: remove it.")
    return text


def reasoner_for(strategy: str, backend: Backend, settings: Settings) -> Reasoner:
    """The reasoner a strategy is run with: its words are ``prompts/<strategy>/``, or those it shares."""
    if strategy == "history_loop":
        return TranscriptReasoner(backend, settings, strategy)
    return PromptReasoner(backend, settings, "cot" if strategy == "self_consistency" else strategy)


async def solve(
    question: Question,
    strategy: str,
    backend: Backend,
    settings: Settings,
    store: Store,
    *,
    run: int | None = None,
    fork: Fork | None = None,
) -> AsyncGenerator[Event]:
    """Run ``strategy`` on ``question``; every step is in the store before it is yielded.

    With ``fork`` the attempt does not begin at the beginning but at that checkpoint, and is linked to its parent.

    Raises:
        UserError: the question or fork cannot be used, or the backend could not answer. In the latter case the
            attempt stays in the store with its error, as it does when the caller stops iterating or is cancelled.
    """
    question = Question(question.id, check_question(question.text), question.context)
    machine = graph(check_strategy(strategy))
    about = (question, strategy, backend.name, backend.model, settings, run)
    if fork is None:
        spec, beginning = AttemptSpec(*about), start(question)
    else:
        check_fork(fork, strategy, settings)
        spec = AttemptSpec(*about, store.attempt(fork.parent).id, fork.step)
        beginning = start(question, fork.memory, fork.round)
    attempt = store.begin(spec)
    try:
        yield Began(attempt)
        context = Context(
            reasoner_for(strategy, backend, settings),
            settings,
            asyncio.get_running_loop().time() + settings.max_seconds,
        )
        thought, index, last = "", 0, None
        stream = machine.astream(
            beginning,
            {"recursion_limit": 3 * settings.max_steps + 10},
            context=context,
            stream_mode="custom",
        )
        async for step in stream:
            assert isinstance(step, Step), "graphs stream Steps only"
            item = record(index, step, question, thought)
            store.write(attempt, item)
            thought, index, last = step.thought.text if step.thought else thought, index + 1, step
            yield item
        assert last is not None and last.ending is not None, "every graph ends in conclude"
        store.finish(attempt, last.answer or Answer(None), last.ending)
    except BaseException as error:
        store.fail(attempt, _sentence(error))
        raise
    yield Ended(store.attempt(attempt), store.costs(attempt))


def _sentence(error: BaseException) -> str:
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, asyncio.CancelledError | GeneratorExit | KeyboardInterrupt):
        return "stopped"
    return f"{type(error).__name__}: {error}"
