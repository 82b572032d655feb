from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.answers import ANSWER_FORMS, canonical, vote

read_answer = ANSWER_FORMS["stated"].from_thought


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("48 / 2 = 24.\nAnswer: 72", "72"),
        ("Answer: 5\nWait.\nAnswer: 6", "6"),
        ("**Answer:** 72", "72"),
        ("**Answer: 72**", "72"),
        ("### Final Answer: $1,250.", "$1,250"),
        ("The answer is 72.", "72"),
        ("So the final answer is: 3.5 hours. Good.", "3.5 hours"),
        ("#### -1,234", "-1,234"),
        (r"thus \(\boxed{18}\).", "18"),
        (r"Answer: \(\boxed{\frac{3}{4}}\)", r"\frac{3}{4}"),
        (r"Answer: \( 72 \)", "72"),
        ("answer = 12", "12"),
        ("Answer: unknown", None),
        ("The total is 200 - 60 = 140 bars. Answer: 140", "140"),
        ("What is the answer: is it 5?", None),
        ("Answer: N", None),
        ("Answer:", None),
        ("Answer: not yet known.", None),
        ("We should answer how many clips.", None),
        ("Next add 24 and 48.", None),
        ("", None),
    ],
)
def test_read_answer(text: str, answer: str | None) -> None:
    assert read_answer(text) == answer


@given(st.text(max_size=200))
def test_any_text_is_read_without_an_error_and_an_answer_is_never_blank(text: str) -> None:
    answer = read_answer(text)
    assert answer is None or answer.strip()


@given(st.text(max_size=60), st.integers(-10_000, 10_000))
def test_a_closing_answer_line_is_always_found(thought: str, value: int) -> None:
    assert read_answer(f"{thought}\nAnswer: {value}") == str(value)


def test_the_vote_compares_numbers_by_value_and_the_first_wins_a_tie() -> None:
    assert vote(["7", "$18", "18.00", None]) == "$18"
    assert vote(["7", "8"]) == "7"
    assert vote(["yes", "No", "no"]) == "No"
    assert vote([None, None]) is None


@pytest.mark.parametrize(
    ("text", "stated", "number"),
    [
        ("48 + 24 = 72.\nAnswer: 72 clips", "72 clips", "72 clips"),
        ("Answer: twelve", "twelve", "twelve"),
        (r"thus \boxed{\frac{3}{4}}", r"\frac{3}{4}", r"\frac{3}{4}"),
        ("Answer: Natalia", "Natalia", None),
        ("The answer is the number of clips.", "the number of clips", None),
        ("Answer: 7:30", "7:30", None),
        ("Next add 24 and 48.", None, None),
        ("", None, None),
    ],
)
def test_the_number_form_takes_from_a_thought_only_an_answer_that_is_a_number(
    text: str, stated: str | None, number: str | None
) -> None:
    assert ANSWER_FORMS["stated"].from_thought(text) == stated
    assert ANSWER_FORMS["number"].from_thought(text) == number


@pytest.mark.parametrize(
    ("reply", "stated", "number"),
    [
        ("Answer: 72", "72", "72"),
        ("72 clips.", "72 clips", "72 clips"),
        ("**72**", "72", "72"),
        ("Natalia", "Natalia", None),
        ("I do not know", None, None),
        ("She sold 48 clips in April and 24 in May.", None, None),
        ("She sold 48 clips in April and 24 in May.\nAnswer: 72", "72", "72"),
        ("  ", None, None),
    ],
)
def test_a_reply_of_a_few_words_is_an_answer_and_in_the_number_form_it_must_be_a_number(
    reply: str, stated: str | None, number: str | None
) -> None:
    assert ANSWER_FORMS["stated"].from_reply(reply) == stated
    assert ANSWER_FORMS["number"].from_reply(reply) == number


@given(st.text(max_size=200))
def test_the_number_form_reads_what_the_stated_form_reads_or_nothing(text: str) -> None:
    for read in ("from_thought", "from_reply"):
        stated, number = (getattr(ANSWER_FORMS[form], read)(text) for form in ("stated", "number"))
        assert number in (stated, None)


def test_answers_mean_the_same_by_value_or_by_their_words_in_any_case() -> None:
    assert canonical("$18") == canonical("18.00 dollars") != canonical("19")
    assert canonical("Yes") == canonical("YES") != canonical("no")
