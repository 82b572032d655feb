"""Checkpoints: a stored step, from which an attempt is resumed with what we know or what to do next edited.

    fork = fork_at(store.attempt(3), store.records(3)[:6])
    edited = replace(fork, memory=TextMemory(known=("April = 48",), next=("work out May",)))
    solve(question, "isump", backend, IsumpSettings(), store, fork=edited)

The new attempt is linked to its parent. The thoughts the parent had taken count against the budget of steps; the
budgets of tokens and seconds begin again.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.errors import BadInput
from app.store.records import Attempt, Record
from graphs import STRATEGIES
from graphs.strategy import Strategy
from prompts.memories import Memory
from prompts.settings import Settings

ALL_READ = sys.maxsize
"""Pieces read by the time of a thought: all that there are."""


@dataclass(frozen=True, slots=True)
class Fork:
    """After step ``step`` of attempt ``parent``: the memory that is gone on with, and what was done by then.

    ``round`` counts the thoughts taken, ``read`` the pieces of a long text that are in the memory.
    """

    parent: int
    step: int
    memory: Memory
    round: int
    read: int = 0


def fork_at(parent: Attempt, taken: Sequence[Record]) -> Fork:
    """The checkpoint that the last step of ``taken`` is; of the steps before it only the one right before is needed.

    A summary is resumed from the memory it wrote. A thought is thought again, from the memory it saw; and so is the
    last thought before a conclusion. A strategy that is not resumable begins again.

    Raises:
        BadInput: no step is given.
    """
    if not taken:
        raise BadInput(f"Attempt {parent.id} has no such step: choose one that it took.")
    last, step = taken[-1], taken[-1].step
    if step.verb == "conclude" and len(taken) > 1:
        step = taken[-2].step
    if not is_resumable(parent):
        return Fork(parent.id, last.index, step.memory_before, 0)
    if step.verb == "read":
        return Fork(parent.id, last.index, step.memory_after, 0, step.round)
    if step.verb == "summarize":
        return Fork(parent.id, last.index, step.memory_after, step.round, ALL_READ)
    return Fork(parent.id, last.index, step.memory_before, max(step.round - 1, 0), ALL_READ)


def is_resumable(attempt: Attempt) -> bool:
    """Whether the attempt's strategy can go on from a stored step; one that no longer exists cannot."""
    strategy = STRATEGIES.get(attempt.spec.strategy)
    return strategy is not None and strategy.resumable


def check_fork(fork: Fork, strategy: Strategy[Any], settings: Settings) -> None:
    """Raise ``BadInput`` when ``strategy`` cannot be resumed from ``fork``."""
    if strategy.resumable:
        if fork.round >= settings.max_steps:
            raise BadInput(
                f"Attempt {fork.parent} had taken {fork.round} thoughts by then and at most {settings.max_steps} are "
                "allowed: allow more, or fork at an earlier step."
            )
    elif not fork.memory.empty:
        names = ", ".join(name for name, other in STRATEGIES.items() if other.resumable)
        raise BadInput(f"{strategy.name} keeps no memory to resume from: choose one of {names}.")
