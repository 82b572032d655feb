"""Schema of the trace store: the statements that make it, and how a file is brought to it.

Long texts, memories, kinds of findings and settings are stored once and named by row id. Everything that belongs to an
attempt goes with it (``ON DELETE CASCADE``); a fork of a removed attempt stays, of no parent. The tables are STRICT: a
value of another type is refused when it is written. ``PRAGMA application_id`` marks the file as ours, ``user_version``
is the version of its schema; a later one is reached by sqlite-utils' ``Migrations``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.errors import StoreError

if TYPE_CHECKING:
    from sqlite_utils import Database

APPLICATION_ID = 0x69537450  # "iStP"
DEVELOPMENT_ID = 0x6953554D
"""Application id of the stores that were written before the first release."""
VERSION = 2
"""Version 1 was written before the first release."""

SCHEMA = """
-- sha256: the first 16 bytes; of a memory, of kind, text and data
CREATE TABLE texts (id INTEGER PRIMARY KEY, sha256 BLOB NOT NULL UNIQUE, text TEXT NOT NULL) STRICT;
CREATE TABLE memories (
    id INTEGER PRIMARY KEY, sha256 BLOB NOT NULL UNIQUE, kind TEXT NOT NULL,
    text INTEGER NOT NULL REFERENCES texts(id), data BLOB  -- safetensors of a vector memory
) STRICT;
CREATE INDEX memories_text ON memories(text);

CREATE TABLE runs (
    id INTEGER PRIMARY KEY, program TEXT NOT NULL, started REAL NOT NULL,
    task TEXT NOT NULL, task_version TEXT NOT NULL, questions TEXT NOT NULL, n INTEGER NOT NULL,
    source TEXT NOT NULL CHECK (json_valid(source)),
    primary_scorer TEXT NOT NULL, checks TEXT NOT NULL CHECK (json_valid(checks)),
    strategy TEXT NOT NULL, backend TEXT NOT NULL, model TEXT NOT NULL,
    settings TEXT NOT NULL CHECK (json_valid(settings)),
    identity INTEGER NOT NULL REFERENCES texts(id), item_hashes INTEGER NOT NULL REFERENCES texts(id)  -- JSON
) STRICT;

CREATE TABLE attempts (
    id INTEGER PRIMARY KEY, run INTEGER REFERENCES runs(id) ON DELETE CASCADE,
    question_id TEXT NOT NULL, question INTEGER NOT NULL REFERENCES texts(id),
    context INTEGER REFERENCES texts(id), answer_form TEXT NOT NULL, verifier TEXT NOT NULL,
    strategy TEXT NOT NULL, backend TEXT NOT NULL, model TEXT NOT NULL,
    settings INTEGER NOT NULL REFERENCES texts(id),  -- JSON
    checks TEXT NOT NULL CHECK (json_valid(checks)),
    parent_attempt INTEGER REFERENCES attempts(id) ON DELETE SET NULL, forked_at_step INTEGER,
    status TEXT NOT NULL CHECK (status IN ('running', 'done', 'error')),
    error TEXT CHECK ((error IS NULL) = (status <> 'error')),
    answer TEXT, completion INTEGER REFERENCES texts(id), ending TEXT,
    started REAL NOT NULL,  -- Unix seconds
    seconds REAL CHECK (seconds >= 0)  -- by a monotonic clock, once it has ended
) STRICT;
CREATE INDEX attempts_run ON attempts(run, question_id);
CREATE INDEX attempts_question ON attempts(question);
CREATE INDEX attempts_parent ON attempts(parent_attempt);
-- a run counts an item once, whatever resumes it and however often
CREATE UNIQUE INDEX attempts_done_once ON attempts(run, question_id)
    WHERE status = 'done' AND parent_attempt IS NULL AND run IS NOT NULL;

