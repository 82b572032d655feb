r"""Extracts the final answer from what a model wrote.

    read_answer("So she sold 72 clips.\nAnswer: 72")  -> "72"
    read_answer("Next we add May.")                   -> None

Forms, tried in this order, the last occurrence of each winning: a line or last sentence
``Answer: 72`` (also "Final answer", bold, or a heading), ``#### 72`` (the GSM8K form), ``\boxed{72}``, and a
sentence "the answer is 72".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from prompts.checks.numbers import number

_LINE = re.compile(
    r"(?:^|(?<=[.!?])[ \t])[\s>*_#-]{0,12}(?:final |the )?answer[*_ ]{0,4}[:=][*_ \t]*(.+)$", re.I | re.M
)
_HASHES = re.compile(r"####[ \t]*(.+)")
_BOXED = re.compile(r"\\boxed\{((?:[^{}]|\{[^{}]*\}){1,200})\}")
_SENTENCE = re.compile(r"\bthe (?:final )?answer is[: ]+(.{1,200}?)(?:\.(?=\s|$)|$)", re.I | re.M)
_EMPTY = {"", "none", "unknown", "n/a", "?", "...", "not yet known", "not known yet", "unknown yet", "todo", "tbd"} | {
    "n"  # the placeholder of our own instruction, copied
}


def read_answer(text: str) -> str | None:
    """The final answer in ``text`` as written, without markup around it; ``None`` when there is none."""
    for form in (_LINE, _HASHES, _BOXED, _SENTENCE):
        for found in reversed(form.findall(text)):
            answer = _bare(found)
            if answer.lower() not in _EMPTY:
                return answer
    return None


def read_number(text: str) -> str | None:
    """The final answer in ``text`` when it is a number; anything else is none."""
    answer = read_answer(text)
    return None if answer is None or number(answer) is None else answer


def read_reply(text: str) -> str | None:
    """The answer in the reply to a question for it: a reply of a few words is an answer without its label."""
    short = text.strip("*` .") if len(text.split()) <= 6 and len(text) <= 80 else ""
    return read_answer(text) or short or None


def read_number_reply(text: str) -> str | None:
    """The answer in the reply to a question for it, when it is a number."""
    answer = read_reply(text)
    return None if answer is None or number(answer) is None else answer


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """How the answers to a question are read: from a thought, and from the reply to a question for the answer."""

    from_thought: Callable[[str], str | None]
    from_reply: Callable[[str], str | None]


ANSWER_FORMS: dict[str, AnswerForm] = {
    "stated": AnswerForm(read_answer, read_reply),
    "number": AnswerForm(read_number, read_number_reply),
}
"""The forms a task may declare: "stated" takes an answer as it is written, "number" only one that is a number."""


def _bare(answer: str) -> str:
    boxed = _BOXED.search(answer)
    answer = boxed[1] if boxed else answer
    return answer.strip().strip("*_`").removeprefix("\\(").removesuffix("\\)").strip().rstrip(".").strip("*_` ")


def vote(answers: list[str | None]) -> str | None:
    """The most frequent answer, numbers compared by value and the first one winning a tie (Wang et al., 2203.11171)."""
    given = [answer for answer in answers if answer is not None]
    if not given:
        return None
    keys = [meaning(answer) for answer in given]
    winner, _ = Counter(keys).most_common(1)[0]
    return given[keys.index(winner)]


def meaning(answer: str) -> Fraction | str:
    """What two answers must share to be the same: the value of a number, or else the words in any case."""
    value = number(answer)
    return answer.casefold() if value is None else value
