from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompts.checks.equations import claims, first_error
from tests.prompts.checks.work import count_calls
from tests.prompts.conftest import CLIPS

R, W, U = "right", "wrong", "unreadable"

VERDICTS = {
    R: [
        "48 / 2 = 24", "48/2=24", "2 * 3 * 4 = 24", "5 × 4 = 20", "10 ÷ 4 = 2.5", "16 - 3 - 4 = 9", "16 – 3 − 4 = 9",
        "24 = 48 / 2", "3x5 = 15", "3 x (2 + 4) = 18", "2(3 + 4) = 14", "(2)(3) = 6", "[(2 + 3) * {1 + 1}] = 10",
        "2 + 3 * 4 = 14", "-3 + 5 = 2", "5 - -3 = 8", "5 * (-3) = -15", "2^3 = 8", "2**3 = 8", "3² + 4² = 25",
        "2^-1 = 0.5", "-2^2 = -4", "10 ÷ 1/2 = 20", "48 / 4 / 2 = 6", "1 1/2 * 4 = 6", "2½ x 6 = 15", "3/4 = 0.75",
        "½ = 0.5", "1,250 + 1,250 = 2,500", "1.5 + 1.5 == 3", "5 times 3 = 15", "20 divided by 4 equals 5",
        "She sold 48 / 2 = 24 clips in May.", "In 2023 she sold 12 + 5 = 17 clips.", "Step 2: 48 / 2 = 24.",
        "1. 48 / 2 = 24", "- 5 + 3 = 8", "**48 / 2 = 24**", "*48 / 2 = 24*", "**48** + **24** = **72**",
        "The sum (48 + 24 = 72) is the answer.", "so 48 + 24 = 72, and we stop", "9 * 2 = 18!", "9 * 2 = 18 ✅",
        "16 - 7 = 9 – so she sells 9", "48 (April) + 24 (May) = 72 (in total)", "48 + 24 = 72 (half of 144)",
        "48\u00a0+\u202f24 = 72", "Total = 48 + 24 = 72", "April + May = 48 + 24 = 72", "48/2 = <<48/2=24>>24",
        "12 apples + 5 apples = 17 apples", "15 dollars/hour * 8 hours = 120 dollars", "$5.00 x 3 = $15",
        "$5.00/hr x 3 hr = $15.00", "60 miles / 2 hours = 30 miles/hour", "$100 - $130 = -$30",
        "3-day trips * 2 = 6 days", "5kg * 3 = 15kg", "2 dozen + 6 = 30", "3 dozen * $68 = $204",
        "3 dozen * $68 = $2448", "3 dozen * $68 per dozen = $204",
        "Donuts cost $68 per dozen, so 3 dozen * $68 = $204", "$2 million * 3 = $6,000,000", "32 / 2 = $16 million",
        "60 kids x 2/3 = 40 kids who have a $6 allowance", "$3.50 each for a total of 4 * 3.50 = $14.00",
        "20% of 20 = 4", "20% of the 50 eggs = 10 eggs", "1/2 of 48 = 24", "0.2 * 50 = 10", "20\\% \\times 50 = 10",
        "50% = 0.5", "15 / 60 * 100% = 25", "100% - 20% = 80%", "5 / 20 * 100 = 25%", "5 / 20 = 25%", "1/3 = 33.3%",
        "10 / 3 = 3.33", "10 / 3 ≈ 3", "10 / 3 is about 3.3", "10 / 3 = approximately 3.3", "2 / 3 = 0.67",
        "999 + 995 ≈ 2000", r"\( 48 \div 2 = 24 \)", r"\[ 3 \times 4 = 12 \]", r"$\frac{1}{2} \times 10 = 5$",
        r"\dfrac{48 \text{ clips}}{2} = 24 \text{ clips}", r"1\frac{1}{2} + 1 = 2.5", r"2 \cdot 3 = \boxed{6}",
        r"3 \text{ miles/day} \times 30 \text{ days} = 90 \text{ miles}", r"30\% \text{ of } 4000 = 0.30 \times 4000",
        r"\text{24 clips} + 24 = 48", r"\$1{,}250 + \$750 = \$2{,}000", r"10 / 3 \approx 3.33",
    ],
    W: [
        "48 / 2 = 25", "16-3-4=8", "2 + 3 * 4 = 20", "5 = 6", "She sold <<48/2=25>>25 clips",
        "12 red apples + 5 oranges = 18 pieces", "100 - $30 = -$70", "3 dozen * $68 = $208", "2 dozen + 6 = 8",
        "8 - 3 = -5", "20 percent of 50 = 11", "50% = 0.6", "10 / 3 = 3.34", "10 / 3 = 3", "2 / 3 = 0.66",
        "999 + 995 = 2000", r"\left( 2 + 3 \right) \cdot 4 = 21",
    ],
    U: [
        "1/2 hour = 30 minutes", "2 hours + 30 minutes = 150 minutes", "50 cents * 4 = $2", "1/4 = 15",
        "100 - 20% = 80", "x + 5 = 17", "x - 5 = 12", "2x + 3 = 7", "3x-5 = 16", "2L + 11 = 35", "4 W^2 = 100",
        "S + 143 = 200 - 16", "5 + 2x = 9", "5 * 3 = 15 + x", "24 + tax = 30", "5! = 120", "17 % 5 = 2",
        "7:30 + 1 = 8:30", r"\sqrt{16} = 4", "5 / 0 = 0", "2 ^ 9999 = 0", "5 + * 3 = 15",
    ],
}  # fmt: skip

