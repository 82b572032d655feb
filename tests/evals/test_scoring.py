"""The harness's two scores as the harness itself gave them (lm-eval 0.4.13, task gsm8k 3.0), and our own."""

import json
import os
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.gsm8k import GSM8K_SCORERS, flexible_extract, numeric, strict_match
from evals.task import Item, Scorer
from prompts.values import Question, Score

OFFICIAL = os.environ.get("ISUMP_GSM8K", "")  # read here, because a test's own environment has none of ours


@dataclass(frozen=True)
class Written:
    """What a scorer reads of an attempt."""

    answer: str | None
    completion: str


def judged(scorer: Scorer, completion: str, answer: str | None, gold: str) -> Score:
    return scorer(Item(Question("q", "How many eggs?"), gold), Written(answer, completion), ())


# completion, answer, gold; strict extraction and score, flexible extraction and score (both recorded from the
# harness's own RegexFilter and exact_match); our score.
GOLDEN: list[tuple[str, str | None, str, str, float, str, float, float | None]] = [
    ("16 - 3 - 4 = 9, and 9 * 2 = $<<9*2=18>>18.\n#### 18", "18", "18", "18", 1.0, "18", 1.0, 1.0),
    ("#### 18.", "18.", "18", "18.", 1.0, "18.", 1.0, 1.0),
    ("#### 18.00", "18.00", "18", "18.00", 0.0, "18.00", 0.0, 1.0),
    ("#### $18", "$18", "18", "[invalid]", 0.0, "$18", 1.0, 1.0),
    ("####18", "18", "18", "[invalid]", 0.0, "18", 1.0, 1.0),
    ("####  18", "18", "18", "[invalid]", 0.0, "18", 1.0, 1.0),
    ("### 18", "18", "18", "[invalid]", 0.0, "18", 1.0, 1.0),
    ("#### 1,250", "1,250", "1250", "1,250", 1.0, "1,250", 1.0, 1.0),
    ("#### 1250", "1250", "1,250", "1250", 1.0, "1250", 1.0, 1.0),
    ("The total is $1,250.", "$1,250", "1250", "[invalid]", 0.0, "$1,250.", 1.0, 1.0),
    ("She pays $1,250.00 in all.", "$1,250.00", "1,250", "[invalid]", 0.0, "$1,250.00", 0.0, 1.0),
    ("The answer is 18", "18", "18", "[invalid]", 0.0, "18", 1.0, 1.0),
    ("The answer is 18.", "18", "18", "[invalid]", 0.0, "18.", 1.0, 1.0),
    ("The answer is 18 eggs.", "18 eggs", "18", "[invalid]", 0.0, "18", 1.0, 1.0),
    ("The answer is **18**.", "**18**", "18", "[invalid]", 0.0, "18", 1.0, 1.0),
    ("So the answer is \\boxed{18}.", "\\boxed{18}", "18", "[invalid]", 0.0, "18", 1.0, 1.0),
    ("$\\boxed{18}$", "$\\boxed{18}$", "18", "[invalid]", 0.0, "18", 1.0, 1.0),
    ("\\boxed{\\$18}", "\\boxed{\\$18}", "18", "[invalid]", 0.0, "$18", 1.0, 1.0),
    ("\\boxed{\\frac{7}{2}}", "\\frac{7}{2}", "3.5", "[invalid]", 0.0, "2", 0.0, 1.0),
    ("It takes 7/2 hours.", "7/2", "3.5", "[invalid]", 0.0, "2", 0.0, 1.0),
    ("It takes 3 1/2 hours.", "3 1/2", "3.5", "[invalid]", 0.0, "2", 0.0, 1.0),
    ("It takes 3½ hours.", "3½", "3.5", "[invalid]", 0.0, "3", 0.0, 1.0),
    ("#### -5", "-5", "-5", "-5", 1.0, "-5", 1.0, 1.0),
    ("#### −5", "−5", "-5", "[invalid]", 0.0, "5", 0.0, 1.0),
    ("The temperature is −17 degrees.", "−17 degrees", "-17", "[invalid]", 0.0, "17", 0.0, 1.0),
    ("#### -5", "-5", "5", "-5", 0.0, "-5", 0.0, 0.0),
    ("They are 12-18 years old.", "12", "18", "[invalid]", 0.0, "-18", 0.0, 0.0),
    ("#### 11.6", "11.6", "11.60", "11.6", 0.0, "11.6", 0.0, 1.0),
    ("#### 11.60", "11.60", "11.60", "11.60", 1.0, "11.60", 1.0, 1.0),
    ("#### 11.60", "11.60", "11.6", "11.60", 0.0, "11.60", 0.0, 1.0),
    ("He pays 11.60 euros", "11.60 euros", "11.6", "[invalid]", 0.0, "11.60", 0.0, 1.0),
    ("#### 0.5", "0.5", ".5", "0.5", 0.0, "0.5", 0.0, 1.0),
    ("#### .5", ".5", "0.5", ".5", 0.0, ".5", 0.0, 1.0),
    ("#### 7\nWait, that is wrong.\n#### 18", "18", "18", "7", 0.0, "18", 1.0, 1.0),
    ("#### 18\n\nQuestion: Tom has 5 apples.", "18", "18", "18", 1.0, "5", 0.0, 1.0),
    ("#### 18 (in 3 days)", "18", "18", "18", 1.0, "3", 0.0, 1.0),
    ("#### 18%", "18%", "18", "18", 1.0, "18", 1.0, 1.0),
    ("#### 18, 19", "18", "18", "18,", 1.0, "19", 0.0, 1.0),
    ("#### ,", "", "18", ",", 0.0, "[invalid]", 0.0, None),
    ("#### .", "", "18", ".", 0.0, "[invalid]", 0.0, None),
    ("#### eighteen", "eighteen", "18", "[invalid]", 0.0, "[invalid]", 0.0, 1.0),
    ("I do not know.", None, "18", "[invalid]", 0.0, "[invalid]", 0.0, None),
    ("", None, "18", "[invalid]", 0.0, "[invalid]", 0.0, None),
    ("#### ", None, "18", "[invalid]", 0.0, "[invalid]", 0.0, None),
    ("$", None, "18", "[invalid]", 0.0, "[invalid]", 0.0, None),
    ("..", None, "18", "[invalid]", 0.0, "..", 0.0, None),
    ("The price is $.", None, "18", "[invalid]", 0.0, "$.", 0.0, None),
    ("[invalid]", "[invalid]", "18", "[invalid]", 0.0, "[invalid]", 0.0, 0.0),
    ("There are many eggs.", "many", "18", "[invalid]", 0.0, "[invalid]", 0.0, 0.0),
    ("#### 18abc", "18abc", "18", "18", 1.0, "18", 1.0, 1.0),
    ("#### 1 8", "18", "18", "1", 0.0, "8", 0.0, 1.0),
    ("#### 1.250", "1.250", "1250", "1.250", 0.0, "1.250", 0.0, 0.0),
    ("#### 1,2,5,0", "1250", "1250", "1,2,5,0", 1.0, "1,2,5,0", 1.0, 1.0),
    ("#### 18..", "18", "18", "18..", 0.0, "18..", 0.0, 1.0),
    ("#### 018", "018", "18", "018", 0.0, "018", 0.0, 1.0),
    ("Answer: 18\nCheck: 9 * 2 = 18...", "18", "18", "[invalid]", 0.0, "18...", 0.0, 1.0),
    ("She earns 18 dollars... So 18!", "18", "18", "[invalid]", 0.0, "18", 1.0, 1.0),
    ("18\n\n", "18", "18", "[invalid]", 0.0, "18", 1.0, 1.0),
    ("#### 100000", "100000", "100,000", "100000", 1.0, "100000", 1.0, 1.0),
    ("#### 17", "17", "18", "17", 0.0, "17", 0.0, 0.0),
    ("#### 17.999999", "17.999999", "18", "17.999999", 0.0, "17.999999", 0.0, 0.0),
    ("٣٦ and １８", "36", "36", "[invalid]", 0.0, "[invalid]", 0.0, 1.0),
]


