"""ProsQA: which of two kinds somebody is, by a chain of facts in a graph (Coconut, Hao et al., 2412.06769).

    python -m evals.prosqa --limit 50 --strategy isump
    python -m evals.prosqa --data prosqa_test.json --strategy isump

Questions are generated with the statistics of the released files, or read from one of those. Half of the answers are
right by chance, and a model trained without any chain reaches 77 %, so the chain is scored too: ``chain`` is 1 where
what was stated leads from the root to the target, and says which of the paper's classes the attempt is of.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from pydantic import Field

from evals.prosqa_graph import MAX_NODES, build
from evals.task import Attempted, Item, QuestionSet, Source, Task
from prompts.checks.relations import Chain, distances, facts_in
from prompts.steps import Step
from prompts.user_files import UserPath, read_given
from prompts.values import Question, Score, UserError

VERSION = "1"
DEFAULT_SIZE = 100
"""Questions, where no limit is given and none are read."""
_ASKED = re.compile(r"Is (\w+) an? (\w+) or (?:an? )?(\w+)\?")


class ProsQaSource(Source):
    """Source of the questions; item n is the same whatever the limit."""

    data: UserPath | None = Field(default=None, description="a file of the released form, such as prosqa_test.json")
    nodes: int | None = Field(
        default=None, ge=8, le=MAX_NODES, description="names in a generated graph (18 to 28, as released)"
    )
    steps: int = Field(default=3, ge=1, le=30, description="fewest facts that lead to the answer of a generated graph")


@dataclass(frozen=True, slots=True)
class Gold:
    """The right kind and the wrong one, and who is asked about."""

    root: str
    target: str
    other: str


def load(source: ProsQaSource) -> QuestionSet:
    """Read a file, or generate graphs by seed and size.

    Raises:
        UserError: The file cannot be used, or no graph of that size has so long a path.
    """
    if source.data is not None:
        return QuestionSet(f"prosqa/{source.data.stem}", VERSION, source.sample(list(_from_file(source))))
    kind = f"prosqa-{source.nodes or 'usual'}-{source.steps}"
    numbers = range(source.offset, source.offset + (source.limit or DEFAULT_SIZE))
    return QuestionSet(kind, VERSION, tuple(_generated(f"{kind}-{source.sample_seed}-{n}", source) for n in numbers))


def _generated(id: str, source: ProsQaSource) -> Item:
    random = Random(id)
    graph = build(random, source.nodes, source.steps)
    if graph is None:
        raise UserError(f"Hardly any graph has a path of {source.steps} steps: choose fewer --steps or more --nodes.")
    facts = " ".join(map(graph.sentence, random.sample(graph.edges, len(graph.edges))))
    first, second = random.sample((graph.target, graph.other), 2)
    asked = Question(id, f"Is {graph.root} a {first} or {second}?", facts)
    return Item(asked, Gold(graph.root, graph.target, graph.other), tuple(map(graph.sentence, graph.path)))


def _from_file(source: ProsQaSource) -> Iterator[Item]:
    assert source.data is not None
    try:
        rows = json.loads(read_given(source.data))
    except ValueError as error:
        raise UserError(f"{source.data} is no JSON: {error}.") from error
    if not isinstance(rows, list) or not rows:
        raise UserError(f"{source.data} is no list of questions.")
    for number, row in enumerate(rows):
        if (item := _item(f"{source.data.stem}-{number}", row)) is None:
            raise UserError(
                f"Row {number} of {source.data} is not of ProsQA's form: question with facts, answer, and steps."
            )
        yield item


def _item(id: str, row: Any) -> Item | None:
    match row:
        case {"question": str(text), "answer": str(answer), "steps": [*steps]} if all(
            isinstance(s, str) for s in steps
        ):
            pass
        case _:
            return None
    asked, said = list(_ASKED.finditer(text)), re.fullmatch(r"(\w+) is an? (\w+)\.", answer.strip())
    if not asked or not said or said[2] not in asked[-1].groups():
        return None
    root, *two = asked[-1].groups()
    other = next((kind for kind in two if kind != said[2]), "")
    question = Question(id, asked[-1][0], text[: asked[-1].start()].strip())
    return Item(question, Gold(root, said[2], other), tuple(steps))


def label(item: Item, attempt: Attempted, steps: Sequence[Step]) -> Score:
    """Score 1 where the answer names the right kind and not the other."""
    if attempt.answer is None:
        return Score(None, None, "no answer")
    named = _named(item.gold, attempt.answer)
    return Score(float(named == [item.gold.target]), ", ".join(named), f"expected {item.gold.target}")


def chain(item: Item, attempt: Attempted, steps: Sequence[Step]) -> Score:
    """Score 1 where the facts that were stated lead from the root to the target, and nothing was stated that does not.

    The reason names the class: "shortest path", "longer path", "hallucination" (a relation that does not follow, or a
    chain with steps left out), "wrong target", "no chain".
    """
    facts = facts_in(item.question.context)
    made = Chain(facts)
    links = made.add("\n".join(step.thought.text for step in steps if step.thought and step.verb == "step"))
    named = _named(item.gold, attempt.answer or "")
    ended = named[0] if len(named) == 1 else item.gold.target
    reached, shortest = distances(item.gold.root, made.used), distances(item.gold.root, facts.edges)
    if not links:
        return Score(0.0, None, "no chain")
    if wrong := next((link for link in links if link.kind == "wrong"), None):
        return Score(0.0, wrong.said, "hallucination")
    if ended not in reached:
        gap = next((link.said for link in links if link.kind == "gap"), None)
        return Score(0.0, gap, "hallucination" if gap else "no chain")
    if ended != item.gold.target:
        return Score(0.0, ended, "wrong target")
    return Score(1.0, ended, "shortest path" if reached[ended] == shortest[ended] else "longer path")


def _named(gold: Gold, text: str) -> list[str]:
    return [kind for kind in (gold.target, gold.other) if re.search(rf"\b{kind}\b", text, re.IGNORECASE)]


TASK = Task(
    name="prosqa",
    help="chains of facts in a graph",
    version=VERSION,
    source=ProsQaSource,
    load=load,
    scorers={"label": label, "chain": chain},
    primary="label",
    checks=("relations",),
    answers="choice",
    verifier="relations",
    presets={"as released": ProsQaSource(), "60 names, 6 steps": ProsQaSource(nodes=60, steps=6)},
)

if __name__ == "__main__":
    from evals.commands import main

    main("prosqa")
