"""Relations: "Every lempus is a rompus" and "Tom is a lempus" as edges of a graph, and what is stated on the way.

    chain = Chain(facts_in("Tom is a lempus. Every lempus is a rompus."))
    [link.kind for link in chain.add("Tom is a lempus, so Tom is a rompus.")]   -> ["given", "derived"]

A statement is one of the facts, or follows in one step from what was stated, or follows with steps left out, or does
not follow. Questions, conditions, denials and alternatives state nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, TypeVar

from prompts.checks.check import Check, Error
from prompts.memories import TextMemory
from prompts.steps import Step
from prompts.values import Finding, Question

Node = TypeVar("Node", str, int)
Edge = tuple[str, str]
Kind = Literal["given", "derived", "gap", "wrong"]

_FACT = re.compile(r"(?:Every )?(\w+) is an? (\w+)\.")
_STATED = re.compile(
    r"(?P<open>\b(?:whether|if|is|are|suppose|no)\s+)?\b(?:(?:every|each|any|all|an?|the)\s+)?(?P<subject>\w+)\s+"
    r"(?:is|are)\s+(?:(?:also|therefore|thus|then|indeed)\s+)?(?:an?\s+)?(?P<object>\w+)",
    re.IGNORECASE,
)
_ARROW = re.compile(r"(?P<subject>\w+)\s*(?:->|→|=>)\s*(?=(?P<object>\w+))")
_MORE = re.compile(r"(?:\s*,\s*|\s+)(?:and\s+)?(?:also\s+)?(?:an?\s+)(?P<object>\w+)\b(?!\s+(?:is|are)\b)")
_WHICH = {"which", "that", "who"}
_OR = re.compile(r"\s*,?\s+or\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of a text: what each name is said to be, and the same as edges."""

    of: Mapping[str, tuple[str, ...]]
    edges: frozenset[Edge]

    def name(self, word: str) -> str | None:
        """The name that a word is, in any case and number."""
        low = word.lower()
        return next((known for form in (low, low[:-2], low[:-1]) for known in self._by_case(form)), None)

    def _by_case(self, form: str) -> Iterator[str]:
        yield from (name for name in (form, form.capitalize()) if name in self.of)


@lru_cache(maxsize=256)
def facts_in(text: str) -> Facts:
    """The facts that a text consists of."""
    edges = dict.fromkeys((found[1], found[2]) for found in _FACT.finditer(text))
    of = {name: tuple(other for one, other in edges if one == name) for edge in edges for name in edge}
    return Facts(of, frozenset(edges))


def distances(start: Node, edges: Iterable[tuple[Node, Node]]) -> dict[Node, int]:
    """The number of edges from ``start`` to every node that can be reached."""
    found, now, edges = {start: 0}, {start}, tuple(edges)
    while now:
        far = max(found.values()) + 1
        now = {other for one, other in edges if one in now and other not in found}
        found |= dict.fromkeys(now, far)
    return found


@dataclass(frozen=True, slots=True)
class Link:
    """A relation as it is stated: ``at`` is the place of its object in the text."""

    subject: str
    object: str
    said: str
    at: int
    kind: Kind


@dataclass(slots=True)
class Chain:
    """What has been stated so far: the pairs that ``hold``, and the facts that were ``used``."""

    facts: Facts
    hold: set[Edge] = field(default_factory=set)
    used: set[Edge] = field(default_factory=set)

    def add(self, text: str) -> list[Link]:
        """Take in a text; the relations that it states, in reading order."""
        return [self._link(*stated) for stated in _stated(text, self.facts)]

    def _link(self, subject: str, object: str, said: str, at: int) -> Link:
        kind = self._kind(subject, object)
        if kind in ("given", "derived"):
            self.hold.add((subject, object))
        return Link(subject, object, said, at, kind)

    def _kind(self, subject: str, object: str) -> Kind:
        edges = self.facts.edges
        if (subject, object) in edges:
            self.used.add((subject, object))
            return "given"
        if object in distances(subject, self.used):
            return "derived"
        for middle in self.facts.of:
            pairs = {(subject, middle), (middle, object)}
            if pairs <= edges | self.hold and pairs & self.hold:
                self.used |= pairs & edges
                return "derived"
        return "gap" if object in distances(subject, edges) else "wrong"


def first_relation_error(question: Question, text: str, after: int) -> Error | None:
    """The first relation that does not follow, with what is given of its subject instead: a ``Verifier``."""
    chain = Chain(facts_in(question.context or question.text))
    for link in chain.add(text):
        if link.kind == "wrong" and link.at > after:
            given = [f"{_article(other)} {other}" for other in chain.facts.of[link.subject]]
            return Error(link.said, link.at, " and ".join(given) or None)
    return None


def judge(question: Question, step: Step, thought: str) -> Iterable[Finding]:
    """A finding for every relation that a step's thought states; what its memory holds was stated before."""
    chain = Chain(facts_in(question.context or question.text))
    if isinstance(step.memory_before, TextMemory):
        before = chain.add("\n".join(step.memory_before.known))
        chain.hold |= {(link.subject, link.object) for link in before if link.kind == "gap"}
    for link in chain.add(step.thought.text if step.thought and step.verb == "step" else ""):
        between = f"what is given of {link.subject}: {', '.join(chain.facts.of[link.subject]) or 'nothing'}"
        yield Finding("relations", link.kind, link.said, between if link.kind in ("gap", "wrong") else "")


CHECK = Check(
    "relations",
    "every stated relation, beside the facts of the question and what was stated before",
    judge,
    {"wrong": "relation that does not follow", "gap": "relation with steps left out"},
)


def _stated(text: str, facts: Facts) -> Iterator[tuple[str, str, str, int]]:
    """The relations that a text states: subject, object, the words, the place of what it is said to be."""
    found = list[tuple[str, str, str, int]]()
    matches = sorted((*_STATED.finditer(text), *_ARROW.finditer(text)), key=lambda match: match.start("object"))
    for match in matches:
        subject, object = facts.name(match["subject"]), facts.name(match["object"])
        if match["subject"].lower() in _WHICH and found:
            subject = found[-1][1]
        open = match.re is _STATED and match["open"]
        if not subject or not object or open or _OR.match(text, match.end("object")):
            continue
        found.append((subject, object, match[0], _start(text, match.start("object"))))
        end = match.end("object")
        while match.re is _STATED and (more := _MORE.match(text, end)) and (other := facts.name(more["object"])):
            found.append(
                (subject, other, f"{match['subject']} is {more['object']}", _start(text, more.start("object")))
            )
            end = more.end()
    yield from found


def _start(text: str, at: int) -> int:
    """The place of a word, or of the article before it."""
    article = re.search(r"\ban?\s+$", text[max(0, at - 4) : at], re.IGNORECASE)
    return at - len(article[0]) if article else at


def _article(word: str) -> str:
    return "an" if word[:1] in "aeiou" else "a"
