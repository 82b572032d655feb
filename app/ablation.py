"""What if: the same step again under other seeds, and without one fact at a time.

parent = store.attempt(3)
fork, spec = fork_at(parent, store.records(3)[:6]), parent.spec
async for removal in which_mattered(fork, spec.question, spec.strategy, backend, spec.settings, store):
    print(removal.fact, removal.attempt.answer, removal.flipped)
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace

from app.errors import BadInput
from app.fork import Fork
from app.session import Began, Ended, Event, solve
from app.store import Store
from app.store.records import Attempt
from app.streams import AT_ONCE, together
from prompts.answers import meaning
from prompts.settings import Settings
from prompts.values import Backend, Question, TextMemory, UserError


@dataclass(frozen=True, slots=True)
class Removal:
    """An attempt run on from a memory without ``fact``; the first one, the control, lacks nothing.

    ``flipped`` says whether its answer is another than the control's, and is ``None`` where that cannot be said: for
    the control itself, and for an attempt that ended in an error.
    """

    fact: str | None
    attempt: Attempt
    flipped: bool | None


def again(
    fork: Fork, question: Question, strategy: str, backend: Backend, settings: Settings, store: Store, times: int
) -> list[AsyncGenerator[Event]]:
    """``times`` attempts run on from one checkpoint, for ``together``; the first has the seed of ``settings``."""
    seeds = ((settings.seed + shift) % 2**31 for shift in range(times))
    return [
        solve(question, strategy, backend, settings.model_copy(update={"seed": seed}), store, fork=fork)
        for seed in seeds
    ]


async def which_mattered(
    fork: Fork,
    question: Question,
    strategy: str,
    backend: Backend,
    settings: Settings,
    store: Store,
    at_once: int = AT_ONCE,
) -> AsyncGenerator[Removal]:
    """Run on from ``fork`` once as it is, then once without each known fact; yields each as it ends.

    The control comes first, because only an answer given by the same engine under the same settings says what the
    memory would have led to with nothing taken away.

    Raises:
        BadInput: the memory is of vectors, or nothing is known in it.
        UserError: the control failed, so that there is nothing to compare with.
    """
    if not isinstance(fork.memory, TextMemory) or not fork.memory.known:
        raise BadInput("Nothing is known yet at this step: choose one with a fact under what we know.")
    known, control = fork.memory.known, None
    async with aclosing(solve(question, strategy, backend, settings, store, fork=fork)) as events:
        async for event in events:
            if isinstance(event, Ended):
                control = event.attempt
    assert control is not None, "an attempt that raises nothing ends"
    yield Removal(None, control, None)

    memories = [replace(fork.memory, known=(*known[:place], *known[place + 1 :])) for place in range(len(known))]
    forks = [replace(fork, memory=memory) for memory in memories]
    streams = [solve(question, strategy, backend, settings, store, fork=each) for each in forks]
    attempts: dict[int, int] = {}
    async with aclosing(together(streams, at_once)) as arriving:
        async for place, event in arriving:
            if isinstance(event, Began):
                attempts[place] = event.attempt
            elif isinstance(event, Ended | UserError):
                attempt = store.attempt(attempts[place])
                flipped = None if attempt.status == "error" else not _same(attempt.answer, control.answer)
                yield Removal(known[place], attempt, flipped)


def _same(one: str | None, other: str | None) -> bool:
    if one is None or other is None:
        return one is other
    return meaning(one) == meaning(other)
