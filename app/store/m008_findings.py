"""Migration 8: findings of any check, memories of any kind, prompts whose parts say what they are.

Like every released migration it is never edited, and it imports nothing whose meaning may change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlite_utils import Database

_CHECKS = '["equations","fidelity"]'
_MEMORY_STARTS = ("Solution so far:", "What we know:", "Work so far:")


def m008_findings(db: Database) -> None:
    """One table of findings for all checks, one of memories for all kinds; parts, tasks and scorers get their names.

    The views and triggers go first, because tables that they name are rebuilt, and come back at the end.
    """
    for view in db.view_names():
        db.view(view).drop()
    for trigger in ("steps_searched", "attempts_searched"):
        db.execute(f"DROP TRIGGER {trigger}")
    _name_runs_and_attempts(db)
    _move_findings(db)
    _join_memories(db)
    _label_parts(db)
    _search_memories(db)
    _create_views(db)


def _name_runs_and_attempts(db: Database) -> None:
    runs, attempts = db.table("runs"), db.table("attempts")
    runs.transform(rename={"dials": "settings", "task": "questions"})
    runs.add_column("task", str, not_null_default="gsm8k")
    runs.add_column("primary_scorer", str, not_null_default="numeric")
    runs.add_column("checks", str, not_null_default=_CHECKS)
    for row in list(db.query("SELECT id, source FROM runs")):
        source = json.loads(row["source"])
        if "seed" in source:
            source["sample_seed"] = source.pop("seed")
            runs.update(row["id"], {"source": json.dumps(source)})
    attempts.drop_index("attempts_done_once")
    attempts.transform(rename={"dials": "settings"})
    attempts.add_column("checks", str, not_null_default=_CHECKS)
    attempts.add_column("answer_form", str, not_null_default="stated")
    db.execute(  # sqlite-utils knows no partial index
        "CREATE UNIQUE INDEX attempts_done_once ON attempts(run, question_id)"
        " WHERE status = 'done' AND parent_attempt IS NULL AND run IS NOT NULL"
    )


def _move_findings(db: Database) -> None:
    """Findings of every check in one table: a row each, so that they can be counted and found by an index.

    There are several a step, most of them a number. With check and kind spelled out in each row and in the index they
    took 246 KB of a store of 1.47 MB, as ids they take 131 KB. The key replaces row ids, which sqlite-utils cannot say.
    """
    kinds = db.table("finding_kinds")
    kinds.create({"id": int, "check": str, "kind": str}, pk="id", not_null={"check", "kind"})
    kinds.create_index(["check", "kind"], "finding_kinds_named", unique=True)
    db.execute(
        """
        CREATE TABLE findings (
            step INTEGER NOT NULL REFERENCES steps(id), idx INTEGER NOT NULL,
            kind INTEGER NOT NULL REFERENCES finding_kinds(id), text TEXT NOT NULL, detail TEXT NOT NULL,
            PRIMARY KEY (step, idx)
        ) WITHOUT ROWID
        """
    )
    rows = list(db.query("SELECT id, claims, kept, dropped, invented FROM steps"))
    found = [(row["id"], idx, *finding) for row in rows for idx, finding in enumerate(_findings(row))]
    kinds.insert_all({"check": check, "kind": kind} for check, kind in sorted({(one[2], one[3]) for one in found}))
    kind_ids = {(row["check"], row["kind"]): row["id"] for row in kinds.rows}
    findings = db.table("findings")
    findings.insert_all(
        {"step": step, "idx": idx, "kind": kind_ids[check, kind], "text": text, "detail": detail}
        for step, idx, check, kind, text, detail in found
    )
    findings.create_index(["kind"], "findings_kind")


def _findings(row: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Check, kind, text and detail of each finding of an old step."""
    for text, left, _, verdict in json.loads(row["claims"]):
        yield "equations", verdict, text, f"it is {_shown(left)}" if verdict == "wrong" and left else ""
    for kind in ("kept", "dropped", "invented"):
        for text in json.loads(row[kind] or "[]"):
            yield "fidelity", kind, text, ""


def _shown(value: str) -> str:
    """A fraction such as "24" or "1/3" whole, or with six significant digits."""
    if "/" not in value:
        return value
    try:
        return f"{float(Fraction(value)):.6g}"
    except OverflowError:
        return value


def _join_memories(db: Database) -> None:
    """Memories in words and in vectors become rows of one table; the columns of steps that point to them, one pair."""
    db.rename_table("memories", "vectors")
    memories, steps = db.table("memories"), db.table("steps")
    memories.create(
        {"id": int, "sha256": bytes, "kind": str, "text": int, "data": bytes},
        pk="id",
        not_null={"sha256", "kind", "text"},
        foreign_keys=[("text", "texts", "id")],
    )
    words = db.query(
        "SELECT id, text FROM texts"
        " WHERE id IN (SELECT memory_before FROM steps) OR id IN (SELECT memory_after FROM steps)"
    )
    memories.insert_all(
        {"sha256": _digest(b"text", row["text"].encode(), b""), "kind": "text", "text": row["id"], "data": None}
        for row in list(words)
    )
    memories.create_index(["text"], "memories_text")
    for when in ("before", "after"):
        steps.add_column(f"new_{when}", int)
        db.execute(f"UPDATE steps SET new_{when} = (SELECT id FROM memories WHERE memories.text = steps.memory_{when})")
    for vector in list(db.query("SELECT * FROM vectors")):
        found = _store_vector(db, vector)
        for when in ("before", "after"):
            db.execute(f"UPDATE steps SET new_{when} = ? WHERE vector_{when} = ?", (found, vector["id"]))
    for index in ("steps_invented", "steps_memory_after"):
        steps.drop_index(index)
    steps.transform(
        drop={"claims", "kept", "dropped", "invented"}
        | {f"{kind}_{when}" for kind in ("memory", "vector") for when in ("before", "after")}
    )
    steps.transform(
        rename={"new_before": "memory_before", "new_after": "memory_after"},
        add_foreign_keys=[("new_before", "memories", "id"), ("new_after", "memories", "id")],
    )
    steps.create_index(["memory_after"], "steps_memory_after")
    memories.create_index(["sha256"], "memories_sha256", unique=True)
    db.table("vectors").drop()


