r"""Reads the answer that a text states, and what two answers share when they mean the same.

    ANSWER_FORMS["stated"].from_thought("So she sold 72 clips.\nAnswer: 72")      -> "72"
    ANSWER_FORMS["stated"].from_thought("The answer is 24 so far. Add April.")    -> None
    ANSWER_FORMS["number"].from_reply("I do not know.")                           -> None

How an answer may be stated is in ``prompts.statements``. A thought must end with such a statement: what stands in its
middle, or is denied, asked or put off, is no answer. A reply to the request for the answer may state it anywhere, the
last one counting, and a reply of a few words is the answer itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from prompts.checks.numbers import number
from prompts.statements import closing_statement, is_non_answer, last_statement, whole_reply

_VECTOR = re.compile(r"[(\[]\s*[-−+]?[\d.]+(?:\s*,\s*[-−+]?[\d.]+)+\s*[)\]]")
_OR = re.compile(r"\b(?:or|either|neither|both)\b|[/&]", re.IGNORECASE)
_FEW_WORDS, _FEW_CHARACTERS = 6, 80


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """A form of answers: how one is asked for and read, and what counts as a result on the way to it.

    Attributes:
        accepts: Whether a text that was stated is an answer of this form.
        noun: What the model is asked for, to follow "the".
        line: How it is told to state it, to follow "with".
        results: Key of ``prompts.results.RESULT_FORMS``.
        reads: Key of ``prompts.reading.READERS``: how a long text is taken in.
    """

    accepts: Callable[[str], bool]
    noun: str = "answer"
    line: str = "a line 'Answer:' and the answer"
    results: str = "any"
    reads: str = "copy"

    def from_thought(self, text: str) -> str | None:
        """The answer that a whole thought ends with, as written; ``None`` when the thought is none yet."""
        return self._accepted(closing_statement(text))

    def from_reply(self, text: str, *, whole: bool = True) -> str | None:
        """The answer in the reply to a request for it; a reply that was cut short (not ``whole``) must state it."""
        stated = last_statement(text)
        few = whole and len(text) <= _FEW_CHARACTERS and len(text.split()) <= _FEW_WORDS
        return self._accepted(whole_reply(text) if stated is None and few else stated)

    def _accepted(self, answer: str | None) -> str | None:
        return answer if answer and not is_non_answer(answer) and self.accepts(answer) else None


ANSWER_FORMS: dict[str, AnswerForm] = {
    "stated": AnswerForm(lambda answer: True),
    "number": AnswerForm(lambda answer: number(answer) is not None, "number", "a line 'Answer: N'", "calculation"),
    "choice": AnswerForm(
        lambda answer: len(answer.split()) <= _FEW_WORDS and not _OR.search(answer),
        "choice",
        "a line 'Answer:' and your choice",
        "relation",
    ),
    "words": AnswerForm(lambda answer: number(answer) is None, results="sentence"),
    "vector": AnswerForm(
        lambda answer: _VECTOR.search(answer) is not None,
        "vector",
        "a line 'Answer:' and the vector",
        "position",
        "carry",
    ),
}
"""The forms a task may declare: "stated" takes any answer, the others one that is, or holds, what they say."""


def vote(answers: list[str | None]) -> str | None:
    """The most frequent answer, numbers compared by value and the first one winning a tie (Wang et al., 2203.11171)."""
    given = [answer for answer in answers if answer is not None]
    if not given:
        return None
    keys = [canonical(answer) for answer in given]
    winner, _ = Counter(keys).most_common(1)[0]
    return given[keys.index(winner)]


def canonical(answer: str) -> Fraction | str:
    """The canonical form of an answer: the value of a number, or else the words in lower case."""
    value = number(answer)
    return answer.casefold() if value is None else value
