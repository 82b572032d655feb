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
    "#### Step 1: Count the eggs",
    "#### 1. Count the eggs",
    "#### 2) Subtract",
    "#### Eggs",
    "#### 12:",
    "### Final Answer",
    "**Answer:**",
    "The answer is:",
    "To check whether the answer is correct, we first need",
    "To find the answer: first count the eggs",
    "Answer: To find the rest, we subtract 8 from 36.",
    "Answer: Step 1 gives 36.",
    "Answer: First, we count the 36 eggs.",
    "Answer: Let's count the 36 eggs.",
    "Answer: we need to subtract 8 first.",
    "The final answer is found by subtracting 8 from 36.",
    "The answer is based on 36 eggs.",
    "The answer is given below.",
    "Answer the question with 36.",
    # open
    "The answer is still unknown.",
    "The answer is not yet known.",
    "The answer is unknown",
    "Answer: unknown",
    "Answer: see below",
    "Answer: as shown above",
    "Answer: N",
    "Answer: [number]",
    "Answer: <number>",
    "Answer: ?",
    "Answer: ...",
    "Answer: n/a",
    "Answer: TBD",
    "Answer: I do not know.",
    "Answer: I don't know",
    "Answer: cannot be determined",
    "Answer: It cannot be determined from the 3 facts given.",
    "Answer: We do not have enough information to find all 3.",
    "Answer: not enough information",
    "Answer: There is not enough information.",
    "The answer is impossible to determine.",
    r"The answer is \boxed{\text{unknown}}.",
    r"\boxed{}",
    r"\boxed{?}",
    "I do not know.",
    # denied, doubted, reported, asked, conditional
    "We cannot say yet that the answer is 36.",
    "We do not know that the answer is 36.",
    "It isn't true that the answer is 36.",
    "It would be wrong to say the answer is 36.",
    "Ben says the answer is 36.",
    "Ben claims that the answer is 36.",
    "Suppose the answer is 36.",
    "Perhaps the answer is 36.",
    "Let us see whether the answer is 36.",
    "If the answer is 36, then 8 were sold.",
    "The answer is not 36.",
    "The answer is 36 if none were sold.",
    "The answer is 36, but 8 were sold.",
    "The answer is 36, however 8 were sold.",
    "Could it be that the answer is 36?",
    "The answer is 36?",
    "Answer: 36?",
    'The question says "the answer is 36".',
    "The note reads “the answer is 36”.",
    "The answer is correct.",
    "So the answer is right.",
    "The answer is reasonable.",
    "We know it is not \\boxed{36}.",
    # in the middle
    "The answer is 36 so far.",
    "Answer: 36 so far",
    "The answer is 36. Now subtract 8.",
    "The answer is 36.\nNow subtract 8.",
    "Answer: 36\nWait, 8 were sold.",
    "Answer: 36\n\nNext, we subtract 8: 36 - 8 = 28.",
    "#### 36\nNow subtract 8.",
    "\\boxed{36}\nNow subtract 8.",
    "First \\boxed{36}. Then we subtract 8.",
    "So far \\boxed{36}, and now we subtract 8.",
    "\\boxed{36} - 8 = 28",
    "The first part has \\boxed{36}, and we still need to subtract 8.",
    "Final answer:\n\nFirst, we count.\nThen we subtract.\nThen we are done.",
    "\\boxed{36",
    "answer",
    "The answer",
    "```\nAnswer = compute(36)\nprint(Answer)\n```",
]


@pytest.mark.parametrize("text", NO_ANSWER)
@pytest.mark.parametrize("before", ["", "Ann has 3 * 12 = 36 eggs.\n\n"])
def test_what_only_looks_like_an_answer_does_not_end_a_thought(before: str, text: str) -> None:
    for form in ANSWER_FORMS.values():
        assert form.from_thought(before + text) is None