CREATE TABLE steps (
    id INTEGER PRIMARY KEY, attempt INTEGER NOT NULL REFERENCES attempts(id) ON DELETE CASCADE,
    idx INTEGER NOT NULL CHECK (idx >= 0), verb TEXT NOT NULL, round INTEGER NOT NULL,
    thought INTEGER REFERENCES texts(id), answer TEXT,
    memory_before INTEGER NOT NULL REFERENCES memories(id), memory_after INTEGER NOT NULL REFERENCES memories(id),
    marks TEXT NOT NULL CHECK (json_valid(marks)), ending TEXT,
    UNIQUE (attempt, idx)
) STRICT;
CREATE INDEX steps_thought ON steps(thought);
CREATE INDEX steps_memory_after ON steps(memory_after);

CREATE TABLE calls (
    step INTEGER NOT NULL REFERENCES steps(id) ON DELETE CASCADE, idx INTEGER NOT NULL,
    layout INTEGER NOT NULL REFERENCES texts(id),  -- JSON [[role, join, [kind, ...]], ...]
    prompt TEXT NOT NULL CHECK (json_valid(prompt)),  -- the ids of the texts of its parts
    output INTEGER NOT NULL REFERENCES texts(id), schema INTEGER REFERENCES texts(id),  -- JSON
    prompt_tokens INTEGER NOT NULL CHECK (prompt_tokens >= 0),
    cached_tokens INTEGER NOT NULL CHECK (cached_tokens >= 0),
    completion_tokens INTEGER NOT NULL CHECK (completion_tokens >= 0),
    finish_reason TEXT NOT NULL, stop_reason TEXT,
    started REAL NOT NULL, seconds REAL NOT NULL CHECK (seconds >= 0),
    retries TEXT NOT NULL CHECK (json_valid(retries)),  -- [[error, seconds waited], ...]
    max_tokens INTEGER NOT NULL, temperature REAL NOT NULL, seed INTEGER NOT NULL,
    stop TEXT NOT NULL CHECK (json_valid(stop)),
    PRIMARY KEY (step, idx)
) STRICT, WITHOUT ROWID;

CREATE TABLE finding_kinds (
    id INTEGER PRIMARY KEY, "check" TEXT NOT NULL, kind TEXT NOT NULL, UNIQUE ("check", kind)
) STRICT;
CREATE TABLE findings (
    step INTEGER NOT NULL REFERENCES steps(id) ON DELETE CASCADE, idx INTEGER NOT NULL,
    kind INTEGER NOT NULL REFERENCES finding_kinds(id), text TEXT NOT NULL, detail TEXT NOT NULL,
    PRIMARY KEY (step, idx)
) STRICT, WITHOUT ROWID;
CREATE INDEX findings_kind ON findings(kind);

CREATE TABLE scores (
    attempt INTEGER NOT NULL REFERENCES attempts(id) ON DELETE CASCADE, scorer TEXT NOT NULL,
    value REAL, extracted TEXT, why TEXT NOT NULL, PRIMARY KEY (attempt, scorer)
) STRICT, WITHOUT ROWID;

-- Grouped by the run too, a condition on either column bounds what is read.
CREATE VIEW attempt_costs AS
    SELECT attempts.id AS attempt, attempts.run,
        coalesce(max(prompt_tokens + completion_tokens), 0) AS peak_context,
        coalesce(sum(completion_tokens), 0) AS generated, coalesce(sum(prompt_tokens), 0) AS prompt_tokens,
        coalesce(sum(cached_tokens), 0) AS cached_tokens,
        coalesce(sum(completion_tokens * prompt_tokens + completion_tokens * (completion_tokens + 1) / 2), 0)
            AS attention_area,
        count(calls.step) AS calls, count(DISTINCT steps.id) AS steps, coalesce(attempts.seconds, 0) AS seconds
    FROM attempts LEFT JOIN steps ON steps.attempt = attempts.id LEFT JOIN calls ON calls.step = steps.id
    GROUP BY attempts.id, attempts.run;

-- The attempt that counts at each item of a run: the done one, else the newest.
CREATE VIEW items AS
    SELECT run, question_id, coalesce(max(CASE WHEN status = 'done' THEN id END), max(id)) AS attempt
    FROM attempts WHERE run IS NOT NULL AND parent_attempt IS NULL GROUP BY run, question_id;

