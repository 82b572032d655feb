"""Chained word problems: k questions in a row, each of which needs the answer of the one before.

    python -m evals.gsm8k_chain --links 4 --limit 20 --strategy isump

A number of each question but the first is told as "the answer to question 1, minus 60" (after Compositional GSM,
2410.01748). The problem itself stays as it is, so every answer on the way is known, whatever file the questions are of.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import Field

from evals.gsm8k import GsmSource, numeric
from evals.gsm8k import load as load_problems
from evals.task import Attempted, Item, QuestionSet, Task
from prompts.checks.numbers import number
from prompts.liveness import values_in
from prompts.steps import Step
from prompts.values import Question, Score, UserError

VERSION = "1"
_WHOLE = re.compile(r"(?<![\w.,:/$€£])\d{1,9}(?![\w%:/-]|[.,]\d)")


class ChainSource(GsmSource):
    """Source of the chains; chain n is the same whatever the limit."""

    links: int = Field(default=2, ge=1, le=100, description="questions of a chain")


def load(source: ChainSource) -> QuestionSet:
    """Load questions of the GSM8K kind and chain them.

    Raises:
        UserError: Nothing can be loaded as asked, or too few can be chained.
    """
    loaded = load_problems(source.model_copy(update={"limit": None, "offset": 0}))
    usable = [item for item in loaded.items if _WHOLE.search(item.question.text) and _whole(item.gold) is not None]
    first = source.offset * source.links
    last = len(usable) if source.limit is None else first + source.limit * source.links
    groups = [usable[at : at + source.links] for at in range(first, min(last, len(usable)), source.links)]
    chains = tuple(_chain(group) for group in groups if len(group) == source.links)
    if not chains:
        raise UserError(f"{len(usable)} questions make no chain of {source.links} there: choose fewer --links.")
    return QuestionSet(f"{loaded.name}-chain-{source.links}", f"{loaded.version}+{VERSION}", chains, loaded.notice)


def _chain(items: Sequence[Item]) -> Item:
    texts, before = list[str](), None
    for place, item in enumerate(items, 1):
        text = item.question.text
        if before is not None:
            text = _linked(text, place - 1, before)
        texts.append(f"Question {place}: {text}")
        before = _whole(item.gold)
    asked = f"Answer these {len(items)} questions in order. What is the answer to question {len(items)}?"
    id = "+".join(item.question.id for item in items)
    return Item(Question(id, "\n\n".join([asked, *texts])), items[-1].gold, tuple(item.gold for item in items))


def _linked(text: str, place: int, answer: int) -> str:
    """A question with its first number told by way of the answer to question ``place``."""
    found = _WHOLE.search(text)
    assert found is not None, "only questions with a number are chained"
    more = int(found[0]) - answer
    change = "" if not more else f", plus {more}" if more > 0 else f", minus {-more}"
    return f"{text[: found.start()]}(the answer to question {place}{change}){text[found.end() :]}"


def _whole(gold: str) -> int | None:
    value = number(gold)
    return int(value) if value is not None and value.denominator == 1 else None


def links(item: Item, attempt: Attempted, steps: Sequence[Step]) -> Score:
    """Score the share of the questions, from the first on without a gap, whose answers were worked out."""
    said = values_in("\n".join(step.thought.text for step in steps if step.thought))
    reached = 0
    while reached < len(item.solution) and number(item.solution[reached]) in said:
        reached += 1
    missed = "" if reached == len(item.solution) else f", not {item.solution[reached]} of question {reached + 1}"
    return Score(reached / len(item.solution), None, f"{reached} of {len(item.solution)}{missed}")


TASK = Task(
    name="gsm8k_chain",
    help="grade-school mathematics, several questions in a row",
    version=VERSION,
    source=ChainSource,
    load=load,
    scorers={"numeric": numeric, "links": links},
    primary="numeric",
    answers="number",
    presets={"built-in questions, two in a row": ChainSource(source="builtin")},
)

if __name__ == "__main__":
    from evals.commands import main

    main("gsm8k_chain")
