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


NO_ANSWER = (
    "Answer: 24 + 48", "Answer: 20 - 5", "Answer: 2 or 3", "Answer: (1,2)", "Answer: 3, 5 and 8", "Answer: 4 10/3",
    "Answer: between 12 and 15", "Answer: 5 feet 3 inches", "Answer: 12 apples and 3 pears", "The answer is 36? No.",
    "Answer: Subtract 8 from 36", "#### 2nd step", "Note: \\boxed{36} is not the answer.",
    "<think>The answer is 17. Hmm",
)  # fmt: skip
"""Unfinished arithmetic, several numbers, questions, plans, what is denied or only thought."""


@pytest.mark.parametrize("text", NO_ANSWER)
def test_a_wrong_number_is_worse_than_none(text: str) -> None:
    assert NUMBER.from_thought(text) is None
    assert NUMBER.from_reply(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Answer: - 1/4", "-1/4"), ("Answer: x = - 5", "-5"), ("Answer: 14 555", "14555"), ("Answer: 1e6", "1000000"),
        ("Answer: 3.5 million", "3500000"), ("Hence, 21 is the answer.", "21"), ("Answer：21", "21"),
        ("Answer: 24 + 48 = 72", "72"), ("Answer: 18 (9 + 9)", "18"), ("Answer: 10 in 2 days", "10"),
        ("<think>Is it 17?</think>\nAnswer: 18", "18"), ("it may be 17</think>Answer: 18", "18"),
        ("Answer: 36\n\nQuestion: How many more?\nAnswer: 12", "36"), ("The answer is 7, because 3 + 4 = 7.", "7"),
    ],
)  # fmt: skip
def test_how_a_number_may_be_written(text: str, value: str) -> None:
    for answer in (NUMBER.from_thought(text), NUMBER.from_reply(text)):
        assert answer is not None and str(canonical(answer)) == value


def test_choices_words_and_vectors_are_read_in_their_own_form() -> None:
    choice, vector = ANSWER_FORMS["choice"].from_thought, ANSWER_FORMS["vector"].from_thought
    assert choice("It is not B, the answer is D.") == "D"
    assert choice("The answer is C because it fits.") == "C"
    assert choice("Answer: A or B") is None
    assert (vector("Answer: (3, -4)"), vector("Answer: 7")) == ("(3, -4)", None)
    assert ANSWER_FORMS["words"].from_thought("Answer: the park") == "the park"


def test_the_vote_compares_numbers_by_value_and_the_first_wins_a_tie() -> None:
    assert vote(["7", "$18", "18.00", None]) == "$18"
    assert vote(["7", "8"]) == "7"
    assert vote(["yes", "No", "no"]) == "No"
    assert vote([None, None]) is None


def test_answers_mean_the_same_by_value_or_by_their_words_in_any_case() -> None:
    assert canonical("$18") == canonical("18.00 dollars") != canonical("19")
    assert canonical("Yes") == canonical("YES") != canonical("no")
