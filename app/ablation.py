"""Ablations of a stored step: resume it with other seeds, or with one known fact at a time removed.

parent = store.attempt(3)
fork, spec = fork_at(parent, store.records(3)[:6]), parent.spec
async for removal in remove_facts(fork, spec.question, spec.strategy, backend, spec.settings, store):
    print(removal.fact, removal.attempt.answer, removal.flipped)
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace

from app.attempt_view import AttemptView
from app.errors import BadInput
from app.fork import Fork
from app.session import Event, solve
from app.store import Store
from app.store.records import Attempt
from app.streams import CONCURRENCY, Merge
from prompts.answers import canonical
from prompts.backend import Backend
from prompts.memories import TextMemory
from prompts.pins import unpinned
from prompts.settings import Settings
from prompts.values import Question


@dataclass(frozen=True, slots=True)
class Removal:
    """An attempt resumed from a memory without ``fact``; the first one, the control, lacks nothing.

    ``flipped`` says whether its answer differs from the control's, and is ``None`` where that cannot be said: for
    the control itself, and for an attempt that ended in an error.
    """

    fact: str | None
    attempt: Attempt
    flipped: bool | None


def resume_with_seeds(
    fork: Fork, question: Question, strategy: str, backend: Backend, settings: Settings, store: Store, times: int
) -> list[AsyncGenerator[Event]]:
    """``times`` event streams of attempts resumed at one checkpoint; the first has the seed of ``settings``."""
    seeds = ((settings.seed + shift) % 2**31 for shift in range(times))
    return [
        solve(question, strategy, backend, settings.model_copy(update={"seed": seed}), store, fork=fork)
        for seed in seeds
    ]


async def remove_facts(
    fork: Fork,
    question: Question,
    strategy: str,
    backend: Backend,
    settings: Settings,
    store: Store,
    concurrency: int = CONCURRENCY,
) -> AsyncGenerator[Removal]:
    """Resume ``fork`` once as it is, then once without each known fact; yields each as it ends.

    The control comes first, because only an answer given by the same model under the same settings says what the
    memory would have led to with nothing removed.

    Raises:
        BadInput: the memory is of vectors, or nothing is known in it.
        UserError: the control failed, so that there is nothing to compare with.
    """
    if not isinstance(fork.memory, TextMemory) or not fork.memory.known:
        raise BadInput("Nothing is known yet at this step: choose one with a fact under what we know.")
    known, view = fork.memory.known, AttemptView()
    async with aclosing(solve(question, strategy, backend, settings, store, fork=fork)) as events:
        async for event in events:
            view = view.after(event)
    assert view.attempt is not None, "an attempt that raises nothing ends"
    control = view.attempt
    yield Removal(None, control, None)

    memories = [replace(fork.memory, known=(*known[:index], *known[index + 1 :])) for index in range(len(known))]
    forks = [replace(fork, memory=memory) for memory in memories]
    streams = [
        solve(question, strategy, backend, unpinned(settings, fact), store, fork=each)
        for fact, each in zip(known, forks, strict=True)
    ]
    views = [AttemptView()] * len(known)
    async with aclosing(Merge(streams, concurrency).batches()) as batches:
        async for batch in batches:
            for index, event in batch:
                views[index] = view = views[index].after(event)
                if view.attempt is not None:
                    yield Removal(known[index], view.attempt, not _same(view.attempt.answer, control.answer))
                elif view.over and view.number is not None:
                    yield Removal(known[index], store.attempt(view.number), None)


def _same(one: str | None, other: str | None) -> bool:
    if one is None or other is None:
        return one is other
    return canonical(one) == canonical(other)
