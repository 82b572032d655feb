"""Hostile and misleading texts around an answer: what is no answer does not end an attempt, and no text does harm.

The real replies that the reading is measured on are in ``tests/prompts/test_replies.py``; these here are invented.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.answers import ANSWER_FORMS, vote
from prompts.statements import is_non_answer

STATED, NUMBER = ANSWER_FORMS["stated"], ANSWER_FORMS["number"]

NO_ANSWER = [
    # headings and plans
    "#### Step 1: Count the eggs", "#### 1. Count the eggs", "#### Eggs", "#### 12:", "**Answer:**",
    "To check whether the answer is correct, we first need", "Answer: Step 1 gives 36.",
    "Answer: Let's count the 36 eggs.", "The final answer is found by subtracting 8 from 36.",
    "The answer is based on 36 eggs.", "Answer the question with 36.",
    # open
    "The answer is not yet known.", "Answer: see below", "Answer: N", "Answer: <number>", "Answer: ...", "Answer: TBD",
    "Answer: I don't know", "Answer: It cannot be determined from the 3 facts given.",
    "Answer: We do not have enough information to find all 3.", r"The answer is \boxed{\text{unknown}}.", r"\boxed{?}",
    # denied, doubted, reported, asked, conditional
    "We do not know that the answer is 36.", "It isn't true that the answer is 36.", "Ben says the answer is 36.",
    "Suppose the answer is 36.", "Perhaps the answer is 36.", "If the answer is 36, then 8 were sold.",
    "The answer is not 36.", "The answer is 36 if none were sold.", "The answer is 36, but 8 were sold.",
    "Could it be that the answer is 36?", "Answer: 36?", 'The question says "the answer is 36".',
    "The answer is correct.", "We know it is not \\boxed{36}.",
    # in the middle
    "Answer: 36 so far", "The answer is 36. Now subtract 8.", "Answer: 36\nWait, 8 were sold.",
    "Answer: 36\n\nNext, we subtract 8: 36 - 8 = 28.", "\\boxed{36}\nNow subtract 8.", "\\boxed{36} - 8 = 28",
    "So far \\boxed{36}, and now we subtract 8.", "\\boxed{36", "The answer",
    "```\nAnswer = compute(36)\nprint(Answer)\n```",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_ANSWER)
def test_what_only_looks_like_an_answer_does_not_end_a_thought(text: str) -> None:
    for form in ANSWER_FORMS.values():
        for before in ("", "Ann has 3 * 12 = 36 eggs.\n\n"):
            assert form.from_thought(before + text) is None


ANSWERED = [
    ("**Final Answer:** 36 eggs.", "36 eggs"), ("### Final Answer\n36 eggs", "36 eggs"), ("- **Answer**: 36", "36"),
    ("Final answer:\n\\[\n\\boxed{36}\n\\]", "36"), ("The answer is:\n\n$$36$$", "36"), ("3. Answer: 36", "36"),
    ("Since she did not sell any, the answer is 36.", "36"), ("The correct answer is $36.50.", "$36.50"),
    ("The answer is 36. I hope this helps!", "36"), ("#### $1,234.50", "$1,234.50"), ("#### -7/2", "-7/2"),
    (r"\[ \boxed{\frac{1}{2}} \]", r"\frac{1}{2}"), ("Answer: 5\nWait.\nAnswer: 36", "36"), ("> Answer: 36", "36"),
    ("Answer: 36\n```", "36"), ("She has 36 left. Answer: 36", "36"), ("The answer is\n36", "36"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "answer"), ANSWERED)
def test_an_answer_in_any_usual_form_at_the_end_is_read(text: str, answer: str) -> None:
    for before in ("", "12 * 3 = 36.\n\n", "Is the answer 5? No.\n"):
        assert STATED.from_thought(before + text) == answer
        assert NUMBER.from_thought(before + text) == NUMBER.from_reply(before + text) == answer
    for more in ("Now we subtract 8.", "36 - 8 = 28", "Next:\n- go on"):
        assert STATED.from_thought(f"{text}\n\n{more}") is None


@pytest.mark.parametrize(
    "text",
    ["I don’t know.", "Unknown.", "Sorry, I cannot say.", "It cannot be determined.", "There is no answer.",
     "We can't tell.", "Impossible to say.", "The answer is unknown.", "**I do not know.**", "None", "N/A", "?",
     r"\boxed{\text{I do not know}}", "What is 36?", "#### Step 1", " \n ", "The answer is 36.\nAnswer: unknown"],
)  # fmt: skip
def test_a_conclusion_without_an_answer_is_unanswered(text: str) -> None:
    assert STATED.from_reply(text) is NUMBER.from_reply(text) is None


def test_a_conclusion_that_was_cut_short_is_no_answer_by_its_few_words() -> None:
    assert STATED.from_reply("The number of eggs is", whole=False) is None
    assert STATED.from_reply("Answer: 36 eggs.\nThe eggs", whole=False) == "36 eggs"


HOSTILE = st.text(
    st.one_of(
        st.sampled_from("#*_`>{}[]()\\$\"'“”:=?.!,;-\n\t \u2028\u200b\u202e"),
        st.characters(codec=None, exclude_categories=()),
    ),
    max_size=200,
)
PIECES = st.sampled_from(
    ["Answer:", "the answer is ", "The final answer is", "#### ", "\\boxed{", "}", "36", "1/2", " eggs", ".", "\n", "?",
     "unknown", "not ", "if ", "**", "\\(", "\\text{", "$", "Step 1: ", "so far", '"', " ", "=", "\ud800", "\0"]
)  # fmt: skip
REPLIES = st.one_of(HOSTILE, st.lists(PIECES, max_size=40).map("".join))


@given(REPLIES)
def test_whatever_is_read_is_short_not_blank_and_no_refusal(text: str) -> None:
    for form in ANSWER_FORMS.values():
        for answer in (form.from_thought(text), form.from_reply(text), form.from_reply(text, whole=False)):
            assert answer is None or (answer.strip() and len(answer) <= 4000 and not is_non_answer(answer))
    assert NUMBER.from_thought(text) in (None, STATED.from_thought(text))
    assert NUMBER.from_reply(text) in (None, STATED.from_reply(text))


@given(REPLIES, st.integers(-(10**30), 10**30))
def test_a_last_line_with_an_answer_is_read_whatever_stands_before_it(text: str, value: int) -> None:
    for line in (f"Answer: {value}", f"#### {value}", f"So the answer is {value}."):
        assert NUMBER.from_thought(f"{text}\n\n{line}") == str(value)


@given(st.lists(st.one_of(st.none(), HOSTILE), max_size=8))
def test_a_vote_takes_one_of_the_answers_given(answers: list[str | None]) -> None:
    assert vote(answers) in answers or not answers
