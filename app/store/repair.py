"""Mends a trace store: what is wrong is put right, what was lost is said, and a copy of what it was is kept.

    repaired = repair(Path("isump.sqlite"))

An attempt that lost a part of its trace keeps what is left of it, but no longer counts: it is closed as failed, and its
run can be resumed to do it again.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from app.errors import StoreError
from app.store import Store
from app.store.backup import back_up, free_name, new_file
from app.store.check import Checked, Problem, check
from app.store.in_use import refuse_others
from app.store.removal import rebuild_search
from app.store.salvage import Range, salvage
from app.store.settle import settle


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a repair did.

    Attributes:
        found: What was wrong before.
        backup: The store as it was before, if anything was wrong.
        lost: What could not be brought back, in words.
        left: What is wrong still.
    """

    found: tuple[Problem, ...]
    backup: Path | None
    lost: tuple[str, ...]
    left: tuple[Problem, ...]


def repair(path: Path) -> Repaired:
    """Mend the store at ``path``; a store that nothing is wrong with is left alone.

    Raises:
        StoreError: There is no store, somebody is writing it, nothing of it can be read, or there is no room.
    """
    refuse_others(path, "mended")
    found = check(path)
    if not found.problems:
        return Repaired((), None, (), ())
    backup = _keep(path)
    if _is_deep(found, path):
        lost = _rewrite(path)
    else:
        with Store.open(path) as store:
            lost = settle(store)
    return Repaired(found.problems, backup, tuple(lost), check(path).problems)


def _is_deep(found: Checked, path: Path) -> bool:
    """Whether the file must be written anew, because it cannot be relied on to be written at all."""
    if any(problem.where in ("file", "schema") for problem in found.problems):
        return True
    try:
        with Store.open(path) as store, store._transaction():
            rebuild_search(store._db)
    except StoreError:
        return True
    return False


def _keep(path: Path) -> Path:
    """Copy the store to where nothing was: by SQLite, or byte by byte a file that is too damaged for that."""
    target = free_name(path.with_name(f"{path.name}.damaged"))
    try:
        back_up(path, target)
    except StoreError:
        for beside in ("", "-wal"):
            if (file := path.with_name(f"{path.name}{beside}")).exists():
                with new_file(target.with_name(f"{target.name}{beside}")) as part:
                    shutil.copyfile(file, part)
    return target


def _rewrite(path: Path) -> list[str]:
    """Put a new file in the store's place that holds what can be read of it; what was lost.

    It is settled before that: only here it is known which rows were lost, and whose attempts therefore do not count.
    """
    file = path.resolve()
    new = free_name(file.with_name(f"{file.name}.mended"))
    with new_file(new) as part:
        lost = salvage(file, part)
        with Store.open(part) as store:
            said = settle(store, lost)
        for older in part.parent.glob(f"{part.name}.v*.backup"):  # the store as it was is kept already
            older.unlink()
        part.chmod(file.stat().st_mode & 0o777)
    for beside in ("-wal", "-shm"):  # all that is in them was read
        file.with_name(f"{file.name}{beside}").unlink(missing_ok=True)
    new.replace(file)
    return [*_in_words(lost), *said]


def _in_words(lost: Sequence[Range]) -> Iterator[str]:
    for table, ranges in groupby(lost, lambda each: each.table):
        places = [f"{each.first}" if each.first == each.last else f"{each.first} to {each.last}" for each in ranges]
        more = f" and {len(places) - 5} more" if len(places) > 5 else ""
        yield f"Rows of {table} could not be read at {', '.join(places[:5])}{more}."