NO_CLAIM = [
    "", "She sold 24 clips.", "x = 5", "5 = x", "May = 48 / 2", "48 / 2 = ?", "x + y = z", "x + 5 = y", "5 = 5",
    "$5 = 5 dollars", "60 minutes = 1 hour", "Day 2 = 5 + 1", "3 shirts = 3 * $20", "a discount on $50 = $10",
    "April: 48, May: 24", "She ate 3 of 5.", "- Base (a) = 4 inches\n- Height (b) = 3 inches",
    r"\text{Classes with 25 desks} = 15 - 5", "5 <= 6, 5 != 6, 3 => 4", "=====", "5 + 3", "= 5",
]  # fmt: skip


@pytest.mark.parametrize(("text", "verdict"), [(text, verdict) for verdict in VERDICTS for text in VERDICTS[verdict]])
def test_verdict(text: str, verdict: str) -> None:
    assert [claim.verdict for claim in claims(text)] == [verdict], claims(text)


@pytest.mark.parametrize("text", NO_CLAIM)
def test_no_claim(text: str) -> None:
    assert claims(text) == ()


def test_chain_judges_each_pair() -> None:
    found = claims("2 + 3 = 5 + 1 = 6")
    assert [(c.text, c.left, c.right, c.verdict) for c in found] == [("2 + 3 = 5 + 1", 5, 6, W), ("5 + 1 = 6", 6, 6, R)]


def test_several_claims_and_the_first_wrong_one() -> None:
    thought = (
        "First, 3 * $68 = $204.\nThen 2 * $80 = $150 and 6 * 55 = 330.\n"
        r"\begin{align} T &= 204 + 160 + 330 \\ &= 694 \end{align}"
    )
    assert [c.verdict for c in claims(thought)] == [R, W, R, R]
    wrong = first_error(CLIPS, thought, -1)
    assert wrong and (wrong.text, wrong.right) == ("2 * $80 = $150", "160")
    assert thought[wrong.at :].startswith("150 and")
    assert first_error(CLIPS, thought, wrong.at) is None
    assert first_error(CLIPS, "2 + 2 = 4 and 7 = 3 + 5", -1) is None, "there is no calculation to correct"


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