ANSWERED = [
    ("Answer: 36", "36"),
    ("**Answer: 36**", "36"),
    ("**Final Answer:** 36 eggs.", "36 eggs"),
    ("### Final Answer\n36 eggs", "36 eggs"),
    ("### Final Answer: 36", "36"),
    ("Final answer:\n\\[\n\\boxed{36}\n\\]", "36"),
    ("The answer is:\n\n$$36$$", "36"),
    ("3. Answer: 36", "36"),
    ("So, the answer is 36.", "36"),
    ("We find that the answer is 36.", "36"),
    ("Since she did not sell any, the answer is 36.", "36"),
    ("The answer to the question is 36 eggs.", "36 eggs"),
    ("The correct answer is $36.50.", "$36.50"),
    ("The answer is 36. I hope this helps!", "36"),
    ("Answer: 36\n\nLet me know if you have any questions.", "36"),
    ("#### 36", "36"),
    ("#### $1,234.50", "$1,234.50"),
    ("#### -7/2", "-7/2"),
    (r"Thus she has \(\boxed{36}\) eggs.", "36"),
    (r"\[ \boxed{\frac{1}{2}} \]", r"\frac{1}{2}"),
    (r"So it is $\boxed{36}$.", "36"),
    ("Answer: 5\nWait.\nAnswer: 36", "36"),
    ("Answer: 36\n```", "36"),
    ("Answer: 36\n---\n", "36"),
    ("> Answer: 36", "36"),
    ("- **Answer**: 36", "36"),
    ("Answer = 36", "36"),
    ("She has 36 left. Answer: 36", "36"),
    ("The answer is\n36", "36"),
]


@pytest.mark.parametrize(("text", "answer"), ANSWERED)
def test_an_answer_in_any_usual_form_at_the_end_is_read(text: str, answer: str) -> None:
    for before in ("", "12 * 3 = 36.\n\n", "Is the answer 5? No.\n"):
        assert STATED.from_thought(before + text) == answer
        assert NUMBER.from_thought(before + text) == answer
        assert NUMBER.from_reply(before + text) == answer


DO_NOT_KNOW = [
    "I do not know.",
    "I don't know",
    "I don’t know.",
    "Unknown.",
    "Answer: unknown",
    "Sorry, I cannot say.",
    "It cannot be determined.",
    "Not enough information.",
    "There is no answer.",
    "No answer.",
    "We can't tell.",
    "This is not possible.",
    "Impossible to say.",
    "The answer is unknown.",
    "**I do not know.**",
    r"\boxed{\text{I do not know}}",
    "None",
    "N/A",
    "?",
    "What is 36?",
    "Step 1: Count",
    "#### Step 1",
    "",
    " \n ",
]


@pytest.mark.parametrize("text", DO_NOT_KNOW)
def test_a_conclusion_without_an_answer_is_unanswered(text: str) -> None:
    assert STATED.from_reply(text) is None
    assert NUMBER.from_reply(text) is None


def test_a_last_word_of_not_knowing_takes_an_earlier_answer_back() -> None:
    assert STATED.from_reply("The answer is 36.\nWait.\nAnswer: unknown") is None


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
    [
        *(
            "Answer:",
            "the answer is ",
            "The final answer is",
            "#### ",
            "\\boxed{",
            "}",
            "36",
            "1/2",
            " eggs",
            ".",
            "\n",
            "?",
        ),
        *(
            "unknown",
            "not ",
            "if ",
            "**",
            "\\(",
            "\\text{",
            "$",
            "Step 1: ",
            "so far",
            '"',
            " ",
            "=",
            "x",
            "\ud800",
            "\0",
        ),
    ]
)
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


@given(
    st.sampled_from([text for text, _ in ANSWERED]),
    st.sampled_from(["Now we subtract 8.", "36 - 8 = 28", "Next:\n- go on"]),
)
def test_an_answer_that_is_followed_by_more_work_does_not_end_the_thought(text: str, more: str) -> None:
    assert STATED.from_thought(f"{text}\n\n{more}") is None


@given(st.lists(st.one_of(st.none(), HOSTILE), max_size=8))
def test_a_vote_takes_one_of_the_answers_given(answers: list[str | None]) -> None:
    winner = vote(answers)
    assert winner in answers or not answers
