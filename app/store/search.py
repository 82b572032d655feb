"""Finding attempts in a trace store: by words, run, task, strategy, or what went wrong.

    store.find(Wanted(words="eggs", only="wrong"), limit=50)
    store.find(Wanted(run=1, other=2, only="flipped"))

What is right is read from the stored scores; nothing is judged here.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Literal

from app.errors import BadInput
from app.store.reader import Traces
from app.store.records import Score
from graphs.reasoner import Verb

Only = Literal["wrong", "unanswered", "error", "steps spent", "invented", "flipped"]

SCORER = "numeric"
"""Whose judgement counts where several scorers judged an attempt; where this one did not, the first by name."""

SHOWN = 200
"""Characters of a question, answer or error that a list of attempts is given."""

_MOST_WORDS = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which attempts to find; what is not given does not matter.

    ``words`` must all stand in one question, thought or memory. "wrong" are answers judged wrong, "unanswered" ended
    with an explicit none, "steps spent" hit the step limit, "invented" have an invented number in a memory, and
    "flipped" are right in one of the runs ``run`` and ``other`` and not right in the other.
    """

    words: str = ""
    run: int | None = None
    task: str | None = None
    strategy: str | None = None
    only: Only | None = None
    other: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """An attempt as a list shows it: long texts are cut; ``right`` is ``None`` when nobody judged it."""

    attempt: int
    run: int | None
    task: str | None
    strategy: str
    model: str
    question: str
    status: str
    answer: str | None
    error: str | None
    ending: str | None
    parent: int | None
    started: float
    right: bool | None
    steps: int
    invented: int


@dataclass(frozen=True, slots=True)
class Outline:
    """A step in one line: what it did, what it cost, and whether something in it deserves a look."""

    index: int
    verb: Verb
    round: int
    generated: int
    seconds: float
    wrong: int
    invented: int
    marked: bool


@dataclass(frozen=True, slots=True)
class Fault:
    """The first step of an attempt in which something of that kind went wrong, and what it was."""

    kind: Literal["wrong equation", "invented number"]
    step: int
    text: str


class Search(Traces):
    """The searching part of a trace store."""

    def find(self, wanted: Wanted, limit: int = 50, offset: int = 0) -> list[Found]:
        """The attempts that are wanted, newest first; raises ``BadInput`` for "flipped" without two runs."""
        hits, condition, values = _condition(wanted)
        page = f"page AS (SELECT id FROM attempts WHERE {condition} ORDER BY id DESC LIMIT ? OFFSET ?)"
        return [_found(row) for row in self._rows(f"WITH {hits} {page} {_FOUND}", *values, limit, offset)]

    def count(self, wanted: Wanted) -> int:
        """How many attempts ``find`` would list in all."""
        hits, condition, values = _condition(wanted)
        rows = self._rows(f"WITH {hits} page AS (SELECT id FROM attempts WHERE {condition}) {_COUNT}", *values)
        return int(rows[0]["n"])

    def strategies(self) -> list[str]:
        """Every strategy that was ever attempted."""
        return [row["strategy"] for row in self._rows("SELECT DISTINCT strategy FROM attempts ORDER BY strategy")]

    def scores(self, attempt: int) -> list[Score]:
        """What each scorer said of an attempt, the one that counts first."""
        rows = self._rows(f"SELECT * FROM scores WHERE attempt = ? ORDER BY {_FIRST_SCORER}", attempt)
        return [Score(row["scorer"], row["value"], row["extracted"], row["why"]) for row in rows]

    def step_count(self, attempt: int) -> int:
        """How many steps of an attempt are in the store."""
        return int(self._rows("SELECT count(*) AS n FROM steps WHERE attempt = ?", attempt)[0]["n"])

    def outline(self, attempt: int, first: int = 0, most: int = 200) -> list[Outline]:
        """At most ``most`` steps of an attempt, from step ``first`` on."""
        rows = self._rows(
            "SELECT steps.idx, verb, round, claims, invented, marks,"
            " coalesce(sum(completion_tokens), 0) AS generated, coalesce(sum(seconds), 0) AS seconds"
            " FROM steps LEFT JOIN calls ON calls.step = steps.id"
            " WHERE attempt = ? AND steps.idx BETWEEN ? AND ? GROUP BY steps.id ORDER BY steps.idx",
            attempt,
            first,
            first + most - 1,
        )
        return [_outline(row) for row in rows]

    def first_faults(self, attempt: int) -> list[Fault]:
        """Where an attempt went wrong first, at most once a kind, in the order of the steps."""
        found = list[Fault]()
        for row in self._rows(_FIRST_STEP.format("claims LIKE '%\"wrong\"]%'"), attempt):
            text = next(text for text, *_, verdict in json.loads(row["claims"]) if verdict == "wrong")
            found.append(Fault("wrong equation", row["idx"], text[:SHOWN]))
        for row in self._rows(_FIRST_STEP.format("invented <> '[]'"), attempt):
            found.append(Fault("invented number", row["idx"], json.loads(row["invented"])[0][:SHOWN]))
        return sorted(found, key=lambda fault: fault.step)