-- The score that counts of each attempt: by its run's primary scorer, or the first by name when it is of no run.
CREATE VIEW judgements AS
    SELECT scores.attempt, scores.scorer, scores.value
    FROM scores JOIN attempts ON attempts.id = scores.attempt LEFT JOIN runs ON runs.id = attempts.run
    WHERE scores.scorer = coalesce(
        primary_scorer, (SELECT min(others.scorer) FROM scores AS others WHERE others.attempt = scores.attempt)
    );

-- Words are searched in thoughts, memories and questions; texts_fts_docsize has a row of each text already indexed.
CREATE VIRTUAL TABLE texts_fts USING fts5(text, content='texts', content_rowid='id', tokenize='porter');
CREATE TRIGGER steps_searched AFTER INSERT ON steps BEGIN
    INSERT INTO texts_fts (rowid, text) SELECT id, text FROM texts
        WHERE id = new.thought AND id NOT IN (SELECT id FROM texts_fts_docsize);
END;
CREATE TRIGGER memories_searched AFTER INSERT ON memories BEGIN
    INSERT INTO texts_fts (rowid, text) SELECT id, text FROM texts
        WHERE id = new.text AND id NOT IN (SELECT id FROM texts_fts_docsize);
END;
CREATE TRIGGER attempts_searched AFTER INSERT ON attempts BEGIN
    INSERT INTO texts_fts (rowid, text) SELECT id, text FROM texts
        WHERE id = new.question AND id NOT IN (SELECT id FROM texts_fts_docsize);
END;
CREATE TRIGGER texts_unsearched BEFORE DELETE ON texts WHEN old.id IN (SELECT id FROM texts_fts_docsize) BEGIN
    INSERT INTO texts_fts (texts_fts, rowid, text) VALUES ('delete', old.id, old.text);
END;
"""

UNUSED = (
    ("memories", "id NOT IN (SELECT memory_before FROM steps UNION SELECT memory_after FROM steps)"),
    ("finding_kinds", "id NOT IN (SELECT kind FROM findings)"),
    (
        "texts",
        "id NOT IN (SELECT identity FROM runs UNION SELECT item_hashes FROM runs UNION SELECT question FROM attempts"
        " UNION SELECT settings FROM attempts UNION SELECT context FROM attempts WHERE context IS NOT NULL"
        " UNION SELECT completion FROM attempts WHERE completion IS NOT NULL"
        " UNION SELECT thought FROM steps WHERE thought IS NOT NULL UNION SELECT text FROM memories"
        " UNION SELECT output FROM calls UNION SELECT layout FROM calls"
        " UNION SELECT schema FROM calls WHERE schema IS NOT NULL"
        " UNION SELECT part.value FROM calls, json_each(calls.prompt) AS part)",
    ),
)
"""Rows that nothing refers to, by table, in the order in which they can be removed: a memory refers to its text."""


def bring_up_to_date(db: Database, path: str) -> None:
    """Make the schema in an empty file; leave one of this version as it is.

    Raises:
        StoreError: The file is of another program, of a newer isump, or older than the first release.
    """
    if check_version(db, path) == VERSION:
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        if check_version(db, path) < VERSION:  # another process may have made it while this one waited for the lock
            db.executescript(SCHEMA)
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {VERSION}")
        db.execute("COMMIT")
    except BaseException:
        db.rollback()
        raise


def check_version(db: Database, path: str) -> int:
    """Version of the schema, 0 of an empty file; raises as ``bring_up_to_date``."""
    # The tables first: another process may be making them, and with them come both numbers.
    tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    ours, version = pragma(db, "application_id"), pragma(db, "user_version")
    if ours == DEVELOPMENT_ID or (ours == APPLICATION_ID and version < VERSION):
        raise StoreError(
            f"{path} was written by a development version, before the first release, and cannot be read any more:"
            " pass another --store PATH."
        )
    if ours != APPLICATION_ID:
        if tables:
            raise StoreError(f"{path} is a SQLite file of another program: pass another --store PATH.")
        return 0
    if version > VERSION:
        raise StoreError(f"{path} was written by a newer isump: upgrade this one, or pass another --store PATH.")
    return version


def pragma(db: Database, name: str) -> Any:
    """The value of a pragma."""
    return db.execute(f"PRAGMA {name}").fetchone()[0]
