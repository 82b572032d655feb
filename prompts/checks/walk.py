"""Vector sums: a sum of vectors as it is written out, and the sums that a walk in the question passes through.

first_sum_error(question, "(0 + 3, 0 - 2) = (3, 2)", -1)   -> Error("(0 + 3, 0 - 2) = (3, 2)", at=17, right="(3, -2)")
prefix_sums(vectors("(3, 2); (-1, 4)"))                    -> ((0, 0), (3, 2), (2, 6))
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from prompts.checks.check import Check, Error
from prompts.memories import TextMemory
from prompts.steps import Step
from prompts.values import Finding, Question

Vector = tuple[int, ...]

_MINUS = str.maketrans({"−": "-", "–": "-"})
_NUMBERS = r"\s*[+-]?\s*\d+\s*(?:,\s*[+-]?\s*\d+\s*)*"
_VECTOR = re.compile(rf"[(\[]({_NUMBERS})[)\]]")
_TERM = re.compile(r"\s*([+-]?)\s*(?:\(\s*([+-]?\d+)\s*\)|([+-]?)\s*(\d+))\s*")
_PLAIN = re.compile(r"\s*[+-]?\s*\d+\s*")
_RESULT = re.compile(rf"=\s*[(\[]({_NUMBERS})[)\]]")
_MAX_LEFT = 2000
"""Characters before a result that may belong to its sum."""


def vectors(text: str) -> tuple[Vector, ...]:
    """The vectors of whole numbers in a text, in reading order."""
    return tuple(_numbers(found[1]) for found in _VECTOR.finditer(text.translate(_MINUS)))


def shown(vector: Vector) -> str:
    """A vector as it is written."""
    return f"({', '.join(map(str, vector))})"


def prefix_sums(walk: Sequence[Vector]) -> tuple[Vector, ...]:
    """The sums of no vector, of the first, of the first two, and so on to that of all."""
    sums: list[Vector] = [(0,) * len(walk[0])] if walk else []
    for vector in walk:
        sums.append(tuple(one + other for one, other in zip(sums[-1], vector, strict=True)))
    return tuple(sums)


def first_sum_error(question: Question, text: str, after: int) -> Error | None:
    """The first vector that is not the sum written out before it, with the right one: a ``Verifier``."""
    for said, at, right, given in _written_out(text):
        if at > after and right != given:
            return Error(said, at, shown(right))
    return None


def judge(question: Question, step: Step, thought: str) -> Iterable[Finding]:
    """A finding for every sum that is written out in a step's thought; the first one off the walk says what follows."""
    sums = _sums_of(question.context or question.text)
    place = {sum: at for at, sum in enumerate(sums)}
    known = step.memory_before.known if isinstance(step.memory_before, TextMemory) else ()
    before = [vector for line in known for vector in vectors(line)]
    reached = place.get(before[-1]) if before else 0
    for said, _, right, given in _written_out(step.thought.text if step.thought else ""):
        if right != given:
            yield Finding("walk", "wrong", said, f"it is {shown(right)}")
        elif given in place or not sums:
            reached = place.get(given)
            yield Finding("walk", "right", said)
        else:
            ahead = () if reached is None else sums[reached : reached + 2]
            reached = None
            follows = f"behind {shown(ahead[0])} comes {shown(ahead[1])}" if len(ahead) == 2 else ""
            yield Finding("walk", "astray", said, follows)


CHECK = Check(
    "walk",
    "every sum of vectors, beside the sums that the walk in the question passes through",
    judge,
    {"wrong": "wrong sum", "astray": "sum off the walk"},
)


def _written_out(text: str) -> Iterator[tuple[str, int, Vector, Vector]]:
    """The sums that are written out: as said, the place of the result, the right result, and the one given."""
    text = text.translate(_MINUS)
    for result in _RESULT.finditer(text):
        left = text[max(0, result.start() - _MAX_LEFT) : result.start()].rpartition("\n")[2]
        given = _numbers(result[1])
        read = _sum_at_end(left)
        if read and len(read[1]) == len(given):
            said = left[read[0] :] + result[0]
            yield said, result.start(1) - 1, read[1], given


def _sum_at_end(left: str) -> tuple[int, Vector] | None:
    """The sum of vectors that a text ends with, and where it begins: brackets with + or - between them or in them."""
    end, total, calculates = len(left.rstrip()), tuple[int, ...](), False
    while True:
        start = _opening(left[:end])
        parts = _parts(left[start + 1 : end - 1]) if start >= 0 else []
        values = tuple(value for value in map(_value, parts) if value is not None)
        if not values or len(values) != len(parts) or (total and len(values) != len(total)):
            return None
        calculates |= bool(total) or not all(map(_PLAIN.fullmatch, parts))
        before = left[:start].rstrip()
        adds = before[-1:] in ("+", "-") and before[:-1].rstrip()[-1:] in (")", "]")
        sign = -1 if adds and before[-1] == "-" else 1
        total = tuple(one + sign * other for one, other in zip(total or (0,) * len(values), values, strict=True))
        if not adds:
            return (start, total) if calculates else None
        end = len(before[:-1].rstrip())


def _opening(text: str) -> int:
    """The place of the bracket that the last character of a text closes; -1 where it closes none."""
    depth = 0
    for at in range(len(text) - 1, -1, -1):
        depth += (text[at] in ")]") - (text[at] in "([")
        if depth <= 0:
            return at if text[at] in "([" else -1
    return -1


def _parts(text: str) -> list[str]:
    """The coordinates of a vector, which may have brackets of their own."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _value(expression: str) -> int | None:
    """The value of whole numbers added and subtracted; ``None`` of anything else."""
    total, at = 0, 0
    while at < len(expression):
        term = _TERM.match(expression, at)
        if term is None or (at > 0 and not term[1]):
            return None
        value = int(term[2]) if term[2] else int(f"{term[3]}{term[4]}")
        total += -value if term[1] == "-" else value
        at = term.end()
    return total


def _numbers(text: str) -> Vector:
    return tuple(int("".join(part.split())) for part in text.split(","))


@lru_cache(maxsize=256)
def _sums_of(text: str) -> tuple[Vector, ...]:
    found = vectors(text)
    return prefix_sums(found) if found and len({len(vector) for vector in found}) == 1 else ()
