"""Capture and retention: was what matters ever in a memory, and is it in the one that the answer comes from.

The two ways in which a memory fails (Multi-Head Recurrent Memory, 2607.01523): a fact is never written, or it is
written and lost again. Both are shares of an item's facts, computed from the trace; without a memory there is neither.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from evals.task import Attempted, Item, Scorer
from prompts.memories import bare
from prompts.steps import Step
from prompts.values import Score


def captured(facts: Collection[str], steps: Sequence[Step]) -> Score:
    """The share of the facts that were in some memory, or in what was written while a text was read."""
    found = [fact for fact in facts if any(_written(fact, step) for step in steps)]
    return _share(found, facts, steps)


def retained(facts: Collection[str], steps: Sequence[Step]) -> Score:
    """Of the facts that were captured, the share that is in the last memory."""
    found = [fact for fact in facts if any(_written(fact, step) for step in steps)]
    held = [fact for fact in found if steps[-1].memory_after.says(fact)]
    return _share(held, found, steps)


def _captured(item: Item, attempt: Attempted, steps: Sequence[Step]) -> Score:
    return captured(item.solution, steps)


def _retained(item: Item, attempt: Attempted, steps: Sequence[Step]) -> Score:
    return retained(item.solution, steps)


SCORERS: Mapping[str, Scorer] = {"captured": _captured, "retained": _retained}
"""Both, of the facts that an item's solution consists of."""


def _share(found: Collection[str], of: Collection[str], steps: Sequence[Step]) -> Score:
    in_words = [step.memory_after for step in steps if step.memory_after.says("") is not None]
    if not of or all(memory.empty for memory in in_words):
        return Score(None, None, "nothing was captured" if in_words and not of else "no memory in words")
    missing = "; ".join(fact for fact in of if fact not in found)
    return Score(len(found) / len(of), None, f"without {missing}" if missing else "all")


def _written(fact: str, step: Step) -> bool:
    read = step.thought.text if step.verb == "read" and step.thought else ""
    return bool(step.memory_after.says(fact)) or bare(fact) in bare(read)
