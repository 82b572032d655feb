from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompts.checks.equations import claims, first_wrong
from tests.prompts.checks.work import count_calls

R, W, U = "right", "wrong", "unreadable"

TABLE = [
    # plain
    ("48 / 2 = 24", R),
    ("48 / 2 = 25", W),
    ("48/2=24", R),
    ("2 * 3 * 4 = 24", R),
    ("5 × 4 = 20", R),
    ("10 ÷ 4 = 2.5", R),
    ("16 - 3 - 4 = 9", R),
    ("16 – 3 − 4 = 9", R),
    ("16-3-4=8", W),
    ("24 = 48 / 2", R),
    ("3x5 = 15", R),
    ("3 x (2 + 4) = 18", R),
    ("2(3 + 4) = 14", R),
    ("(2)(3) = 6", R),
    ("[(2 + 3) * {1 + 1}] = 10", R),
    ("2 + 3 * 4 = 14", R),
    ("2 + 3 * 4 = 20", W),
    ("-3 + 5 = 2", R),
    ("5 - -3 = 8", R),
    ("5 * (-3) = -15", R),
    ("2^3 = 8", R),
    ("2**3 = 8", R),
    ("3² + 4² = 25", R),
    ("2^-1 = 0.5", R),
    ("-2^2 = -4", R),
    ("10 ÷ 1/2 = 20", R),
    ("48 / 4 / 2 = 6", R),
    ("1 1/2 * 4 = 6", R),
    ("2½ x 6 = 15", R),
    ("3/4 = 0.75", R),
    ("½ = 0.5", R),
    ("1,250 + 1,250 = 2,500", R),
    ("1.5 + 1.5 == 3", R),
    ("5 times 3 = 15", R),
    ("20 divided by 4 equals 5", R),
    ("5 = 6", W),
    # surroundings
    ("She sold 48 / 2 = 24 clips in May.", R),
    ("In 2023 she sold 12 + 5 = 17 clips.", R),
    ("Step 2: 48 / 2 = 24.", R),
    ("1. 48 / 2 = 24", R),
    ("- 5 + 3 = 8", R),
    ("**48 / 2 = 24**", R),
    ("*48 / 2 = 24*", R),
    ("**48** + **24** = **72**", R),
    ("The sum (48 + 24 = 72) is the answer.", R),
    ("so 48 + 24 = 72, and we stop", R),
    ("9 * 2 = 18!", R),
    ("9 * 2 = 18 ✅", R),
    ("16 - 7 = 9 – so she sells 9", R),
    ("48 (April) + 24 (May) = 72 (in total)", R),
    ("48 + 24 = 72 (half of 144)", R),
    ("48\u00a0+\u202f24 = 72", R),
    ("Total = 48 + 24 = 72", R),
    ("April + May = 48 + 24 = 72", R),
    ("48/2 = <<48/2=24>>24", R),
    ("She sold <<48/2=25>>25 clips", W),
    # units and money
    ("12 apples + 5 apples = 17 apples", R),
    ("12 red apples + 5 oranges = 18 pieces", W),
    ("15 dollars/hour * 8 hours = 120 dollars", R),
    ("$5.00 x 3 = $15", R),
    ("$5.00/hr x 3 hr = $15.00", R),
    ("60 miles / 2 hours = 30 miles/hour", R),
    ("100 - $30 = -$70", W),
    ("$100 - $130 = -$30", R),
    ("3-day trips * 2 = 6 days", R),
    ("5kg * 3 = 15kg", R),
    ("2 dozen + 6 = 30", R),
    ("3 dozen * $68 = $204", R),
    ("3 dozen * $68 = $2448", R),
    ("3 dozen * $68 = $208", W),
    ("2 dozen + 6 = 8", W),
    ("3 dozen * $68 per dozen = $204", R),
    ("Donuts cost $68 per dozen, so 3 dozen * $68 = $204", R),
    ("$2 million * 3 = $6,000,000", R),
    ("32 / 2 = $16 million", R),
    ("60 kids x 2/3 = 40 kids who have a $6 allowance", R),
    ("$3.50 each for a total of 4 * 3.50 = $14.00", R),
    ("8 - 3 = -5", W),
    ("1/2 hour = 30 minutes", U),
    ("2 hours + 30 minutes = 150 minutes", U),
    ("50 cents * 4 = $2", U),
    # percentages and rounding
    ("20% of 20 = 4", R),
    ("20% of the 50 eggs = 10 eggs", R),
    ("1/2 of 48 = 24", R),
    ("0.2 * 50 = 10", R),
    ("20\\% \\times 50 = 10", R),
    ("20 percent of 50 = 11", W),
    ("50% = 0.5", R),
    ("50% = 0.6", W),
    ("1/4 = 15", U),
    ("15 / 60 * 100% = 25", R),
    ("100% - 20% = 80%", R),
    ("100 - 20% = 80", U),
    ("5 / 20 * 100 = 25%", R),
    ("5 / 20 = 25%", R),
    ("1/3 = 33.3%", R),
    ("10 / 3 = 3.33", R),
    ("10 / 3 = 3.34", W),
    ("10 / 3 = 3", W),
    ("10 / 3 ≈ 3", R),
    ("10 / 3 is about 3.3", R),
    ("10 / 3 = approximately 3.3", R),
    ("2 / 3 = 0.67", R),
    ("2 / 3 = 0.66", W),
    ("999 + 995 ≈ 2000", R),
    ("999 + 995 = 2000", W),
    # LaTeX
    (r"\( 48 \div 2 = 24 \)", R),
    (r"\[ 3 \times 4 = 12 \]", R),
    (r"$\frac{1}{2} \times 10 = 5$", R),
    (r"\dfrac{48 \text{ clips}}{2} = 24 \text{ clips}", R),
    (r"1\frac{1}{2} + 1 = 2.5", R),
    (r"2 \cdot 3 = \boxed{6}", R),
    (r"3 \text{ miles/day} \times 30 \text{ days} = 90 \text{ miles}", R),
    (r"30\% \text{ of } 4000 = 0.30 \times 4000", R),
    (r"\text{24 clips} + 24 = 48", R),
    (r"\$1{,}250 + \$750 = \$2{,}000", R),
    (r"\left( 2 + 3 \right) \cdot 4 = 21", W),
    (r"10 / 3 \approx 3.33", R),
    # unreadable
    ("x + 5 = 17", U),
    ("x - 5 = 12", U),
    ("2x + 3 = 7", U),
    ("3x-5 = 16", U),
    ("2L + 11 = 35", U),
    ("4 W^2 = 100", U),
    ("S + 143 = 200 - 16", U),
    ("5 + 2x = 9", U),
    ("5 * 3 = 15 + x", U),
    ("24 + tax = 30", U),
    ("5! = 120", U),
    ("17 % 5 = 2", U),
    ("7:30 + 1 = 8:30", U),
    (r"\sqrt{16} = 4", U),
    ("5 / 0 = 0", U),
    ("2 ^ 9999 = 0", U),
    ("5 + * 3 = 15", U),
]

