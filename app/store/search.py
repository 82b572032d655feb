"""Finding attempts in a trace store: by words, run, task, strategy, fault, or how they ended.

    store.find(Wanted(words="eggs", only="wrong"), limit=50)
    store.find(Wanted(run=1, other=2, only="flipped"))
    store.find(Wanted(fault=("equations", "wrong")))

What is right is read from the stored scores, what is a fault from the stored findings; nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.store.database import Database, Row
from app.store.rows import as_json
from app.store.wanted import JUDGED_AS, Wanted, wanted_ids
from prompts.checks import CHECKS
from prompts.steps import Verb
from prompts.values import Score

SHOWN = 200
"""Characters of a question, answer, error or finding that a list is given."""


@dataclass(frozen=True, slots=True)
class Found:
    """An attempt as a list shows it: long texts are cut; ``right`` is ``None`` when nobody judged it.

    ``faults`` holds each fault's name and the number of steps that have it.
    """

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
    faults: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """A step in one line: what it did, what it cost, and whether something in it deserves a look.

    ``seconds`` is the wall time of its calls; ``faults`` holds each fault's name and the number of such findings.
    """

    index: int
    verb: Verb
    round: int
    generated: int
    seconds: float
    faults: tuple[tuple[str, int], ...]
    marked: bool


@dataclass(frozen=True, slots=True)
class Fault:
    """The first step of an attempt with a finding of that fault, the fault's name in words, and the text found."""

    check: str
    kind: str
    name: str
    step: int
    text: str


class Search(Database):
    """The searching part of a trace store."""

    def find(self, wanted: Wanted, limit: int = 50, offset: int = 0) -> list[Found]:
        """The attempts that are wanted, newest first; raises ``BadInput`` for "flipped" without two runs."""
        query = wanted_ids(wanted)
        rows = self._rows(f"{query.sql}, {_PAGE} {_FOUND}", *query.values, limit, offset)
        faults = self._faults(_STEPS_WITH_FINDINGS, as_json([row["attempt"] for row in rows]))
        return [_found(row, faults.get(row["attempt"], ())) for row in rows]

    def count(self, wanted: Wanted) -> int:
        """How many attempts ``find`` would list in all; raises as it does."""
        query = wanted_ids(wanted)
        return int(self._rows(f"{query.sql} SELECT count(*) AS n FROM wanted", *query.values)[0]["n"])

    def strategies(self) -> list[str]:
        """Every strategy that was ever attempted."""
        return [row["strategy"] for row in self._rows("SELECT DISTINCT strategy FROM attempts ORDER BY strategy")]

    def scores(self, attempt: int) -> dict[str, Score]:
        """What each scorer said of an attempt: the primary scorer of its run first, the others by name."""
        rows = self._rows(
            "SELECT scores.* FROM scores LEFT JOIN judgements USING (attempt, scorer)"
            " WHERE scores.attempt = ? ORDER BY judgements.scorer IS NULL, scores.scorer",
            attempt,
        )
        return {row["scorer"]: Score(row["value"], row["extracted"], row["why"]) for row in rows}

    def outline(self, attempt: int, first: int = 0, most: int = 200) -> list[Outline]:
        """At most ``most`` steps of an attempt, from step ``first`` on."""
        span = attempt, first, first + most - 1
        faults = self._faults(_FINDINGS_OF_STEPS, *span)
        rows = self._rows(
            "SELECT steps.idx, verb, round, marks <> '[]' AS marked,"
            " coalesce(sum(completion_tokens), 0) AS generated, coalesce(sum(seconds), 0) AS seconds"
            " FROM steps LEFT JOIN calls ON calls.step = steps.id"
            " WHERE attempt = ? AND steps.idx BETWEEN ? AND ? GROUP BY steps.id ORDER BY steps.idx",
            *span,
        )
        return [
            Outline(
                row["idx"],
                row["verb"],
                row["round"],
                row["generated"],
                row["seconds"],
                faults.get(row["idx"], ()),
                bool(row["marked"]),
            )
            for row in rows
        ]

    def first_faults(self, attempt: int) -> list[Fault]:
        """Where an attempt went wrong first, at most once a fault, in the order of the steps."""
        found = list[Fault]()
        for (check, kind), name in _names().items():
            for row in self._rows(_FIRST_FAULT, attempt, check, kind):
                found.append(Fault(check, kind, name, row["idx"], row["text"]))
        return sorted(found, key=lambda fault: fault.step)

    def _faults(self, sql: str, *values: object) -> dict[int, tuple[tuple[str, int], ...]]:
        """Of each ``place``, the faults among the counted findings, in the order of the checks."""
        names, counted = _names(), dict[int, dict[tuple[str, str], int]]()
        for row in self._rows(sql, *values):
            counted.setdefault(row["place"], {})[row["check"], row["kind"]] = row["n"]
        return {
            place: tuple((name, counts[fault]) for fault, name in names.items() if fault in counts)
            for place, counts in counted.items()
        }


_PAGE = "page AS (SELECT id FROM wanted ORDER BY id DESC LIMIT ? OFFSET ?)"
_FOUND = (
    "SELECT attempts.id AS attempt, attempts.run, runs.task, attempts.strategy, attempts.model,"
    f" substr(asked.text, 1, {SHOWN}) AS question, status, substr(answer, 1, {SHOWN}) AS answer,"
    f" substr(error, 1, {SHOWN}) AS error, ending, parent_attempt AS parent, attempts.started, {JUDGED_AS} AS value,"
    " (SELECT count(*) FROM steps WHERE steps.attempt = attempts.id) AS steps"
    " FROM page JOIN attempts ON attempts.id = page.id JOIN texts AS asked ON asked.id = attempts.question"
    " LEFT JOIN runs ON runs.id = attempts.run ORDER BY attempts.id DESC"
)
_FINDINGS = "CROSS JOIN findings ON findings.step = steps.id JOIN finding_kinds AS named ON named.id = findings.kind"
_STEPS_WITH_FINDINGS = (
    'SELECT attempt AS place, "check", named.kind, count(DISTINCT findings.step) AS n FROM json_each(?) AS page'
    f" CROSS JOIN steps ON steps.attempt = page.value {_FINDINGS} GROUP BY attempt, findings.kind"
)
_FINDINGS_OF_STEPS = (
    f'SELECT steps.idx AS place, "check", named.kind, count(*) AS n FROM steps {_FINDINGS}'
    " WHERE attempt = ? AND steps.idx BETWEEN ? AND ? GROUP BY steps.idx, findings.kind"
)
_FIRST_FAULT = (
    f"SELECT steps.idx, substr(text, 1, {SHOWN}) AS text FROM steps {_FINDINGS}"
    ' WHERE attempt = ? AND "check" = ? AND named.kind = ? ORDER BY steps.idx, findings.idx LIMIT 1'
)


def _names() -> dict[tuple[str, str], str]:
    """The name of each fault, by its check and kind, in the order of the checks."""
    return {(check.name, kind): name for check in CHECKS.values() for kind, name in check.faults.items()}


def _found(row: Row, faults: Iterable[tuple[str, int]]) -> Found:
    fields = {name: row[name] for name in Found.__dataclass_fields__ if name not in ("right", "faults")}
    right = None if row["value"] is None else row["value"] == 1
    return Found(**fields, right=right, faults=tuple(faults))
