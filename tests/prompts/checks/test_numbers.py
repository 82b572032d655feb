from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.checks.numbers import number, numbers, without_markers
from tests.prompts.checks.work import count_calls

READ = [
    ("", ""), ("no digits here", ""), ("48 clips", "48"), ("$1,250 and 1250", "1250 1250"),
    ("1,234,567.89", "1234567.89"), ("It is 1,234.", "1234"), ("1, 250", "1 250"), ("1,25", "1 25"),
    ("12,3456", "12 3456"), ("3.50 or .5 or 0.5.", "3.5 0.5 0.5"), ("$.75", "0.75"), ("version 1.2.3", "1.2 3"),
    ("wait...5", "5"), ("-3 and −4 and –5", "-3 -4 -5"), ("(-3)", "-3"), ("x=-3", "-3"), ("-$5, $-5", "-5 -5"),
    ("3-4", "3 4"), ("10–12", "10 12"), ("5 - 3", "5 3"), ("5 -3", "5 3"), ("5 - -3", "5 -3"), ("(2)-3", "2 3"),
    ("5\n-3", "5 -3"), ("covid-19", "19"), ("- 3 apples", "3"), ("3/4", "3/4"), ("1/3", "1/3"), ("3⁄4", "3/4"),
    ("3/0", "3 0"), ("3/00", "3 0"), ("48/2", "48 2"), ("7/2", "7 2"), ("5/12/2020", "5 12 2020"), ("1.5/2", "1.5 2"),
    ("-3/4", "-3/4"), ("½ ¾ ⅓", "1/2 3/4 1/3"), ("1 1/2 cups", "3/2"), ("1½ cups, 2 ½ cups", "3/2 5/2"),
    ("3 48/2", "3 48 2"), ("20% or 20 % or 20 percent or 20 per cent", "20 20 20 20"), ("twelve percent", "12"),
    ("Zero, one and TWENTY", "0 1 20"), ("nineteen ninety", "19"), ("weight of someone; tenth; eighty", ""),
    ("a five-day trip", "5"), ("twenty-one, five hundred, two-thirds, one half", ""),
    ("no one, each one, one's, one day", "1"), (r"\$1{,}250 and 1\,250", "1250 1250"),
    (r"\frac{3}{4} \dfrac{48}{2} 1\frac{1}{2}", "3/4 24 3/2"), (r"\frac{3}{0}", "3 0"),
    (r"20\% of \boxed{18}", "20 18"), ("5kg 3x $5.00/hr 60mph", "5 3 5 60"), ("7:30, 7:00 and 9:05:00", "7 30 7 9 5"),
    ("a ratio of 3:5", "3 5"), ("1st, 2nd, 21st", "1 2 21"), ("1.25 thousand", "1.25"), ("٣ and ² are not read", ""),
    ("**18**", "18"),
]  # fmt: skip

ANSWERS = [
    ("18.00", "18"), ("$1,250", "1250"), (r"\boxed{18}", "18"), (r"The answer is $\boxed{18}$ clips, not 20", "18"),
    (r"$\text{18 clips}$", "18"), ("−5", "-5"), ("72 clips", "72"), ("72 clips in 2 months", "72"), ("**18**", "18"),
    ("#### 18", "18"), ("The answer is 18.", "18"), ("Of 20 eggs, 18 are left", "18"), ("48 + 24 = 72", "72"),
    ("x = 5", "5"), ("5 = x", "5"), ("20%", "20"), ("3/4", "3/4"), ("7/2", "7/2"), ("48/2", "24"), ("1 1/2", "3/2"),
    ("eighteen", "18"), ("€5", "5"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), READ)
def test_numbers(text: str, expected: str) -> None:
    assert [n.value for n in numbers(text)] == [Fraction(word) for word in expected.split()]


@pytest.mark.parametrize(("text", "expected"), ANSWERS)
def test_number(text: str, expected: str) -> None:
    assert number(text) == Fraction(expected)


@pytest.mark.parametrize("text", ["", "none", "7:30", "at 7:30", "3-4", "3–4 apples", "5/12/2020", "3/0", "9" * 5000])
def test_no_single_number(text: str) -> None:
    assert number(text) is None


def test_places_texts_and_percent() -> None:
    text = "He pays -$5, then 20 percent of 1½."
    found = numbers(text)
    assert [n.text for n in found] == ["-$5", "20 percent", "1½"]
    assert [text[n.start : n.end] for n in found] == [n.text for n in found]
    assert [n.percent for n in found] == [False, True, False]
    assert found[1].readings == (20, Fraction(1, 5))
    assert [n.text for n in numbers("5 -3")] == ["5", "3"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1. April = 48\n2) May\n  (3) June", "48"),
        ("**Step 3:** 72", "72"),
        ("### Step 2\nas in step 1", ""),
        ("* 1. five", "5"),
        ("1.5 hours\n12 walks\n24.\n7", "1.5 12 24 7"),
        ("123. long", "123"),
    ],
)
def test_markers_are_blanked(text: str, expected: str) -> None:
    blanked = without_markers(text)
    assert len(blanked) == len(text)
    assert [n.value for n in numbers(blanked)] == [Fraction(word) for word in expected.split()]


@given(st.integers(-(10**60), 10**60))
def test_integers_are_read_back(value: int) -> None:
    assert [n.value for n in numbers(f"so {value} it is")] == [value]
    assert [n.value for n in numbers(f"so {value:,}.")] == [value]


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=4))
def test_decimals_are_read_back(value: object) -> None:
    assert [n.value for n in numbers(f"{value:f} kg")] == [Fraction(str(value))]


@given(st.text() | st.text(alphabet="0123456789/.,:%-− {}\\$½one frac\n"))
def test_any_text_is_read_in_order(text: str) -> None:
    end = 0
    for n in numbers(text):
        assert end <= n.start < n.end <= len(text)
        assert n.text == text[n.start : n.end]
        end = n.end
    number(text)


PIECES = [
    "1", "/", "1/", "-", "1,", "1,234,", ",123", "1.", ".", " ", "$", "- ", "½", "\\frac{", "\\frac{1}{", "{", "one ",
    "twenty-", "1 ", "\n", "=1",
]  # fmt: skip


def read(text: str) -> None:
    numbers(text)
    number(text)
    without_markers(text)


@pytest.mark.parametrize("piece", PIECES)
def test_work_grows_in_proportion_to_the_text(piece: str) -> None:
    assert count_calls(lambda: read(piece * 2000)) < 2.1 * count_calls(lambda: read(piece * 1000)) + 500
