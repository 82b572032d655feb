"""Values that stand with the wrong name or unit are found, and nothing is said where nothing is plainly wrong."""

from __future__ import annotations

import pytest

from prompts.checks.bindings import bindings_lost
from prompts.checks.fidelity import fidelity
from prompts.memories import TextMemory


def found(question: str, before: str, thought: str, after: str) -> list[tuple[str, str]]:
    old, new = (TextMemory(tuple(text.split("|"))) if text else TextMemory() for text in (before, after))
    return [(each.kind, each.text) for each in bindings_lost(question, old, thought, new)]


@pytest.mark.parametrize(
    ("question", "before", "thought", "after", "wanted"),
    [
        ("", "Mira 12, Olek 7", "", "Mira 7, Olek 12", ("swapped", "Mira = 7, Olek = 12")),
        ("", "", "Mira has 12 clips and Olek has 7 clips", "Mira: 7|Olek: 12", ("swapped", "Mira = 7, Olek = 12")),
        ("", "", "cost = 2 * 3 = 6, rest = 9 - 6 = 3", "cost = 3|rest = 6", ("swapped", "cost = 3, rest = 6")),
        ("", "the way takes: 5 hours", "", "the way takes: 5 minutes", ("unit", "the way takes = 5 minutes")),
        ("", "", "", "rest = 5|rest = 7", ("contradiction", "rest = 5, rest = 7")),
        ("", "the box is AX-7731-B", "", "the box is red", ("lost identifier", "AX-7731-B")),
        ("", "", "Order QX55 came.", "an order came", ("lost identifier", "QX55")),
    ],
)
def test_what_no_longer_belongs_together_is_found(
    question: str, before: str, thought: str, after: str, wanted: tuple[str, str]
) -> None:
    assert found(question, before, thought, after) == [wanted]


@pytest.mark.parametrize(
    ("question", "before", "thought", "after"),
    [
        ("", "Mira 12, Olek 7", "", "Olek 7, Mira 12"),
        ("", "Mira 12, Olek 7", "They swap: Mira has 7 and Olek has 12", "Mira 7, Olek 12"),
        ("", "Mira 12, Olek 12", "", "Olek 12, Mira 12"),
        ("", "the way takes: 5 hours", "", "the way takes: 5 hrs"),
        ("", "clips: 24 clips", "", "clips: 24 sold"),
        ("", "the way takes: 2 hours", "", "the way takes: 120 minutes"),
        ("", "", "", "Total: 3 + 4 = 7|Total: 7 + 5 = 12"),
        ("", "rest = 5", "rest = 5 - 2 = 3", "rest = 3"),
        ("", "", "", "Day 2 = 5|Day 3 = 7"),
        ("Where is AX-7731-B?", "it is AX-7731-B", "", "it is on the shelf"),
        ("", "a 12-ounce cup, one-quarter, a 5-year plan, Step-by-step", "", "a cup"),
        ("", "In May she sold 24 and in June 31.", "", "May and June: 55"),
    ],
)
def test_what_may_well_be_right_is_left_alone(question: str, before: str, thought: str, after: str) -> None:
    assert found(question, before, thought, after) == []


def test_the_digits_of_an_identifier_are_no_number() -> None:
    told = fidelity("", TextMemory(("box AX-7731-B holds 12",)), "", TextMemory(("box AX-7732-B holds 12",)))
    assert (told.kept, told.dropped, told.invented) == (("12",), (), ())