@pytest.mark.parametrize("case", GOLDEN, ids=range(len(GOLDEN)))
def test_golden_table(case: tuple[str, str | None, str, str, float, str, float, float | None]):
    completion, answer, gold, strict, strict_value, flexible, flexible_value, own_value = case
    got = judged(strict_match, completion, answer, gold)
    assert (got.extracted, got.value) == (strict, strict_value)
    got = judged(flexible_extract, completion, answer, gold)
    assert (got.extracted, got.value) == (flexible, flexible_value)
    assert judged(numeric, completion, answer, gold).value == own_value


def test_the_harness_scores_do_not_look_at_the_answer():
    for scorer in (strict_match, flexible_extract):
        assert (
            judged(scorer, "#### 18", None, "18") == judged(scorer, "#### 18", "7", "18") == Score(1.0, "18", "match")
        )


def test_numeric_tells_unanswered_from_unreadable():
    assert judged(numeric, "", " \n", "18") == Score(None, None, "no answer")
    assert judged(numeric, "", "many", "18") == Score(0.0, "many", "the answer is not a number")


def test_a_gold_that_is_no_number_is_an_error_not_a_zero():
    with pytest.raises(ValueError, match="'many' is not a number"):
        judged(numeric, "", "18", "many")


@given(st.integers(-(10**9), 10**9), st.integers(0, 3), st.booleans())
def test_every_official_answer_line_is_right_for_all_three(whole: int, places: int, commas: bool):
    written = format(Decimal(whole), f"{',' if commas else ''}.{places}f")
    completion = f"She sells 9*2 = <<9*2=18>>18 eggs.\n#### {written}"
    for name, scorer in GSM8K_SCORERS.items():
        assert judged(scorer, completion, written, written).value == 1.0, name


@given(st.text(), st.one_of(st.none(), st.text()))
def test_no_text_breaks_a_scorer(completion: str, answer: str | None):
    for scorer in GSM8K_SCORERS.values():
        assert judged(scorer, completion, answer, "18").value in (0.0, 1.0, None)


@pytest.mark.skipif(not OFFICIAL, reason="set ISUMP_GSM8K to the official train.jsonl to check all its golds")
def test_all_golds_of_the_real_training_set_score_one():
    lines = Path(OFFICIAL).read_text(encoding="utf-8").splitlines()
    assert lines
    for n, line in enumerate(lines, 1):
        answer: str = json.loads(line)["answer"]
        gold = answer.rpartition("####")[2].strip()
        for name, scorer in GSM8K_SCORERS.items():
            assert judged(scorer, answer, gold, gold).value == 1.0, f"line {n}, {name}"