NO_CLAIM = [
    "", "She sold 24 clips.", "x = 5", "5 = x", "May = 48 / 2", "48 / 2 = ?", "x + y = z", "x + 5 = y", "5 = 5",
    "$5 = 5 dollars", "60 minutes = 1 hour", "Day 2 = 5 + 1", "3 shirts = 3 * $20", "a discount on $50 = $10",
    "April: 48, May: 24", "She ate 3 of 5.", "- Base (a) = 4 inches\n- Height (b) = 3 inches",
    r"\text{Classes with 25 desks} = 15 - 5", "5 <= 6, 5 != 6, 3 => 4", "=====", "5 + 3", "= 5",
]  # fmt: skip


@pytest.mark.parametrize(("text", "verdict"), TABLE)
def test_verdict(text: str, verdict: str) -> None:
    assert [claim.verdict for claim in claims(text)] == [verdict], claims(text)


@pytest.mark.parametrize("text", NO_CLAIM)
def test_no_claim(text: str) -> None:
    assert claims(text) == ()


def test_chain_judges_each_pair() -> None:
    found = claims("2 + 3 = 5 + 1 = 6")
    assert [(c.text, c.left, c.right, c.verdict) for c in found] == [
        ("2 + 3 = 5 + 1", 5, 6, W),
        ("5 + 1 = 6", 6, 6, R),
    ]


def test_several_claims_and_the_first_wrong_one() -> None:
    thought = (
        "First, 3 * $68 = $204.\nThen 2 * $80 = $150 and 6 * 55 = 330.\n"
        r"\begin{align} T &= 204 + 160 + 330 \\ &= 694 \end{align}"
    )
    assert [c.verdict for c in claims(thought)] == [R, W, R, R]
    wrong = first_wrong(thought)
    assert wrong and (wrong.text, wrong.left, wrong.right) == ("2 * $80 = $150", 160, 150)
    assert first_wrong("2 + 2 = 4") is None


def test_unreadable_side_has_no_value() -> None:
    (claim,) = claims("So 5 * 3 = 15 + x.")
    assert (claim.text, claim.left, claim.right) == ("5 * 3 = 15 + x", 15, None)


