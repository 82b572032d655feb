"""Result lines: what a thought worked out is found, whatever is asked, and nothing that is old or said already."""

from __future__ import annotations

import pytest

from prompts.answers import ANSWER_FORMS
from prompts.results import RESULT_FORMS, new_results, without_latex

AGES = "Ann in 5 years: 20 + 5 = 25.\nBo is 10 older: 25 + 10 = 35.\nCy in 5 years: 9 + 5 = 14."


@pytest.mark.parametrize(
    ("form", "text", "found"),
    [
        ("calculation", "There are 3 boxes.\n- 3 * 12 = **36** eggs.", ("3 * 12 = **36** eggs.",)),
        ("calculation", "3 * 7 = 21\n2 * 10 = 20\nIn all 21 + 20 = 41", ("In all 21 + 20 = 41",)),
        ("calculation", "4 + 1 = 5, and then 5 * 2 = 10\n10 - 3 = 7", ("10 - 3 = 7",)),
        ("calculation", AGES, tuple(AGES.split("\n"))),
        ("calculation", r"So \(2 \times 10 = 20\) clips.", ("So 2 * 10 = 20 clips.",)),
        ("calculation", "Half of 16 is 8 tickets.", ("Half of 16 is 8 tickets.",)),
        ("calculation", "48 / 2 = 24\nAnswer: 24", ("48 / 2 = 24",)),
        ("calculation", "We must add them up.", ()),
        ("relation", "Every a is a c. Is it so? That helps.", ("Every a is a c.",)),
        ("position", "Adding (1, 2).\nNow I am at (4, -6).", ("Now I am at (4, -6).",)),
        ("sentence", "Mary went home.\nSo she is at home now.", ("So she is at home now.",)),
        ("any", "The park is near.\nTwice 4 is 2 * 4 = 8.", ("Twice 4 is 2 * 4 = 8.",)),
        ("any", "Mary is in the park.", ("Mary is in the park.",)),
        ("any", "", ()),
    ],
)
def test_what_counts_as_a_result(form: str, text: str, found: tuple[str, ...]) -> None:
    assert RESULT_FORMS[form].find(text) == found


def test_every_answer_form_names_a_kind_of_result() -> None:
    assert {form.results for form in ANSWER_FORMS.values()} <= RESULT_FORMS.keys()


@pytest.mark.parametrize(
    ("body", "heading", "known", "found"),
    [
        ("3 * 4 = 12", "Add", (), ("3 * 4 = 12",)),
        ("", "Add them: 3 + 4 = 7", (), ("Add them: 3 + 4 = 7",)),
        ("So 3 * 4 = 12.", "Add", ("Multiply: 3 * 4 = 12",), ()),
        ("13 * 4 = 52", "Add", ("3 * 4 = 12",), ("13 * 4 = 52",)),
        ("Calculate the 12 eggs.", "Calculate the number of the 12 eggs", (), ()),
    ],
)
def test_only_what_is_new_is_a_result_of_a_step(
    body: str, heading: str, known: tuple[str, ...], found: tuple[str, ...]
) -> None:
    assert new_results(body, heading, known, RESULT_FORMS["calculation"]) == found


def test_latex_is_written_plainly() -> None:
    assert without_latex(r"\[ \frac{48}{2} = \text{24 clips} \]") == "48 / 2 = 24 clips"
    assert without_latex("48 / 2 = 24") == "48 / 2 = 24"
