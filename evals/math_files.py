r"""Files of word problems: GSM8K's JSON Lines, SVAMP's JSON (Patel et al., 2103.07191) and ASDiv's XML (2106.15772).

    from_file(Path("SVAMP.json"), "test")   -> (Item(question="Each pack costs 76 dollars. ...", gold="51", ...), ...)

The form is told from the first character: a list, an XML element, or an object a line. Whatever cannot be used is named
with its place; problems of ASDiv whose answer is no number are left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from evals.task import Item
from prompts.checks.numbers import number
from prompts.clean import check_question
from prompts.user_files import read_given
from prompts.values import Question, UserError

Record = tuple[int, Any, str]
"""Where a problem stands, the problem in GSM8K's form, and the place in words."""


def from_file(path: Path, split: str) -> tuple[Item, ...]:
    """The problems of a file.

    Raises:
        UserError: The file cannot be read, or a problem in it cannot be used.
    """
    items = tuple(item_of(f"{split}-{at}", record, where) for at, record, where in records(path))
    if not items:
        raise UserError(f"{path} has no questions: it should hold one JSON object per line.")
    return items


def item_of(id: str, record: Any, where: str) -> Item:
    """The item of a problem in GSM8K's form; ``where`` names its place for error messages."""
    if not isinstance(record, dict):
        raise UserError(f"{where} is not a JSON object with 'question' and 'answer'.")
    for key in ("question", "answer"):
        if not isinstance(record.get(key), str) or not record[key].strip():
            raise UserError(f"{where} has no text under '{key}'.")
    solution, mark, gold = record["answer"].rpartition("####")
    gold = gold.strip()
    if not mark:
        raise UserError(f"{where} has no '####' before the final number in its 'answer'.")
    if number(gold) is None:
        raise UserError(f"{where} has {gold!r} after '####', which is not a number.")
    steps = tuple(line.strip() for line in solution.splitlines() if line.strip())
    try:
        return Item(Question(id, check_question(record["question"])), gold, steps)
    except UserError as error:
        raise UserError(f"{where}: {error}") from error


def records(path: Path) -> Iterator[Record]:
    """The problems of a file in GSM8K's form, each with its place."""
    text = read_given(path)
    match text.lstrip()[:1]:
        case "[":
            yield from _svamp(text, path)
        case "<":
            yield from _asdiv(text, path)
        case _:
            yield from _lines(text, path)


def _svamp(text: str, path: Path) -> Iterator[Record]:
    rows = _decoded(text, str(path))
    for at, row in enumerate(rows, 1):
        where = f"{path} problem {at}"
        match row:
            case {"Body": str(body), "Question": str(asked), "Answer": int() | float() | str() as answer}:
                end = "" if body.rstrip().endswith((".", "!", "?")) or not body.strip() else "."
                yield at, _record(f"{body.strip()}{end} {asked.strip()}", str(row.get("Equation", "")), answer), where
            case _:
                raise UserError(f"{where} has not 'Body', 'Question' and 'Answer', as SVAMP's have.")


def _asdiv(text: str, path: Path) -> Iterator[Record]:
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise UserError(f"{path} is not valid XML: {error}.") from error
    for at, problem in enumerate(root.iter("Problem"), 1):
        where = f"{path} problem {at}"
        body, asked, answer, formula = (problem.findtext(tag) for tag in ("Body", "Question", "Answer", "Formula"))
        if body is None or asked is None or answer is None:
            raise UserError(f"{where} has not 'Body', 'Question' and 'Answer', as ASDiv's have.")
        value = answer.partition("(")[0].strip()
        if number(value) is not None:
            yield at, _record(f"{body.strip()} {asked.strip()}", formula or "", value), where


def _record(question: str, solution: str, answer: float | str) -> dict[str, str]:
    whole = isinstance(answer, float) and answer.is_integer()
    return {"question": question.strip(), "answer": f"{solution}\n#### {int(answer) if whole else answer}"}


def _lines(text: str, path: Path) -> Iterator[Record]:
    # Split at "\n" alone: splitlines() would also cut at U+2028, which JSON allows inside a string.
    for line, each in enumerate(text.split("\n"), 1):
        if each.strip():
            yield line, _decoded(each, f"{path} line {line}"), f"{path} line {line}"


def _decoded(text: str, where: str) -> Any:
    try:
        record = json.loads(text, object_pairs_hook=_object)
        json.dumps(record, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise UserError(f"{where} holds half a character (a lone surrogate): write it in UTF-8.") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where} is not valid JSON: {error}.") from error
    return record


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands there twice")
    return found
