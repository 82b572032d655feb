"""Search: finding attempts by words, run, task, strategy, fault, or how they ended.

    store.find(AttemptFilter(words="eggs", outcome="wrong"), limit=50)
    store.find(AttemptFilter(run=1, other=2, outcome="flipped"))
    store.find(AttemptFilter(fault=("equations", "wrong")))

What is right is read from the stored scores, what is a fault from the stored findings; nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from app.errors import BadInput
from app.store.database import Row
from app.store.reader import Reader
from app.store.rows import as_json
from prompts.checks import CHECKS
from prompts.steps import Verb
from prompts.values import Score

OutcomeFilter = Literal["wrong", "unanswered", "error", "step_limit", "flipped"]

SHOWN = 200
"""Characters of a question, answer, error or finding that a list is given."""
_MAX_WORDS = 20


@dataclass(frozen=True, slots=True)
class AttemptFilter:
    """Conditions on attempts; what is not given does not matter.

    Attributes:
        words: Must all stand in one question, thought or memory.
        run: Number of a run.
        task: Key of ``evals.tasks.TASKS``.
        strategy: Key of ``graphs.STRATEGIES``.
        outcome: "wrong" are answers judged not right, "unanswered" ended with an explicit none, "step_limit" hit the
            step limit, and "flipped" are right in one of the runs ``run`` and ``other`` and not right in the other.
        other: Number of the other run for "flipped".
        fault: A check and a kind of its findings, of which the attempt has one.
    """

    words: str = ""
    run: int | None = None
    task: str | None = None
    strategy: str | None = None
    outcome: OutcomeFilter | None = None
    other: int | None = None
    fault: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class AttemptSummary:
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
class StepSummary:
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
class FirstFault:
    """The first step of an attempt with a finding of that fault, the fault's name in words, and the text found."""

    check: str
    kind: str
    name: str
    step: int
    text: str


class Search(Reader):
    """The searching part of a trace store."""

    def find(self, wanted: AttemptFilter, limit: int = 50, offset: int = 0) -> list[AttemptSummary]:
        """The attempts that are wanted, newest first; raises ``BadInput`` for "flipped" without two runs."""
        query = filter_sql(wanted)
        rows = self.rows(f"{query.sql}, {_PAGE} {_FOUND}", *query.values, limit, offset)
        faults = self._faults(_STEPS_WITH_FINDINGS, as_json([row["attempt"] for row in rows]))
        return [_found(row, faults.get(row["attempt"], ())) for row in rows]

    def count(self, wanted: AttemptFilter) -> int:
        """The number of attempts that ``find`` would list in all; raises as it does."""
        query = filter_sql(wanted)
        return int(self.rows(f"{query.sql} SELECT count(*) AS n FROM wanted", *query.values)[0]["n"])

    def strategies(self) -> list[str]:
        """Every strategy that was ever attempted."""
        return [row["strategy"] for row in self.rows("SELECT DISTINCT strategy FROM attempts ORDER BY strategy")]

    def scores(self, attempt: int) -> dict[str, Score]:
        """The scores of an attempt: the primary scorer of its run first, the others by name."""
        rows = self.rows(
            "SELECT scores.* FROM scores LEFT JOIN judgements USING (attempt, scorer)"
            " WHERE scores.attempt = ? ORDER BY judgements.scorer IS NULL, scores.scorer",
            attempt,
        )
        return {row["scorer"]: Score(row["value"], row["extracted"], row["why"]) for row in rows}

    def outline(self, attempt: int, first: int = 0, most: int = 200) -> list[StepSummary]:
        """At most ``most`` steps of an attempt, from step ``first`` on."""
        span = attempt, first, first + most - 1
        faults = self._faults(_FINDINGS_OF_STEPS, *span)
        rows = self.rows(
            "SELECT steps.idx AS \"index\", verb, round, marks <> '[]' AS marked,"
            " coalesce(sum(completion_tokens), 0) AS generated, coalesce(sum(seconds), 0) AS seconds"
            " FROM steps LEFT JOIN calls ON calls.step = steps.id"
            " WHERE attempt = ? AND steps.idx BETWEEN ? AND ? GROUP BY steps.id ORDER BY steps.idx",
            *span,
        )
        return [
            StepSummary(**(row | {"faults": faults.get(row["index"], ()), "marked": bool(row["marked"])}))
            for row in rows
        ]

    def first_faults(self, attempt: int) -> list[FirstFault]:
        """The first fault of each kind in an attempt, in the order of the steps."""
        found = list[FirstFault]()
        for (check, kind), name in _names().items():
            for row in self.rows(_FIRST_FAULT, attempt, check, kind):
                found.append(FirstFault(check, kind, name, row["idx"], row["text"]))
        return sorted(found, key=lambda fault: fault.step)

    def _faults(self, sql: str, *values: object) -> dict[int, tuple[tuple[str, int], ...]]:
        """Of each ``place``, the faults among the counted findings, in the order of the checks."""
        names, counted = _names(), dict[int, dict[tuple[str, str], int]]()
        for row in self.rows(sql, *values):
            counted.setdefault(row["place"], {})[row["check"], row["kind"]] = row["n"]
        return {
            place: tuple((name, counts[fault]) for fault, name in names.items() if fault in counts)
            for place, counts in counted.items()
        }


