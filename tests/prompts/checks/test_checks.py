"""The registry of checks: which run, in which order, and what their findings are called."""

from __future__ import annotations

import pytest

from prompts.checks import CHECKS, DEFAULT_CHECKS, fault_name, findings
from prompts.memories import TextMemory, VectorMemory
from prompts.steps import Step
from prompts.values import Finding, Question, Thought

QUESTION = Question("q", "Ann sold 48 clips in April and half as many in May. How many in all?")
BEFORE, AFTER = TextMemory(("April = 48",)), TextMemory(("May = 24", "June = 31"))
THOUGHT = Step("step", 1, BEFORE, BEFORE, thought=Thought("48 / 2 = 25. 48 + 24 = 72. x + 5 = 17."))
SUMMARY = Step("summarize", 1, BEFORE, AFTER)
BOTH = Step("summarize", 1, BEFORE, AFTER, thought=Thought("1 + 1 = 3."))


def test_every_check_is_listed_under_its_own_name_and_those_of_no_task_run_by_default() -> None:
    assert all(name == check.name and check.help for name, check in CHECKS.items())
    assert DEFAULT_CHECKS == ("equations", "fidelity", "bindings")
    assert set(CHECKS) - set(DEFAULT_CHECKS) == {"walk", "relations"}


def test_the_claims_of_a_thought_are_found_in_reading_order_with_their_verdicts() -> None:
    assert findings(QUESTION, THOUGHT, "", DEFAULT_CHECKS) == (
        Finding("equations", "wrong", "48 / 2 = 25", "it is 24"),
        Finding("equations", "right", "48 + 24 = 72"),
        Finding("equations", "unreadable", "x + 5 = 17"),
    )


def test_the_numbers_of_a_summary_are_traced_to_question_memory_and_newest_thought() -> None:
    assert findings(QUESTION, SUMMARY, "48 / 2 = 24, then 24 / 4 = 6", DEFAULT_CHECKS) == (
        Finding("fidelity", "kept", "24"),
        Finding("fidelity", "dropped", "2"),
        Finding("fidelity", "dropped", "4"),
        Finding("fidelity", "dropped", "6"),
        Finding("fidelity", "invented", "31"),
    )
    assert Finding("fidelity", "invented", "24") in findings(QUESTION, SUMMARY, "", ("fidelity",))


@pytest.mark.parametrize("checks", [("equations", "fidelity"), ("fidelity", "equations")])
def test_findings_come_in_the_order_of_the_named_checks(checks: tuple[str, ...]) -> None:
    found = findings(QUESTION, BOTH, "48 / 2 = 24", checks)
    order = [finding.check for finding in found]
    assert order == sorted(order, key=checks.index)
    assert set(order) == {"equations", "fidelity"}


def test_only_the_named_checks_run() -> None:
    assert {finding.check for finding in findings(QUESTION, BOTH, "", ("equations",))} == {"equations"}
    assert findings(QUESTION, BOTH, "", ()) == ()


def test_a_check_that_does_not_exist_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="spelling"):
        findings(QUESTION, THOUGHT, "", ("equations", "spelling"))


@pytest.mark.parametrize("verb", ["read", "step", "conclude"])
def test_only_a_summary_is_judged_for_fidelity(verb: str) -> None:
    step = Step(verb, 1, BEFORE, AFTER)  # pyright: ignore[reportArgumentType]
    assert findings(QUESTION, step, "48 / 2 = 24", DEFAULT_CHECKS) == ()


def test_memories_in_vectors_hold_no_numbers_to_trace() -> None:
    vectors = VectorMemory(b"1234", (1, 4), 1.0)
    for before, after in ((vectors, vectors), (BEFORE, vectors), (vectors, AFTER)):
        assert findings(QUESTION, Step("summarize", 1, before, after), "48", DEFAULT_CHECKS) == ()


@pytest.mark.parametrize(
    ("check", "kind", "name"),
    [
        ("equations", "wrong", "wrong equation"),
        ("equations", "right", None),
        ("equations", "unreadable", None),
        ("fidelity", "invented", "invented number"),
        ("fidelity", "dropped", None),
        ("spelling", "wrong", None),
    ],
)
def test_a_finding_that_is_a_mistake_has_a_name_in_words(check: str, kind: str, name: str | None) -> None:
    assert fault_name(check, kind) == name
