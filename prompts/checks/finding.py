"""Check and Finding: a mechanical check of a step, and one thing it found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from prompts.steps import Step
from prompts.values import Question


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a check found in a step: ``text`` as it stands there, ``detail`` what there is to say about it.

    ``check`` is a key of ``prompts.checks.CHECKS`` and ``kind`` one of that check's own words.
    """

    check: str
    kind: str
    text: str
    detail: str = ""


Judge = Callable[[Question, Step, str], Iterable[Finding]]
"""Judges ``(question, step, thought)``, where ``thought`` is the text of the newest thought before the step."""


@dataclass(frozen=True, slots=True)
class Check:
    """A mechanical check of single steps; it computes, and asks no model.

    ``faults`` maps each kind of finding that is a mistake to its name in words, singular.
    """

    name: str
    help: str
    judge: Judge
    faults: Mapping[str, str]
