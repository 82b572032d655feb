"""Which attempts to find, and the same as SQL.

wanted_ids(Wanted(strategy="isump"))
-> Query("WITH wanted AS (SELECT id FROM attempts WHERE strategy = ?)", ("isump",))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.errors import BadInput

Only = Literal["wrong", "unanswered", "error", "steps spent", "flipped"]

JUDGED_AS = "(SELECT value FROM judgements WHERE judgements.attempt = attempts.id)"
"""SQL of an attempt's score by the primary scorer of its run, or by its first scorer when it is of no run."""

_MOST_WORDS = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which attempts to find; what is not given does not matter.

    Attributes:
        words: Must all stand in one question, thought or memory.
        run: Number of a run.
        task: Key of ``evals.TASKS``.
        strategy: Key of ``graphs.STRATEGIES``.
        only: "wrong" are answers judged not right, "unanswered" ended with an explicit none, "steps spent" hit the
            step limit, and "flipped" are right in one of the runs ``run`` and ``other`` and not right in the other.
        other: Number of the other run for "flipped".
        fault: A check and a kind of its findings, of which the attempt has one.
    """

    words: str = ""
    run: int | None = None
    task: str | None = None
    strategy: str | None = None
    only: Only | None = None
    other: int | None = None
    fault: tuple[str, str] | None = None


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
_ONLY: dict[Only, str] = {
    "wrong": f"status = 'done' AND answer IS NOT NULL AND {JUDGED_AS} < 1",
    "unanswered": "status = 'done' AND answer IS NULL",
    "error": "status = 'error'",
    "steps spent": "ending = 'steps spent'",
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


def wanted_ids(wanted: Wanted) -> Query:
    """A WITH clause whose last table ``wanted`` holds the ids of the attempts that are wanted.

    Raises:
        BadInput: "flipped" is asked for without two different runs.
    """
    tables: list[Query] = []
    conditions: list[Query] = []
    text = wanted.words.replace("\0", " ").encode(errors="replace").decode()  # SQLite takes no lone surrogates
    if words := text.split()[:_MOST_WORDS]:
        quoted = " ".join('"' + word.replace('"', '""') + '"' for word in words)
        tables.append(Query(_HITS, (quoted,)))
        conditions.append(Query(_HIT, ()))
    if wanted.only == "flipped":
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
    if wanted.only is not None:
        conditions.append(Query(_ONLY[wanted.only], ()))
    where = f" WHERE {' AND '.join(one.sql for one in conditions)}" if conditions else ""
    last = f"wanted AS (SELECT id FROM attempts{where})"
    sql = f"WITH {', '.join([*(table.sql for table in tables), last])}"
    return Query(sql, tuple(value for one in (*tables, *conditions) for value in one.values))
