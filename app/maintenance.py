"""``isump store ...``: check, back up, restore, merge and prune the trace store.

    python -m app store check
    python -m app store merge shard-2.sqlite

A command is a class: its fields are the options, ``run`` does it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_settings import CliPositionalArg, CliSubCommand, get_subcommand

from app.errors import BadInput
from app.options import MAX_ROW, StoreOption
from app.store import Store
from app.store.admin import PruneFilter, back_up, check, count_prunable, merge, remove, restore
from app.text import count, sanitize
from prompts.user_files import UserPath


def _day(value: Any) -> Any:
    """Only 2026-01-31 is a day: pydantic would take 20260131 for seconds since 1970."""
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError("write a day as 2026-01-31")
    return value


class Check(StoreOption):
    """Look for damage: the file, what its rows refer to, the hash of every text, the index of words."""

    quick: bool = Field(default=False, description="leave out what reads every text")

    def run(self) -> int:
        """Print a line for each thing that is wrong; exit code 1 when there is one."""
        with Store.existing(self.store) as store:
            problems = check(store, quick=self.quick)
        _print(problems or [f"{'A quick look finds nothing' if self.quick else 'Nothing is'} wrong with {self.store}."])
        if problems:
            _print(["Put a sound copy in its place with isump store restore FILE, or save what can be read with"])
            _print([f"sqlite3 {self.store} .recover | sqlite3 recovered.sqlite"])
        return int(bool(problems))


class Backup(StoreOption):
    """Copy the store as it is at one moment, while others may write it."""

    path: CliPositionalArg[UserPath] = Field(description="the new file")

    def run(self) -> int:
        """Print where the copy is and how large; exit code 1 when the store it is of is damaged."""
        size = back_up(self.store, self.path)
        _print([f"{self.path} holds all of {self.store}, {size / 1e6:,.1f} MB."])
        with Store.open(self.path, read_only=True) as copy:
            problems = check(copy)
        _print([f"But {self.store} is damaged, and so is the copy: {problem}" for problem in problems[:1]])
        return int(bool(problems))


class Restore(StoreOption):
    """Put a backup in the place of the store, which is kept beside it; nobody may have it open."""

    path: CliPositionalArg[UserPath] = Field(description="what isump store backup wrote")

    def run(self) -> int:
        """Print where what was there has gone."""
        away = restore(self.path, self.store)
        _print([f"{self.store} is now what {self.path} is.", *([f"What it was is in {away}."] if away else [])])
        return 0


class Merge(StoreOption):
    """Add the runs and attempts of another store under new numbers, all of them or none."""

    path: CliPositionalArg[UserPath] = Field(description="the other store, which stays as it is")

    def run(self) -> int:
        """Print how much was added."""
        with Store.existing(self.path) as other, Store.open(self.store) as store:
            if other.file == store.file:
                raise BadInput("A store cannot be merged into itself.")
            added = merge(store, other)
        _print([f"{self.store} holds {count(added.runs, 'run')} and {count(added.attempts, 'attempt')} more."])
        return 0


class Prune(StoreOption):
    """Remove traces for good: those of which all the options given are true."""

    before: Annotated[date | None, BeforeValidator(_day)] = Field(
        default=None, description="begun before this day, as in 2026-01-31; a run goes whole or stays whole"
    )
    of_run: int | None = Field(default=None, ge=1, le=MAX_ROW, description="of this run")
    errors: bool = Field(default=False, description="failed attempts that are not the result of an item")
    yes: bool = Field(default=False, description="do it without asking")

    def run(self) -> int:
        """Say what would go, ask, and remove it; exit code 1 when the answer is no."""
        before = None if self.before is None else datetime.combine(self.before, time()).timestamp()
        prune = PruneFilter(self.of_run, before, self.errors)
        with Store.existing(self.store) as store:
            found = count_prunable(store, prune)
            if not found.attempts and not found.runs:
                _print([f"{self.store} has nothing of that."])
                return 0
            what = f"{count(found.runs, 'run')} and {count(found.attempts, 'attempt')}"
            _print([f"From {self.store} would be removed, for good: {what}."])
            if not self.yes and not _agreed():
                _print(["Nothing was removed."])
                return 1
            remove(store, prune)
        _print(["It is removed."])
        return 0


class StoreCommands(BaseModel):
    """Check, back up, restore, merge and prune the trace store."""

    model_config = ConfigDict(frozen=True)

    check: CliSubCommand[Check] = Field(description="look for damage")
    backup: CliSubCommand[Backup] = Field(description="copy it while others write it")
    restore: CliSubCommand[Restore] = Field(description="put a backup in its place")
    merge: CliSubCommand[Merge] = Field(description="add the traces of another store")
    prune: CliSubCommand[Prune] = Field(description="remove traces for good")

    def run(self) -> int:
        """Run the chosen command."""
        chosen = get_subcommand(self, is_required=False)
        if chosen is None:
            names = ", ".join(StoreCommands.model_fields)
            raise BadInput(f"There is no command for the store: choose {names}, or see isump store --help.")
        return chosen.run()  # pyright: ignore[reportAttributeAccessIssue]  # every subcommand above has ``run``


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(sanitize(line))


def _agreed() -> bool:
    """Whether somebody at the terminal agrees."""
    if not sys.stdin.isatty():
        raise BadInput("Nobody can be asked here, and nothing was removed: add --yes to remove it.")
    from rich.prompt import Confirm

    try:
        return Confirm.ask("Remove it?", default=False)
    except EOFError:
        return False
