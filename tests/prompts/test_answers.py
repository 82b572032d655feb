from __future__ import annotations

import pytest

from prompts.answers import ANSWER_FORMS, canonical, vote

STATED, NUMBER = ANSWER_FORMS["stated"], ANSWER_FORMS["number"]


@pytest.mark.parametrize(
    ("text", "stated", "number"),
    [
        ("48 + 24 = 72.\nAnswer: 72 clips", "72 clips", "72 clips"),
        ("Answer: twelve", "twelve", "twelve"),
        ("### Final Answer: $1,250.", "$1,250", "$1,250"),
        ("So the final answer is: 3.5 hours. Good.", "3.5 hours", "3.5 hours"),
        ("#### -1,234", "-1,234", "-1,234"),
        (r"thus \boxed{\frac{3}{4}}", r"\frac{3}{4}", r"\frac{3}{4}"),
        ("answer = 12", "12", "12"),
        ("The total is 200 - 60 = 140 bars. Answer: 140", "140", "140"),
        ("Answer: Natalia", "Natalia", None),
        ("The answer is the number of clips.", "the number of clips", None),
        ("Answer: 7:30", "7:30", None),
        ("We should answer how many clips.", None, None),
        ("Next add 24 and 48.", None, None),
        ("", None, None),
    ],
)
def test_the_number_form_takes_from_a_thought_only_an_answer_that_is_a_number(
    text: str, stated: str | None, number: str | None
) -> None:
    assert STATED.from_thought(text) == stated
    assert NUMBER.from_thought(text) == number


@pytest.mark.parametrize(
    ("reply", "stated", "number"),
    [
        ("72 clips.", "72 clips", "72 clips"),
        ("**72**", "72", "72"),
        ("Natalia", "Natalia", None),
        ("I do not know", None, None),
        ("She sold 48 clips in April and 24 in May.", None, None),
        ("She sold 48 clips in April and 24 in May.\nAnswer: 72", "72", "72"),
    ],
)
def test_a_reply_of_a_few_words_is_an_answer_and_in_the_number_form_it_must_be_a_number(
    reply: str, stated: str | None, number: str | None
) -> None:
    assert STATED.from_reply(reply) == stated
    assert NUMBER.from_reply(reply) == number


def test_the_vote_compares_numbers_by_value_and_the_first_wins_a_tie() -> None:
    assert vote(["7", "$18", "18.00", None]) == "$18"
    assert vote(["7", "8"]) == "7"
    assert vote(["yes", "No", "no"]) == "No"
    assert vote([None, None]) is None


def test_answers_mean_the_same_by_value_or_by_their_words_in_any_case() -> None:
    assert canonical("$18") == canonical("18.00 dollars") != canonical("19")
    assert canonical("Yes") == canonical("YES") != canonical("no")