def test_a_note_that_differs_is_a_claim_of_its_own() -> None:
    assert [c.verdict for c in claims("48/2 = <<48/2=25>>24")] == [R, W]


OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
SPELLINGS = {"+": ["+"], "-": ["-", "−"], "*": ["*", "×", "x", r"\times"], "/": ["/", "÷", r"\div"]}


@st.composite
def expressions(draw: st.DrawFn, depth: int = 2) -> tuple[str, Fraction]:
    if not depth or draw(st.booleans()):
        cents = draw(st.integers(1, 99999))
        places = draw(st.sampled_from([0, 1, 2]))
        return f"{draw(st.sampled_from(['', '$']))}{cents / 10**places:,.{places}f}", Fraction(cents, 10**places)
    sign = draw(st.sampled_from("+-*/"))
    (a, left), (b, right) = draw(expressions(depth - 1)), draw(expressions(depth - 1))
    if sign == "/" and not right:
        sign = "+"
    return f"({a} {draw(st.sampled_from(SPELLINGS[sign]))} {b})", OPERATORS[sign](left, right)


@given(expressions(), st.sampled_from(["", " apples"]), st.fractions(min_value=Fraction(1, 50)))
def test_right_equations_are_right_and_perturbed_ones_wrong(
    made: tuple[str, Fraction], unit: str, off: Fraction
) -> None:
    text, value = made
    if text[0] != "(":
        text = f"{text} + 0"
    (right,) = claims(f"So {text} = ({value.numerator}{unit}) / {value.denominator} clips.")
    assert (right.verdict, right.left, right.right) == (R, value, value)
    bad = value + off
    (wrong,) = claims(f"So {text} = ({bad.numerator}{unit}) / {bad.denominator} clips.")
    assert (wrong.verdict, wrong.left) == (W, value)


@given(expressions())
def test_rounded_results_are_right(made: tuple[str, Fraction]) -> None:
    text, value = made
    cents = round(value * 100)
    sign, cents = ("-" if cents < 0 else ""), abs(cents)
    assert all(c.verdict == R for c in claims(f"{text} = {sign}{cents // 100}.{cents % 100:02d}"))
    cents += 2
    assert all(c.verdict == W for c in claims(f"0 + {text} = {sign}{cents // 100}.{cents % 100:02d}"))


HOSTILE = st.text(alphabet="0123456789=+-*/^().,%$ \n\\{}x<>≈½²!:ab") | st.text()


@settings(max_examples=400, deadline=None)
@given(
    HOSTILE
    | st.lists(st.sampled_from([*"0123456789=+-*/^().,%$ {}", r"\frac{", r"\text{", "<<", ">>", " of "])).map("".join)
)
def test_any_text_is_judged_with_work_in_proportion_to_its_length(text: str) -> None:
    for claim in claims(text):
        assert claim.text
        assert claim.verdict == U or claim.left is not None is not claim.right
    assert count_calls(lambda: claims(text)) < 100 * len(text) + 500


HOSTILE_SHAPES: dict[str, Callable[[int], str]] = {
    "brackets": lambda n: "(" * n + "1" + ")" * n + " = 1",
    "powers": lambda n: "9^64" * n + " = 1",
    "one long number": lambda n: "9" * n + " + 1 = 2",
    "a long sum": lambda n: "1 + " * n + f"1 = {n + 1}",
    "a long chain": lambda n: " = ".join(["1 + 1"] * n),
    "a huge product": lambda n: "99999999999 * " * n + "1 = 1",
    "huge fractions": lambda n: "1/7 + 1/11 + 1/13 + " * n + "1 = 1",
    "equals signs": lambda n: "=" * n + "5 + 5 = 10",
    "minus signs": lambda n: "5 = " + "-" * n + "5",
    "open fractions": lambda n: r"\frac{" * n + "= 1",
    "line ends": lambda n: "= " + "\n" * n,
    "open notes": lambda n: "<<1=" * n,
    "towers of powers": lambda n: "2^2^2^2^2^2^2^2 = 5" * n,
    "negated brackets": lambda n: "-(" * n + "1 = 1",
    "brackets with words": lambda n: "(a" * n + "= 1",
}


@pytest.mark.parametrize("shape", HOSTILE_SHAPES.values(), ids=HOSTILE_SHAPES)
def test_work_grows_in_proportion_to_hostile_text(shape: Callable[[int], str]) -> None:
    short, long = shape(1000), shape(2000)
    assert count_calls(lambda: claims(long)) < 2.1 * count_calls(lambda: claims(short)) + 500
