"""The trace store: one SQLite file that holds every run, attempt, step and call, written as they happen."""

from app.store.writer import Store

__all__ = ["Store"]
