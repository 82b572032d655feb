"""Check and Verifier: mechanical judgements, of a whole step and of a text that is still being written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from prompts.steps import Step
from prompts.values import Finding, Question

Judge = Callable[[Question, Step, str], Iterable[Finding]]
"""Judges ``(question, step, thought)``, where ``thought`` is the text of the newest thought before the step."""


@dataclass(frozen=True, slots=True)
class Error:
    """Something wrong in a text, as it stands there; ``right`` is what should stand from the place ``at`` on.

    ``right`` is ``None`` where that is not known.
    """

    text: str
    at: int
    right: str | None


Verifier = Callable[[Question, str, int], Error | None]
"""Finds the first error in ``(question, text, after)`` that is ``at`` a place behind ``after``; asks no model."""


@dataclass(frozen=True, slots=True)
class Check:
    """A mechanical check of single steps; it computes, and asks no model.

    ``faults`` maps each kind of finding that is a mistake to its name in words, singular.
    """

    name: str
    help: str
    judge: Judge
    faults: Mapping[str, str]
