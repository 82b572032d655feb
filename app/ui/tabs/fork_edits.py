"""A step as a visitor edits it: what the boxes hold, and what is to be run on from. No gradio here.

edits = Edits(3, 5, known="April = 48", goals="add May", asked="How many?", engine="scripted", warmth=0, most=12)
parent, fork, question, settings = edited(site, edits)
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.errors import BadInput
from app.fork import Fork, fork_at
from app.sanitize import sanitize
from app.session import check_question
from app.store.records import Attempt
from app.ui.site import Site
from prompts.memories import TextMemory
from prompts.settings import Settings
from prompts.values import Question


@dataclass(frozen=True, slots=True)
class Edits:
    """What the boxes of the panel hold; ``warmth`` is the temperature, ``most`` the most steps."""

    attempt: object
    step: object
    known: str
    goals: str
    asked: str
    engine: str
    warmth: float | None
    most: float | None


def checkpoint(site: Site, attempt: object, step: object) -> tuple[Attempt, Fork]:
    """The attempt in view, and the fork that its step in view stands for; both come from the page as they are.

    Raises:
        BadInput: no step is in view.
        StoreError: there is no such attempt.
    """
    try:
        parent, place = site.store.attempt(int(float(str(attempt)))), int(float(str(step)))
        taken = [site.store.record(parent.id, at) for at in (place, place - 1) if at >= 0]
        return parent, fork_at(parent, taken[::-1])
    except (ValueError, OverflowError):
        raise BadInput("There is no step in view: open an attempt first.") from None


def lines(fork: Fork) -> tuple[str, str]:
    """What we know and what to do next, as they stand in the two boxes; vectors leave them empty."""
    memory = fork.memory if isinstance(fork.memory, TextMemory) else TextMemory()
    return sanitize("\n".join(memory.known)), sanitize("\n".join(memory.next))


def edited(site: Site, edits: Edits) -> tuple[Attempt, Fork, Question, Settings]:
    """The parent, and what was made of its step; a box that was left alone stands for exactly what was stored.

    Raises:
        UserError: there is no such step, or the question or a setting cannot be used.
    """
    parent, fork = checkpoint(site, edits.attempt, edits.step)
    spec = parent.spec
    if isinstance(fork.memory, TextMemory):
        known, goals = lines(fork)
        memory = TextMemory(
            fork.memory.known if edits.known == known else _entries(edits.known),
            fork.memory.next if edits.goals == goals else _entries(edits.goals),
        )
        fork = replace(fork, memory=memory)
    text = spec.question.text if edits.asked == sanitize(spec.question.text) else check_question(edits.asked)
    given = {"temperature": edits.warmth, "max_steps": edits.most}
    chosen = {name: value for name, value in given.items() if value is not None}
    settings = site.settings_for(spec.strategy, **(spec.settings.model_dump() | chosen))
    return parent, fork, replace(spec.question, text=text), settings


def _entries(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())
