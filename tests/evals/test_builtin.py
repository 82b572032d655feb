"""The built-in problems are shown to readers, so every step of every one is checked."""

import ast
import json
import operator
import re
from fractions import Fraction

import pytest

from evals.gsm8k import BUILTIN

MARK = re.compile(r"<<([^<>=]+)=([^<>=]+)>>")
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
PROBLEMS = [json.loads(line) for line in BUILTIN.read_text(encoding="utf-8").splitlines()]

# A number may enter a step without standing in the question only when a word there stands for it.
WORDS = {
    r"\b(half|twice|there and back)\b": 2,
    r"\brectangle\b": 2,  # two lengths and two widths
    r"\bthird\b": 3,
    r"\bquarter\b": 4,
    r"\bhours?\b": 60,  # minutes
    r"\bmilliliters\b": 1000,  # in a liter
    r"\bcentimeters\b": 100,  # in a meter
    r"\bcents\b": 100,  # in a dollar
    r"%": 100,
}


def evaluate(expression: str) -> Fraction:
    """Exact value of an expression of numbers, ``+ - * /`` and brackets; anything else raises."""

    def value(node: ast.expr) -> Fraction:
        match node:
            case ast.BinOp():
                return OPERATORS[type(node.op)](value(node.left), value(node.right))
            case ast.UnaryOp(op=ast.USub()):
                return -value(node.operand)
            case ast.Constant():
                return Fraction(ast.get_source_segment(expression, node) or "")
        raise ValueError(ast.dump(node))

    return value(ast.parse(expression, mode="eval").body)


def magnitudes(text: str) -> set[Fraction]:
    return {Fraction(n) for n in re.findall(r"\d+(?:\.\d+)?", re.sub(r"(?<=\d),(?=\d{3})", "", text))}


def parts(problem: dict[str, str]) -> tuple[list[str], str]:
    *steps, last = problem["answer"].split("\n")
    assert last.startswith("#### ")
    return steps, last.removeprefix("#### ")


def test_there_are_enough_of_every_length_and_no_two_alike():
    assert len(PROBLEMS) >= 64
    assert [p["id"] for p in PROBLEMS] == [f"builtin-{n:02}" for n in range(1, len(PROBLEMS) + 1)]
    assert len({re.sub(r"\W+", " ", p["question"]).casefold() for p in PROBLEMS}) == len(PROBLEMS)
    lengths = [len(parts(p)[0]) for p in PROBLEMS]
    assert [lengths.count(n) for n in range(2, 10)] == [12, 14, 12, 9, 7, 5, 3, 2]


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p["id"])
def test_problem_follows_step_by_step(problem: dict[str, str]):
    assert set(problem) == {"id", "question", "answer"}
    question = problem["question"]
    assert 60 <= len(question) <= 600
    assert question.endswith("?") and question == question.strip() and "  " not in question

    steps, gold = parts(problem)
    assert 2 <= len(steps) <= 9
    licensed = {Fraction(n) for word, n in WORDS.items() if re.search(word, question, re.I)}
    known = magnitudes(question) | licensed
    result = None
    for step in steps:
        marks = list(MARK.finditer(step))
        assert len(marks) == 1, f"one calculator mark per step: {step}"
        (mark,) = marks
        left, right = mark.groups()
        result = evaluate(right)
        assert evaluate(left) == result, step
        assert magnitudes(left) <= known, f"{magnitudes(left) - known} comes from nowhere: {step}"
        assert re.search(rf"(?<![\d.]){re.escape(left)} = \$?$", step[: mark.start()]), f"the sum is shown too: {step}"
        assert re.match(rf"{re.escape(right)}(?!\d|\.\d)", step[mark.end() :]), f"the result is shown too: {step}"
        known.add(abs(result))
    assert result == Fraction(gold.replace(",", ""))


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p["id"])
def test_every_result_is_needed(problem: dict[str, str]):
    steps, _ = parts(problem)
    sides = [mark for step in steps for mark in MARK.findall(step)]
    for n, (_, right) in enumerate(sides[:-1]):
        later = set().union(*(magnitudes(left) for left, _ in sides[n + 1 :]))
        assert abs(evaluate(right)) in later, f"{right} is never used again"
