"""Variable tracking: chains of assignments hidden in noise (RULER's task of that name, Hsieh et al., 2404.06654).

    python -m evals.variable_tracking --tokens 1000 --limit 10 --strategy compressed_memory

The text is as RULER builds it: names of five random capitals, ``VAR ABCDE = 12345`` and ``VAR FGHIJ = VAR ABCDE`` in
the order of their chain, between lines of one noise text. Two scorers: ``recall`` is the published one, the share of
names that stand in what was said; ``exact`` wants the answer to name these and no others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from random import Random
from string import ascii_uppercase

from pydantic import Field

from evals.noise import NOISE
from evals.retention import SCORERS
from evals.task import Attempted, Item, QuestionSet, Source, Task
from prompts.memory_text import CHARACTERS_PER_TOKEN
from prompts.steps import Step
from prompts.values import Question, Score

VERSION = "1"
DEFAULT_SIZE = 100
"""Texts, where no limit is given."""
_NAME = re.compile(r"\b[A-Z]{5}\b")


class TrackingSource(Source):
    """Source of the texts; item n is the same whatever the limit."""

    tokens: int = Field(
        default=1000, ge=100, le=10_000_000, description="size of a text, at four characters a token; noise fills it"
    )
    chains: int = Field(default=1, ge=1, le=100, description="chains in a text, of which one is asked for")
    hops: int = Field(default=4, ge=1, le=100, description="assignments of a chain behind its first")


def load(source: TrackingSource) -> QuestionSet:
    """Generate texts; the seed and the sizes make them."""
    kind = f"variable-tracking-{source.tokens}-{source.chains}x{source.hops}"
    numbers = range(source.offset, source.offset + (source.limit or DEFAULT_SIZE))
    return QuestionSet(kind, VERSION, tuple(_item(f"{kind}-{source.sample_seed}-{n}", source) for n in numbers))


def _item(id: str, source: TrackingSource) -> Item:
    random = Random(id)
    names = random.sample(range(26**5), source.chains * (source.hops + 1))
    values = random.sample(range(10_000, 100_000), source.chains)
    chains = [[_name(number) for number in names[at :: source.chains]] for at in range(source.chains)]
    statements = [_statements(chain, value) for chain, value in zip(chains, values, strict=True)]
    used = sum(len(line) + 1 for chain in statements for line in chain)
    noise = max(1, (source.tokens * CHARACTERS_PER_TOKEN - used) // (len(NOISE) + 1))
    lines = list[tuple[float, str]]()
    for chain in statements:
        lines += zip(sorted(random.choices(range(noise + 1), k=len(chain))), chain, strict=True)
    lines += [(at + 0.5, NOISE) for at in range(noise)]
    text = "\n".join(line for _, line in sorted(lines, key=lambda placed: placed[0]))
    asked = f"Find all variables that are assigned the value {values[0]} in the text, also by way of other variables."
    return Item(Question(id, asked, text), frozenset(chains[0]), tuple(statements[0]))


def _name(number: int) -> str:
    return "".join(ascii_uppercase[number // 26**place % 26] for place in range(5))


def _statements(chain: Sequence[str], value: int) -> list[str]:
    said = [f"VAR {chain[0]} = {value}"]
    return said + [f"VAR {new} = VAR {old}" for old, new in pairwise(chain)]


def recall(item: Item, attempt: Attempted, steps: Sequence[Step]) -> Score:
    """Score the share of the names that stand in the completion, as RULER does."""
    if attempt.answer is None:
        return Score(None, None, "no answer")
    found = sorted(name for name in item.gold if name in attempt.completion)
    return Score(len(found) / len(item.gold), ", ".join(found), f"{len(found)} of {len(item.gold)} names")


def exact(item: Item, attempt: Attempted, steps: Sequence[Step]) -> Score:
    """Score 1 where the answer names the variables of the chain and no others."""
    if attempt.answer is None:
        return Score(None, None, "no answer")
    named = frozenset(_NAME.findall(attempt.answer))
    right = named == item.gold
    missing, more = ", ".join(sorted(item.gold - named)), ", ".join(sorted(named - item.gold))
    reason = "; ".join(filter(None, [missing and f"without {missing}", more and f"with {more}"]))
    return Score(float(right), ", ".join(sorted(named)), "match" if right else reason)


TASK = Task(
    name="variable_tracking",
    help="chains of variables hidden in noise",
    version=VERSION,
    source=TrackingSource,
    load=load,
    scorers={"recall": recall, "exact": exact, **SCORERS},
    primary="exact",
    checks=("bindings",),
    answers="words",
    presets={"1,000 tokens, one chain of 5 names": TrackingSource()},
)

if __name__ == "__main__":
    from evals.commands import main

    main("variable_tracking")