def _store_vector(db: Database, vector: dict[str, Any]) -> int:
    """The id of the row that holds an old vector memory: shape and norm as its text, the tensor as its data."""
    text = json.dumps({"shape": json.loads(vector["shape"]), "norm": vector["norm"]})
    row = {
        "sha256": _digest(b"vector", text.encode(), vector["safetensors"]),
        "kind": "vector",
        "text": _store_text(db, text),
        "data": vector["safetensors"],
    }
    found = db.table("memories").insert(row).last_pk
    assert isinstance(found, int), "an INSERT has a row id"
    return found


def _store_text(db: Database, text: str) -> int:
    name = _digest(text.encode())
    db.table("texts").insert({"sha256": name, "text": text}, ignore=True)
    return int(db.execute("SELECT id FROM texts WHERE sha256 = ?", (name,)).fetchone()[0])


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _digest(*parts: bytes) -> bytes:
    return hashlib.sha256(b"\0".join(parts)).digest()[:16]


def _label_parts(db: Database) -> None:
    """Each part of a stored prompt gets its kind; what it begins with says it, as it did on the screen until now.

    Roles and kinds are the same in prompt after prompt: this layout is stored once, and a prompt keeps its texts' ids.
    """
    starts = {row["id"]: row["start"] for row in db.query("SELECT id, substr(text, 1, 16) AS start FROM texts")}
    calls = list(db.query("SELECT step, idx, prompt FROM calls"))
    db.execute(  # sqlite-utils would rebuild the table, with row ids
        "ALTER TABLE calls ADD COLUMN layout INTEGER REFERENCES texts(id)"
    )
    layouts: dict[str, int] = {}
    for row in calls:
        messages = json.loads(row["prompt"])
        layout = _json([[role, _kinds(role, parts, starts.__getitem__)] for role, parts in messages])
        if layout not in layouts:
            layouts[layout] = _store_text(db, layout)
        db.execute(
            "UPDATE calls SET prompt = ?, layout = ? WHERE step = ? AND idx = ?",
            (_json([part for _, parts in messages for part in parts]), layouts[layout], row["step"], row["idx"]),
        )


def _kinds(role: str, parts: Sequence[int], start: Callable[[int], str]) -> Sequence[str]:
    """What each part of a message is; ``start`` says how a text begins."""
    if role != "user":
        return ("system" if role == "system" else "thought",) * len(parts)
    kinds: list[str] = []
    for part in parts[:-1]:
        if not kinds and start(part).startswith("Question: "):
            kinds.append("question")
        elif "memory" not in kinds and start(part).startswith(_MEMORY_STARTS):
            kinds.append("memory")
        else:
            kinds.append("thought")
    return [*kinds, "instruction"][: len(parts)]


def _search_memories(db: Database) -> None:
    """Thoughts, memories and questions are searched; ``texts_fts_docsize`` has a row of each text already indexed."""
    unless_indexed = "NOT EXISTS (SELECT 1 FROM texts_fts_docsize WHERE texts_fts_docsize.id = texts.id)"
    index = f"INSERT INTO texts_fts (rowid, text) SELECT id, text FROM texts WHERE {unless_indexed}"
    db.execute(f"{index} AND id IN (SELECT text FROM memories)")
    for table, column in (("steps", "thought"), ("memories", "text"), ("attempts", "question")):
        db.execute(f"CREATE TRIGGER {table}_searched AFTER INSERT ON {table} BEGIN {index} AND id = new.{column}; END")


def _create_views(db: Database) -> None:
    """What each attempt cost, the newest attempt at each item of a run, and the score that counts of each attempt."""
    # Grouped by the run too, a condition on either column bounds what is read.
    db.create_view(
        "attempt_costs",
        """
        SELECT attempts.id AS attempt, attempts.run,
            coalesce(max(prompt_tokens + completion_tokens), 0) AS peak_context,
            coalesce(sum(completion_tokens), 0) AS generated, coalesce(sum(prompt_tokens), 0) AS prompt_tokens,
            coalesce(sum(cached_tokens), 0) AS cached_tokens,
            coalesce(sum(completion_tokens * prompt_tokens + completion_tokens * (completion_tokens + 1) / 2), 0)
                AS attention_area,
            count(calls.step) AS calls, count(DISTINCT steps.id) AS steps,
            coalesce(attempts.finished - attempts.started, 0) AS seconds
        FROM attempts LEFT JOIN steps ON steps.attempt = attempts.id LEFT JOIN calls ON calls.step = steps.id
        GROUP BY attempts.id, attempts.run
        """,
    )
    db.create_view(
        "items",
        """
        SELECT run, question_id, max(id) AS attempt FROM attempts
        WHERE run IS NOT NULL AND parent_attempt IS NULL GROUP BY run, question_id
        """,
    )
    db.create_view(
        "judgements",
        """
        SELECT scores.attempt, scores.scorer, scores.value
        FROM scores JOIN attempts ON attempts.id = scores.attempt LEFT JOIN runs ON runs.id = attempts.run
        WHERE scores.scorer = coalesce(
            primary_scorer, (SELECT min(others.scorer) FROM scores AS others WHERE others.attempt = scores.attempt)
        )
        """,
    )
