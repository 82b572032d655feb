"""Long bAbI: stories of bAbI (Weston et al., 1502.05698) in a long text of noise, from a local copy of its files.

    python -m evals.babi_long --data qa1_single-supporting-fact_test.txt --tokens 1000 --strategy compressed_memory

The facts of a story keep their order. Between them stands RULER's noise text, or, with ``--padding soft``, moves of the
same people that leave the answer as it is (MemReasoner, appendix B). It is scored as BABILong is (Kuratov et al.,
2406.10149), but is not that benchmark, whose noise is from books.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from pydantic import Field

from evals.noise import NOISE
from evals.retention import SCORERS
from evals.task import Attempted, Item, QuestionSet, Source, Task
from prompts.memory_text import CHARACTERS_PER_TOKEN
from prompts.steps import Step
from prompts.user_files import UserPath, read_given
from prompts.values import Question, Score, UserError

VERSION = "2"
PEOPLE = ("John", "Mary", "Sandra", "Daniel")
VERBS = ("moved", "went", "journeyed", "travelled", "went back")
PLACES = ("bathroom", "bedroom", "garden", "hallway", "kitchen", "office")
ELSEWHERE: dict[str, str] = dict(zip(PLACES, ("attic", "basement", "garage", "gym", "cafe", "library"), strict=True))
"""The places of the location-change variant."""
_LINE = re.compile(r"(\d+) ([^\t\n]+?)\s*(?:\t([^\t\n]+)\t([\d ]+))?")
_PERSON = re.compile(r"Where is (\w+)\?")


class BabiSource(Source):
    """Source of the stories; item n is the same whatever the limit."""

    data: UserPath | None = Field(
        default=None, description="a file of bAbI, such as qa1_single-supporting-fact_test.txt"
    )
    tokens: int = Field(
        default=1000, ge=50, le=10_000_000, description="size of a text, at four characters a token; noise fills it"
    )
    padding: Literal["ruler", "soft"] = Field(
        default="ruler", description="sentences of noise, or moves of the same people that leave the answer as it is"
    )
    location_change: bool = Field(
        default=False, description="other names for the places: library for office, and so on"
    )


@dataclass(frozen=True, slots=True)
class Story:
    """A question of a file, the facts before it, and the places among them of those that support the answer."""

    facts: tuple[str, ...]
    question: str
    answer: str
    support: tuple[int, ...]


def load(source: BabiSource) -> QuestionSet:
    """Load the stories of a file and hide each in a text of the wanted size.

    Raises:
        UserError: There is no file, or it cannot be used as asked.
    """
    if source.data is None:
        raise UserError("bAbI is not part of this program: give one of its files with --data.")
    stories = list(_stories(source))
    if source.padding == "soft" and (other := next((s for s in stories if not _PERSON.fullmatch(s.question)), None)):
        raise UserError(f"Soft padding may change the answer to {other.question!r}: it is for qa1, where people move.")
    kind = f"babi-long/{source.data.stem}-{source.tokens}-{source.padding}{'-elsewhere' * source.location_change}"
    items = (_item(f"{source.data.stem}-{at}", story, source) for at, story in source.sample(list(enumerate(stories))))
    return QuestionSet(kind, VERSION, tuple(items))


def _stories(source: BabiSource) -> Iterator[Story]:
    assert source.data is not None
    text = read_given(source.data)
    if source.location_change:
        text = re.sub(r"\b(?:" + "|".join(PLACES) + r")\b", lambda found: ELSEWHERE[found[0]], text)
    facts = dict[int, str]()
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        read = _LINE.fullmatch(line)
        if read is None:
            raise UserError(
                f"{source.data} line {number} is no line of bAbI: a number and a sentence, tabs in a question."
            )
        at, sentence, answer, support = int(read[1]), read[2], read[3], read[4]
        facts = {} if at == 1 else facts
        if answer is None:
            facts[at] = sentence
            continue
        places = tuple(list(facts).index(int(each)) for each in support.split())
        yield Story(tuple(facts.values()), sentence, answer, places)


def _item(id: str, story: Story, source: BabiSource) -> Item:
    random = Random(f"{id}-{source.tokens}-{source.padding}-{source.sample_seed}")
    room = source.tokens * CHARACTERS_PER_TOKEN - sum(len(fact) + 1 for fact in story.facts)
    lines: list[tuple[float, str]] = [(at, fact) for at, fact in enumerate(story.facts)]
    while True:
        place = random.uniform(-1, len(story.facts) - 1)
        line = NOISE if source.padding == "ruler" else _move(random, story, place, source.location_change)
        room -= len(line) + 1
        if room < 0:
            break
        lines.append((place, line))
    text = " ".join(line for _, line in sorted(lines, key=lambda placed: placed[0]))
    return Item(Question(id, story.question, text), story.answer, tuple(story.facts[at] for at in story.support))


def _move(random: Random, story: Story, place: float, elsewhere: bool) -> str:
    """Somebody's move; behind the last supporting fact not of the person asked for."""
    asked = _PERSON.fullmatch(story.question)
    people = [name for name in PEOPLE if place < max(story.support) or asked is None or name != asked[1]]
    to = random.choice(PLACES)
    return f"{random.choice(people)} {random.choice(VERBS)} to the {ELSEWHERE[to] if elsewhere else to}."


def one_label(item: Item, attempt: Attempted, steps: Sequence[Step]) -> Score:
    """Score 1 where the first sentence of the answer names the right place and, but for the question's, no other."""
    if attempt.answer is None:
        return Score(None, None, "no answer")
    said = attempt.answer.lower().partition(".")[0]
    labels = {*PLACES, *ELSEWHERE.values()}
    named = {label for label in labels if label in said} - {
        label for label in labels if label in item.question.text.lower()
    }
    right = named == {item.gold} if item.gold in labels else item.gold.lower() in said
    return Score(float(right), ", ".join(sorted(named)), "match" if right else f"expected {item.gold}")


TASK = Task(
    name="babi_long",
    help="stories of bAbI hidden in a long text",
    version=VERSION,
    source=BabiSource,
    load=load,
    scorers={"one-label": one_label, **SCORERS},
    primary="one-label",
    checks=("bindings",),
    answers="words",
)

if __name__ == "__main__":
    from evals.commands import main

    main("babi_long")
