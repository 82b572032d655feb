"""Mechanical checks of steps, without a model; ``CHECKS`` lists them by name.

findings(question, step, thought="48 / 2 = 25", checks=("equations",))
-> (Finding("equations", "wrong", "48 / 2 = 25", "it is 24"),)
"""

from __future__ import annotations

from collections.abc import Iterable

from prompts.checks import bindings, equations, fidelity, relations, walk
from prompts.checks.check import Check, Verifier
from prompts.steps import Step
from prompts.values import Finding, Question

_GENERAL = (equations.CHECK, fidelity.CHECK, bindings.CHECK)
CHECKS: dict[str, Check] = {check.name: check for check in (*_GENERAL, walk.CHECK, relations.CHECK)}
VERIFIERS: dict[str, Verifier] = {
    "equations": equations.first_error,
    "relations": relations.first_relation_error,
    "vectors": walk.first_sum_error,
}
"""What finds a wrong step while it is written, by the name a task gives its questions."""
DEFAULT_CHECKS: tuple[str, ...] = tuple(check.name for check in _GENERAL)
"""The checks of an attempt at a question that belongs to no task."""


def findings(question: Question, step: Step, thought: str, checks: Iterable[str]) -> tuple[Finding, ...]:
    """Findings of the named checks in a step, in their order; ``thought`` is the newest thought before it.

    Raises:
        KeyError: There is no check of that name.
    """
    return tuple(found for name in checks for found in CHECKS[name].judge(question, step, thought))


def fault_name(check: str, kind: str) -> str | None:
    """The name of a kind of finding that is a fault, such as "wrong equation"; ``None`` when it is no fault."""
    known = CHECKS.get(check)
    return known.faults.get(kind) if known else None
