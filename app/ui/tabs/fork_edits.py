"""A step as a visitor edits it: the contents of the boxes, and the fork they describe. No gradio here.

edits = ForkEdits(3, 5, "April = 48", "add May", "How many?", model="scripted", temperature=0, max_steps=12)
parent, fork, question, settings = edited_fork(site, edits)
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.errors import BadInput
from app.fork import Fork, fork_at
from app.store.records import Attempt
from app.text import sanitize
from app.ui.limits import LONGEST_TYPED, MOST_FACTS, check_typed
from app.ui.site import Site
from prompts.memories import TextMemory
from prompts.settings import Settings
from prompts.values import Question


@dataclass(frozen=True, slots=True)
class ForkEdits:
    """The contents of the boxes of the panel, as they come from the page; ``known`` and ``next`` are lines."""

    attempt: object
    step: object
    known: str | None
    next: str | None
    question: str | None
    model: str
    temperature: float | None
    max_steps: float | None


def fork_in_view(site: Site, attempt: object, step: object) -> tuple[Attempt, Fork]:
    """The attempt in view, and the fork that its step in view stands for; both come from the page as they are.

    Raises:
        BadInput: No step is in view.
        StoreError: There is no such attempt or step.
    """
    try:
        parent, place = site.store.attempt(int(float(str(attempt)))), int(float(str(step)))
        taken = [site.store.record(parent.id, at) for at in (place, place - 1) if at >= 0]
        return parent, fork_at(parent, taken[::-1])
    except (ValueError, OverflowError):
        raise BadInput("There is no step in view: open an attempt first.") from None


def memory_lines(fork: Fork) -> tuple[str, str]:
    """What we know and what to do next as the contents of their two boxes; a memory of vectors leaves them empty."""
    memory = fork.memory if isinstance(fork.memory, TextMemory) else TextMemory()
    return sanitize("\n".join(memory.known)), sanitize("\n".join(memory.next))


def edited_fork(site: Site, edits: ForkEdits) -> tuple[Attempt, Fork, Question, Settings]:
    """The parent and the edited fork, question and settings; an untouched box stands for exactly what was stored.

    Raises:
        UserError: There is no such step, or the question or a setting cannot be used.
    """
    parent, fork = fork_in_view(site, edits.attempt, edits.step)
    spec = parent.spec
    if isinstance(fork.memory, TextMemory):
        known, goals = memory_lines(fork)
        memory = TextMemory(
            fork.memory.known if edits.known == known else _entries("What we know", edits.known),
            fork.memory.next if edits.next == goals else _entries("What to do next", edits.next),
        )
        fork = replace(fork, memory=memory)
    shown = sanitize(spec.question.text)
    text = spec.question.text if edits.question == shown else check_typed(edits.question)
    given = {"temperature": edits.temperature, "max_steps": edits.max_steps}
    chosen = {name: value for name, value in given.items() if value is not None}
    settings = site.settings_for(spec.strategy, spec.settings.model_dump() | chosen)
    return parent, fork, replace(spec.question, text=text), settings


def _entries(name: str, text: str | None) -> tuple[str, ...]:
    lines = tuple(line.strip() for line in (text or "").splitlines() if line.strip())
    if len(lines) > MOST_FACTS or len(text or "") > LONGEST_TYPED:
        raise BadInput(f"{name} is too long: at most {MOST_FACTS} lines and {LONGEST_TYPED:,} characters are taken.")
    return lines
