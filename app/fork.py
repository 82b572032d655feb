"""A step row is a checkpoint: where an attempt can be run on from, with what we know or what to do next edited.

    fork = fork_at(store.attempt(3), store.records(3)[:6])
    edited = replace(fork, memory=TextMemory(known=("April = 48",), next=("work out May",)))
    solve(question, "isump", backend, settings, store, fork=edited)

The new attempt is linked to its parent. The thoughts the parent had taken count against the budget of steps; the
budgets of tokens and seconds begin again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.errors import BadInput
from app.store.records import Attempt, Record
from prompts.settings import Settings
from prompts.values import Memory, TextMemory

LOOPS = ("history_loop", "isump")
"""Strategies whose whole state between two steps is a memory; the others have none, and only begin again."""


@dataclass(frozen=True, slots=True)
class Fork:
    """After step ``step`` of attempt ``parent``: the memory the next thought sees, and the thoughts already taken."""

    parent: int
    step: int
    memory: Memory
    round: int


def fork_at(parent: Attempt, taken: Sequence[Record]) -> Fork:
    """The checkpoint that the last step of ``taken`` is; of the steps before it only the one right before is needed.

    A summary is run on from the memory it wrote. A thought is thought again, from the memory it saw; and so is the
    last thought before a conclusion. A strategy that keeps no memory begins again.

    Raises:
        BadInput: no step is given.
    """
    if not taken:
        raise BadInput(f"Attempt {parent.id} has no such step: choose one that it took.")
    last, step = taken[-1], taken[-1].step
    if step.verb == "conclude" and len(taken) > 1:
        step = taken[-2].step
    if parent.spec.strategy not in LOOPS:
        return Fork(parent.id, last.index, step.memory_before, 0)
    if step.verb in ("summarize", "read"):
        return Fork(parent.id, last.index, step.memory_after, step.round)
    return Fork(parent.id, last.index, step.memory_before, max(step.round - 1, 0))


def check_fork(fork: Fork, strategy: str, settings: Settings) -> None:
    """Raise ``BadInput`` when ``strategy`` cannot be run on from ``fork``."""
    if strategy in LOOPS:
        if fork.round >= settings.max_steps:
            raise BadInput(
                f"Attempt {fork.parent} had taken {fork.round} thoughts by then and at most {settings.max_steps} are "
                "allowed: allow more, or fork at an earlier step."
            )
    elif not (isinstance(fork.memory, TextMemory) and fork.memory.empty):
        raise BadInput(f"{strategy} keeps no memory to run on from: choose one of {', '.join(LOOPS)}.")
