"""Gives the space of removed traces back to the file system.

vacuum(Path("isump.sqlite"))
"""

from __future__ import annotations

from pathlib import Path

from app.errors import StoreError
from app.store import Store
from app.store.connect import UNREADABLE
from app.store.in_use import refuse_others


def vacuum(path: Path) -> tuple[int, int]:
    """Write the store anew without its gaps; its size in bytes before and after.

    Raises:
        StoreError: There is no store, somebody is writing it, or there is no room: it needs its own size once more.
    """
    with Store.existing(path) as store:
        refuse_others(path, "made smaller")
        if store.read_only:
            raise StoreError(f"{path} cannot be written here: copy it to a folder that you can write.")
        try:
            store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            before = path.stat().st_size
            store._db.execute("INSERT INTO texts_fts (texts_fts) VALUES ('optimize')")
            store._db.execute("VACUUM")
            store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except UNREADABLE as error:
            raise StoreError(f"{path} could not be made smaller ({error}): nothing in it is lost.") from error
    return before, path.stat().st_size
