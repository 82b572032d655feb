"""The trace store: one SQLite file that holds every run, attempt, step and call, written as they happen.

with Store.open(Path("isump.sqlite")) as store:
    attempt = store.begin(spec)
    store.write(attempt.id, record)
    store.records(attempt.id) == [record]
    store.find(Wanted(words="eggs", only="wrong"))
"""

from app.store.reader import Reader
from app.store.search import Search
from app.store.writer import Writer

__all__ = ["Store"]


class Store(Reader, Search, Writer):
    """A trace store: everything that is read, found and written in one file."""