JUDGED_AS = "(SELECT value FROM judgements WHERE judgements.attempt = attempts.id)"
"""SQL of an attempt's score by the primary scorer of its run, or by its first scorer when it is of no run."""

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


def _found(row: Row, faults: Iterable[tuple[str, int]]) -> AttemptSummary:
    fields = {name: row[name] for name in AttemptSummary.__dataclass_fields__ if name not in ("right", "faults")}
    right = None if row["value"] is None else row["value"] == 1
    return AttemptSummary(**fields, right=right, faults=tuple(faults))


_HITS = "hits AS MATERIALIZED (SELECT rowid AS id FROM texts_fts WHERE texts_fts MATCH ?)"
# CROSS JOIN fixes the order of the tables: what was found first is looked up in an index of the next.
_HIT = (
    "id IN (SELECT attempt FROM hits CROSS JOIN steps ON thought = hits.id"
    " UNION SELECT attempt FROM hits CROSS JOIN memories ON memories.text = hits.id"
    " CROSS JOIN steps ON memory_after = memories.id"
    " UNION SELECT asked.id FROM hits CROSS JOIN attempts AS asked ON asked.question = hits.id)"
)
_WITH_FAULT = (
    "id IN (SELECT attempt FROM finding_kinds CROSS JOIN findings ON findings.kind = finding_kinds.id"
    ' CROSS JOIN steps ON steps.id = findings.step WHERE "check" = ? AND finding_kinds.kind = ?)'
)
_JUDGED = (
    "judged AS MATERIALIZED (SELECT id, run, question_id,"
    f" answer IS NOT NULL AND coalesce({JUDGED_AS}, 0) = 1 AS correct FROM attempts"
    " WHERE status = 'done' AND id IN (SELECT attempt FROM items WHERE run IN (?, ?)))"
)
_OUTCOMES: dict[OutcomeFilter, str] = {
    "wrong": f"status = 'done' AND answer IS NOT NULL AND {JUDGED_AS} < 1",
    "unanswered": "status = 'done' AND answer IS NULL",
    "error": "status = 'error'",
    "step_limit": "ending = 'step_limit'",
    "flipped": (
        "id IN (SELECT one.id FROM judged AS one JOIN judged AS two ON one.question_id = two.question_id"
        " AND one.run <> two.run AND one.correct <> two.correct)"
    ),
}


@dataclass(frozen=True, slots=True)
class Query:
    """SQL with its values in order."""

    sql: str
    values: tuple[object, ...]


def filter_sql(wanted: AttemptFilter) -> Query:
    """A WITH clause whose last table ``wanted`` holds the ids of the attempts that are wanted.

    Raises:
        BadInput: "flipped" is asked for without two different runs.
    """
    tables: list[Query] = []
    conditions: list[Query] = []
    text = wanted.words.replace("\0", " ").encode(errors="replace").decode()  # SQLite takes no lone surrogates
    if words := text.split()[:_MAX_WORDS]:
        quoted = " ".join('"' + word.replace('"', '""') + '"' for word in words)
        tables.append(Query(_HITS, (quoted,)))
        conditions.append(Query(_HIT, ()))
    if wanted.outcome == "flipped":
        if wanted.run is None or wanted.other is None or wanted.run == wanted.other:
            raise BadInput("Choose two different runs to see what flipped between them.")
        tables.append(Query(_JUDGED, (wanted.run, wanted.other)))
    elif wanted.run is not None:
        conditions.append(Query("run = ?", (wanted.run,)))
    if wanted.task is not None:
        conditions.append(Query("run IN (SELECT id FROM runs WHERE task = ?)", (wanted.task,)))
    if wanted.strategy is not None:
        conditions.append(Query("strategy = ?", (wanted.strategy,)))
    if wanted.fault is not None:
        conditions.append(Query(_WITH_FAULT, wanted.fault))
    if wanted.outcome is not None:
        conditions.append(Query(_OUTCOMES[wanted.outcome], ()))
    where = f" WHERE {' AND '.join(one.sql for one in conditions)}" if conditions else ""
    last = f"wanted AS (SELECT id FROM attempts{where})"
    sql = f"WITH {', '.join([*(table.sql for table in tables), last])}"
    return Query(sql, tuple(value for one in (*tables, *conditions) for value in one.values))
