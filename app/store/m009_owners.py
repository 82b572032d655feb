"""Migration 9: who writes what, what makes a run's numbers, and a done attempt that nothing hides.

Like every released migration it is never edited, and it imports nothing whose meaning may change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def m009_owners(db: Database) -> None:
    """A row of each writing process; the run and the attempts it is at; the identity of runs, in texts stored once.

    Attempts that are unfinished have no writer that could be asked: whoever wrote them is taken for gone.
    """
    db.executescript(
        """
        CREATE TABLE writers (
            id INTEGER PRIMARY KEY, pid INTEGER NOT NULL, host TEXT NOT NULL, program TEXT NOT NULL,
            started REAL NOT NULL
        );
        ALTER TABLE attempts ADD COLUMN writer INTEGER REFERENCES writers(id);
        CREATE INDEX attempts_running ON attempts(writer) WHERE status = 'running';
        -- whoever has the run to itself, and since when; nobody mostly
        ALTER TABLE runs ADD COLUMN writer INTEGER REFERENCES writers(id);
        ALTER TABLE runs ADD COLUMN held_since REAL;
        -- none for runs that are older than this migration
        ALTER TABLE runs ADD COLUMN identity INTEGER REFERENCES texts(id);
        ALTER TABLE runs ADD COLUMN item_hashes INTEGER REFERENCES texts(id);
        UPDATE attempts SET status = 'error',
            error = 'The process that ran it ended before it did: killed, or the machine stopped.',
            finished = max(started, coalesce((
                SELECT max(calls.started + calls.seconds) FROM steps JOIN calls ON calls.step = steps.id
                WHERE steps.attempt = attempts.id
            ), 0))
            WHERE status = 'running';
        DROP VIEW items;
        """
    )
    db.create_view(
        "items",
        """
        SELECT run, question_id, coalesce(max(CASE WHEN status = 'done' THEN id END), max(id)) AS attempt
        FROM attempts WHERE run IS NOT NULL AND parent_attempt IS NULL GROUP BY run, question_id
        """,
    )
