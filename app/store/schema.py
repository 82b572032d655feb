"""The schema of the trace store as numbered migrations: applied in order on open, never edited once released.

``PRAGMA user_version`` counts the migrations a file has had; ``PRAGMA application_id`` marks the file as ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.store.m008_findings import m008_findings
from app.store.m009_owners import m009_owners

if TYPE_CHECKING:
    from sqlite_utils import Database

APPLICATION_ID = 0x6953554D  # "iSUM"

Migration = Callable[["Database"], None]


def m001_traces(db: Database) -> None:
    """Runs, attempts, steps, calls and scores; every long text stored once in ``texts`` and named by its id."""
    db.executescript(
        """
        CREATE TABLE texts (
            id INTEGER PRIMARY KEY, sha256 BLOB NOT NULL UNIQUE, text TEXT NOT NULL
        );
        CREATE TABLE runs (
            id INTEGER PRIMARY KEY, task TEXT NOT NULL, task_version TEXT NOT NULL, strategy TEXT NOT NULL,
            backend TEXT NOT NULL, model TEXT NOT NULL, dials TEXT NOT NULL, source TEXT NOT NULL,
            n INTEGER NOT NULL, program TEXT NOT NULL, started REAL NOT NULL
        );
        CREATE TABLE attempts (
            id INTEGER PRIMARY KEY, run INTEGER REFERENCES runs(id), question_id TEXT NOT NULL,
            question INTEGER NOT NULL REFERENCES texts(id), context INTEGER REFERENCES texts(id),
            strategy TEXT NOT NULL, backend TEXT NOT NULL, model TEXT NOT NULL, dials TEXT NOT NULL,
            parent_attempt INTEGER REFERENCES attempts(id), forked_at_step INTEGER,
            status TEXT NOT NULL CHECK (status IN ('running', 'done', 'error')), error TEXT,
            answer TEXT, completion INTEGER REFERENCES texts(id), ending TEXT,
            started REAL NOT NULL, finished REAL
        );
        CREATE INDEX attempts_run ON attempts(run, question_id);
        -- a run counts an item once, whatever resumes it and however often
        CREATE UNIQUE INDEX attempts_done_once ON attempts(run, question_id)
            WHERE status = 'done' AND parent_attempt IS NULL AND run IS NOT NULL;
        CREATE TABLE steps (
            id INTEGER PRIMARY KEY, attempt INTEGER NOT NULL REFERENCES attempts(id), idx INTEGER NOT NULL,
            verb TEXT NOT NULL, round INTEGER NOT NULL, thought INTEGER REFERENCES texts(id), answer TEXT,
            memory_before INTEGER REFERENCES texts(id), memory_after INTEGER REFERENCES texts(id),
            marks TEXT NOT NULL, claims TEXT NOT NULL, kept TEXT, dropped TEXT, invented TEXT, ending TEXT,
            UNIQUE (attempt, idx)
        );
        CREATE TABLE calls (
            step INTEGER NOT NULL REFERENCES steps(id), idx INTEGER NOT NULL, prompt TEXT NOT NULL,
            output INTEGER NOT NULL REFERENCES texts(id), prompt_tokens INTEGER NOT NULL,
            cached_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, finish_reason TEXT NOT NULL,
            started REAL NOT NULL, seconds REAL NOT NULL, retries TEXT NOT NULL, max_tokens INTEGER NOT NULL,
            temperature REAL NOT NULL, seed INTEGER NOT NULL, schema TEXT, PRIMARY KEY (step, idx)
        ) WITHOUT ROWID;
        CREATE TABLE scores (
            attempt INTEGER NOT NULL REFERENCES attempts(id), scorer TEXT NOT NULL, value REAL,
            extracted TEXT, why TEXT NOT NULL, PRIMARY KEY (attempt, scorer)
        ) WITHOUT ROWID;
        """
    )


def m002_vector_memories(db: Database) -> None:
    """Recurrent models keep vectors between steps: safetensors bytes, stored once by hash."""
    db.executescript(
        """
        CREATE TABLE memories (
            id INTEGER PRIMARY KEY, sha256 BLOB NOT NULL UNIQUE, safetensors BLOB NOT NULL,
            shape TEXT NOT NULL, norm REAL NOT NULL
        );
        ALTER TABLE steps ADD COLUMN vector_before INTEGER REFERENCES memories(id);
        ALTER TABLE steps ADD COLUMN vector_after INTEGER REFERENCES memories(id);
        """
    )


def m003_search(db: Database) -> None:
    """Full-text search over thoughts and memories; texts hold each of them once, so one index covers both."""
    db.table("texts").enable_fts(["text"], create_triggers=True, tokenize="porter")
    db.executescript(
        """
        CREATE INDEX steps_thought ON steps(thought);
        CREATE INDEX steps_memory_after ON steps(memory_after);
        """
    )


def m004_views(db: Database) -> None:
    """What each step and attempt cost, and the newest attempt at each item of a run."""
    db.create_view(
        "step_costs",
        """
        SELECT steps.id AS step, steps.attempt, steps.idx, count(calls.idx) AS calls,
            coalesce(max(prompt_tokens + completion_tokens), 0) AS peak_context,
            coalesce(sum(completion_tokens), 0) AS generated,
            coalesce(sum(prompt_tokens), 0) AS prompt_tokens,
            coalesce(sum(cached_tokens), 0) AS cached_tokens,
            coalesce(sum(completion_tokens * prompt_tokens + completion_tokens * (completion_tokens + 1) / 2), 0)
                AS attention_area
        FROM steps LEFT JOIN calls ON calls.step = steps.id GROUP BY steps.id
        """,
    )
    db.create_view(
        "attempt_costs",
        """
        SELECT attempts.id AS attempt, coalesce(max(peak_context), 0) AS peak_context,
            coalesce(sum(generated), 0) AS generated, coalesce(sum(prompt_tokens), 0) AS prompt_tokens,
            coalesce(sum(cached_tokens), 0) AS cached_tokens, coalesce(sum(attention_area), 0) AS attention_area,
            coalesce(sum(calls), 0) AS calls, count(step_costs.step) AS steps,
            coalesce(attempts.finished - attempts.started, 0) AS seconds
        FROM attempts LEFT JOIN step_costs ON step_costs.attempt = attempts.id GROUP BY attempts.id
        """,
    )
    db.create_view(
        "items",
        """
        SELECT run, question_id, max(id) AS attempt, count(*) AS tries FROM attempts
        WHERE run IS NOT NULL AND parent_attempt IS NULL GROUP BY run, question_id
        """,
    )


def m005_settings_once(db: Database) -> None:
    """Settings and JSON schemas are the same in row after row: like other long texts they are stored once."""
    for table, column in (("attempts", "dials"), ("calls", "schema")):
        db.execute(f"ALTER TABLE {table} ADD COLUMN shared INTEGER REFERENCES texts(id)")
        for (text,) in db.execute(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL").fetchall():
            digest = hashlib.sha256(text.encode()).digest()
            db.execute("INSERT OR IGNORE INTO texts (sha256, text) VALUES (?, ?)", (digest, text))
            db.execute(
                f"UPDATE {table} SET shared = (SELECT id FROM texts WHERE sha256 = ?) WHERE {column} = ?",
                (digest, text),
            )
        db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        db.execute(f"ALTER TABLE {table} RENAME COLUMN shared TO {column}")


def m006_smaller(db: Database) -> None:
    """Half a SHA-256 names a text as surely; and only thoughts and memories are searched, so only they are indexed."""
    for table in ("texts", "memories"):
        db.execute(f"UPDATE {table} SET sha256 = substr(sha256, 1, 16)")
    db.table("texts").disable_fts()
    db.executescript(
        """
        CREATE VIRTUAL TABLE texts_fts USING fts5(text, content='texts', content_rowid='id', tokenize='porter');
        INSERT INTO texts_fts (rowid, text) SELECT id, text FROM texts
            WHERE id IN (SELECT thought FROM steps) OR id IN (SELECT memory_after FROM steps);
        """
    )
    db.execute(  # one statement: a trigger's body holds semicolons of its own
        """
        CREATE TRIGGER steps_searched AFTER INSERT ON steps BEGIN
            INSERT INTO texts_fts (rowid, text) SELECT id, text FROM texts
                WHERE id IN (new.thought, new.memory_after)
                    AND NOT EXISTS (SELECT 1 FROM steps WHERE thought = texts.id AND steps.id <> new.id)
                    AND NOT EXISTS (SELECT 1 FROM steps WHERE memory_after = texts.id AND steps.id <> new.id);
        END
        """
    )


def m007_found_fast(db: Database) -> None:
    """Questions are searched too, invented numbers are found by an index, and an attempt's costs read its own rows."""
    db.executescript(
        """
        CREATE INDEX attempts_question ON attempts(question);
        CREATE INDEX steps_invented ON steps(attempt) WHERE invented <> '[]';
        INSERT INTO texts_fts (rowid, text) SELECT id, text FROM texts
            WHERE id IN (SELECT question FROM attempts)
                AND NOT EXISTS (SELECT 1 FROM steps WHERE thought = texts.id)
                AND NOT EXISTS (SELECT 1 FROM steps WHERE memory_after = texts.id);
        DROP TRIGGER steps_searched;
        DROP VIEW attempt_costs;
        """
    )
    db.execute(
        """
        CREATE TRIGGER steps_searched AFTER INSERT ON steps BEGIN
            INSERT INTO texts_fts (rowid, text) SELECT id, text FROM texts
                WHERE id IN (new.thought, new.memory_after)
                    AND NOT EXISTS (SELECT 1 FROM steps WHERE thought = texts.id AND steps.id <> new.id)
                    AND NOT EXISTS (SELECT 1 FROM steps WHERE memory_after = texts.id AND steps.id <> new.id)
                    AND NOT EXISTS (SELECT 1 FROM attempts WHERE question = texts.id);
        END
        """
    )
    db.execute(
        """
        CREATE TRIGGER attempts_searched AFTER INSERT ON attempts BEGIN
            INSERT INTO texts_fts (rowid, text) SELECT id, text FROM texts
                WHERE id = new.question
                    AND NOT EXISTS (SELECT 1 FROM attempts WHERE question = texts.id AND attempts.id <> new.id)
                    AND NOT EXISTS (SELECT 1 FROM steps WHERE thought = texts.id)
                    AND NOT EXISTS (SELECT 1 FROM steps WHERE memory_after = texts.id);
        END
        """
    )
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
        GROUP BY attempts.id, attempts.run -- a condition on either then bounds what is read
        """,
    )


MIGRATIONS: tuple[Migration, ...] = (
    m001_traces,
    m002_vector_memories,
    m003_search,
    m004_views,
    m005_settings_once,
    m006_smaller,
    m007_found_fast,
    m008_findings,
    m009_owners,
)
