"""The reading of replies, measured on real ones: ``replies.jsonl`` holds what three small models wrote, sorted by hand.

Each line is a reply from a trace of one of the catalogue's models on the built-in questions: what it was asked for
(a thought, or the answer), how it ended, and the answer that a person reads in it, as written there; null where it
states none, or where the token limit broke it off.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from app.models import CATALOGUE
from prompts.answers import canonical
from prompts.replies import cut, read_answer, read_thought
from prompts.values import Generation, Usage


@dataclass(frozen=True)
class Sorted:
    """A real reply, sorted by hand."""

    model: str
    asked: Literal["thought", "answer"]
    finish: str
    text: str
    answer: str | None

    @property
    def read(self) -> str | None:
        """The answer that the program reads in it."""
        reply = Generation(self.text, Usage(1, 1), self.finish, 0.0)
        return read_thought(reply, "stated").answer if self.asked == "thought" else read_answer(reply, "stated")[0]

    @property
    def is_right(self) -> bool:
        """Whether the program reads what a person does."""
        if self.answer is None or self.read is None:
            return self.answer is self.read
        return canonical(self.answer) == canonical(self.read)


REPLIES = [Sorted(**json.loads(line)) for line in (Path(__file__).parent / "replies.jsonl").read_text().splitlines()]


def test_there_are_enough_of_every_kind() -> None:
    assert len(REPLIES) >= 200
    assert {each.model for each in REPLIES} == CATALOGUE.keys()
    kinds = Counter((each.asked, each.answer is None) for each in REPLIES)
    assert all(kinds[asked, open] >= 20 for asked in ("thought", "answer") for open in (True, False)), kinds


def test_answers_are_read_as_a_person_reads_them() -> None:
    read, stated = ([each for each in REPLIES if of(each)] for of in (lambda each: each.read, lambda each: each.answer))
    precision = sum(each.is_right for each in read) / len(read)
    recall = sum(each.is_right for each in stated) / len(stated)
    print(f"{len(REPLIES)} replies, {len(stated)} with an answer: precision {precision:.3f}, recall {recall:.3f}")
    wrong = [(each.text[-200:], each.answer, each.read) for each in REPLIES if not each.is_right]
    assert precision >= 0.99 and recall >= 0.99, wrong


def test_a_reply_of_nothing_but_a_torn_sentence_has_no_answer() -> None:
    reply = Generation("Answer: 62 + 54 = 116 = 58 * 2 = 5", Usage(1, 8), "length", 0.0)
    assert read_answer(reply, "stated")[0] is None
    assert read_thought(reply, "stated").answer is None


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("One. Two. Thr", "One. Two."),
        ("One.\nTwo thr", "One."),
        ("3.5 eggs and 4 mo", "3.5 eggs and 4"),
        ("The walk is at (3, 4), then at (5,", "The walk is at (3, 4), then at"),
        ("word", "word"),
        ("", ""),
    ],
)
def test_a_cut_text_ends_with_a_whole_sentence_or_word(text: str, whole: str) -> None:
    assert cut(text) == whole
