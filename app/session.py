"""solve(): runs one strategy on one question, writes each step as it happens, and yields it.

    async for event in solve(question, "isump", backend, IsumpSettings(), store): ...
    async for event in solve(question, "cot", backend, Settings(), store): ...

The only caller of ``graph.astream``. Events are ``Began``, then a ``Record`` a step, then ``Ended``; with ``live`` a
``Delta`` for every piece of a reply comes before the step it belongs to.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from typing import Any

from app.backends.config import BackendConfig
from app.backends.open import find_backend
from app.fork import Fork, check_fork
from app.store import Store
from app.store.database import retry_while_busy
from app.store.records import Attempt, AttemptSpec, Costs, Record, record
from graphs import find_strategy
from graphs.live import Delta
from graphs.nodes import Resources, initial_state
from graphs.strategy import Strategy, graph
from prompts.backend import Backend
from prompts.checks import DEFAULT_CHECKS
from prompts.clean import check_question
from prompts.settings import Settings
from prompts.steps import Step
from prompts.values import Answer, Question, UserError

MAX_NODES = 10**9
"""Nodes that LangGraph may run in an attempt; the settings end it long before."""


@dataclass(frozen=True, slots=True)
class Began:
    """The attempt has its number in the store; ``spec`` says what it is."""

    attempt: int
    spec: AttemptSpec


@dataclass(frozen=True, slots=True)
class Ended:
    """The attempt is closed; what it came to and what it cost."""

    attempt: Attempt
    costs: Costs


Event = Began | Delta | Record | Ended


def check_backend(config: BackendConfig, *strategies: Strategy[Any]) -> None:
    """Raise ``UserError`` when a strategy needs what the backend cannot do; loads nothing."""
    entry = find_backend(config.backend)
    for strategy in strategies:
        strategy.check_capabilities(config.backend, entry.capabilities)


async def solve(
    question: Question,
    strategy: str,
    backend: Backend,
    settings: Settings,
    store: Store,
    *,
    checks: tuple[str, ...] | None = None,
    run: int | None = None,
    fork: Fork | None = None,
    live: bool = False,
) -> AsyncGenerator[Event]:
    """Run ``strategy`` on ``question``; every step is in the store before it is yielded.

    Args:
        question: What is asked.
        strategy: A key of ``graphs.STRATEGIES``.
        backend: What answers; it must have the capabilities the strategy needs.
        settings: The settings of this attempt, of the strategy's own type.
        store: Where the trace goes.
        checks: The mechanical checks of its steps; by default those of the fork's parent, else ``DEFAULT_CHECKS``.
        run: The run it belongs to, if any.
        fork: Begin at this checkpoint instead of at the beginning, linked to its parent.
        live: Also yield the text of each call while it is written; such a call is not tried again once it has begun.

    Raises:
        UserError: the question, strategy, settings or fork cannot be used, or the backend could not answer. In the
            latter case the attempt stays in the store with its error, as it does when the caller stops iterating or is
            cancelled.
    """
    chosen = find_strategy(strategy)
    chosen.check_capabilities(backend.name, backend.capabilities)
    if not isinstance(settings, chosen.settings):
        raise TypeError(f"{strategy} takes {chosen.settings.__name__}, not {type(settings).__name__}")
    question = replace(question, text=check_question(question.text))
    chosen_checks = DEFAULT_CHECKS if checks is None else checks
    spec = AttemptSpec(question, strategy, backend.name, backend.model, settings, run, checks=chosen_checks)
    reasoner = chosen.reasoner_for(backend, settings, live=live)
    memory = await reasoner.start(question, fork.memory if fork else None)
    if fork is None:
        state = initial_state(question, memory)
    else:
        check_fork(fork, chosen, settings)
        parent = store.attempt(fork.parent)
        inherited = parent.spec.checks if checks is None else checks
        spec = replace(spec, parent=parent.id, forked_at_step=fork.step, checks=inherited)
        state = initial_state(question, memory, fork.round, fork.read)
    attempt = await retry_while_busy(store.begin, spec)
    try:
        yield Began(attempt.id, spec)
        deadline = asyncio.get_running_loop().time() + settings.max_seconds
        thought, index, last, costs = "", 0, None, Costs()
        stream = graph(chosen).astream(
            state, {"recursion_limit": MAX_NODES}, context=Resources(reasoner, settings, deadline), stream_mode="custom"
        )
        async for step in stream:
            if isinstance(step, Delta):
                yield step
                continue
            assert isinstance(step, Step), "graphs stream Steps and Deltas only"
            item = record(index, step, question, thought, spec.checks)
            await retry_while_busy(store.write, attempt.id, item)
            thought, index, last = step.thought.text if step.thought else thought, index + 1, step
            costs = costs.after(step)
            yield item
        assert last is not None and last.ending is not None, "every graph ends in conclude"
        attempt = await retry_while_busy(store.finish, attempt, last.answer or Answer(None), last.ending)
    except BaseException as error:
        await retry_while_busy(store.fail, attempt, _sentence(error))
        raise
    yield Ended(attempt, replace(costs, seconds=attempt.seconds or 0.0))


def _sentence(error: BaseException) -> str:
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, asyncio.CancelledError | GeneratorExit | KeyboardInterrupt):
        return "stopped"
    return f"{type(error).__name__}: {error}"