_FIRST_STEP = "SELECT idx, claims, invented FROM steps WHERE attempt = ? AND {} ORDER BY idx LIMIT 1"
_FIRST_SCORER = f"scorer <> '{SCORER}', scorer"
_SCORE = f"(SELECT value FROM scores WHERE scores.attempt = attempts.id ORDER BY {_FIRST_SCORER} LIMIT 1)"
_FOUND = (
    f"SELECT attempts.id AS attempt, attempts.run, runs.task, attempts.strategy, attempts.model,"
    f" substr(asked.text, 1, {SHOWN}) AS question, status, substr(answer, 1, {SHOWN}) AS answer,"
    f" substr(error, 1, {SHOWN}) AS error, ending, parent_attempt AS parent, attempts.started, {_SCORE} AS score,"
    " (SELECT count(*) FROM steps WHERE steps.attempt = attempts.id) AS steps,"
    " (SELECT count(*) FROM steps WHERE steps.attempt = attempts.id AND invented <> '[]') AS invented"
    " FROM page JOIN attempts ON attempts.id = page.id JOIN texts AS asked ON asked.id = attempts.question"
    " LEFT JOIN runs ON runs.id = attempts.run ORDER BY attempts.id DESC"
)
_COUNT = "SELECT count(*) AS n FROM page"
_HITS = "hits AS MATERIALIZED (SELECT rowid AS id FROM texts_fts WHERE texts_fts MATCH ?),"
# CROSS JOIN fixes the order: each hit is looked up in an index, and no table is read through.
_HIT = (
    "id IN (SELECT attempt FROM hits CROSS JOIN steps ON thought = hits.id"
    " UNION SELECT attempt FROM hits CROSS JOIN steps ON memory_after = hits.id"
    " UNION SELECT asked.id FROM hits CROSS JOIN attempts AS asked ON asked.question = hits.id)"
)
_JUDGED = (
    "judged AS MATERIALIZED (SELECT id, run, question_id,"
    f" answer IS NOT NULL AND coalesce({_SCORE}, 0) = 1 AS correct FROM attempts"
    " WHERE status = 'done' AND id IN (SELECT max(id) FROM attempts"
    " WHERE run IN (?, ?) AND parent_attempt IS NULL GROUP BY run, question_id)),"
)
_ONLY: dict[Only, str] = {
    "wrong": f"status = 'done' AND answer IS NOT NULL AND {_SCORE} = 0",
    "unanswered": "status = 'done' AND answer IS NULL",
    "error": "status = 'error'",
    "steps spent": "ending = 'steps spent'",
    "invented": "id IN (SELECT attempt FROM steps WHERE invented <> '[]')",
    "flipped": (
        "id IN (SELECT one.id FROM judged AS one JOIN judged AS two ON one.question_id = two.question_id"
        " AND one.run <> two.run AND one.correct <> two.correct)"
    ),
}


def _condition(wanted: Wanted) -> tuple[str, str, list[object]]:
    """The named subqueries and the condition that say what is wanted, and their values in order."""
    named, conditions = "", ["TRUE"]
    first: list[object] = []
    values: list[object] = []
    if words := wanted.words.replace("\0", " ").split()[:_MOST_WORDS]:
        named += _HITS
        first.append(" ".join('"' + word.replace('"', '""') + '"' for word in words))
        conditions.append(_HIT)
    if wanted.only == "flipped":
        if wanted.run is None or wanted.other is None or wanted.run == wanted.other:
            raise BadInput("Choose two different runs to see what flipped between them.")
        named += _JUDGED
        first += [wanted.run, wanted.other]
    elif wanted.run is not None:
        conditions.append("run = ?")
        values.append(wanted.run)
    if wanted.task is not None:
        conditions.append("run IN (SELECT id FROM runs WHERE task = ?)")
        values.append(wanted.task)
    if wanted.strategy is not None:
        conditions.append("strategy = ?")
        values.append(wanted.strategy)
    if wanted.only is not None:
        conditions.append(_ONLY[wanted.only])
    return named, " AND ".join(conditions), first + values


def _found(row: sqlite3.Row) -> Found:
    fields = {name: row[name] for name in Found.__dataclass_fields__ if name != "right"}
    return Found(**fields, right=None if row["score"] is None else row["score"] == 1)


def _outline(row: sqlite3.Row) -> Outline:
    return Outline(
        row["idx"],
        row["verb"],
        row["round"],
        row["generated"],
        row["seconds"],
        sum(verdict == "wrong" for *_, verdict in json.loads(row["claims"])),
        len(json.loads(row["invented"])) if row["invented"] else 0,
        row["marks"] != "[]",
    )
