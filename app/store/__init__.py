"""The trace store: one SQLite file that holds every run, attempt, step and call, and all SQL of the project.

with Store.open(Path("isump.sqlite")) as store:
    attempt = store.begin(spec)
    store.write(attempt.id, record)
    store.records(attempt.id) == [record]
    store.find(AttemptFilter(words="eggs", outcome="wrong"))
"""

from app.store.store import Store

__all__ = ["Store"]
