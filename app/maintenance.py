"""``isump store ...``: check, mend, back up, carry over, thin out and shrink the trace store.

    python -m app store check
    python -m app store export run-3.jsonl --run 3

A command is a class: its fields are the options, ``run`` does it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import CliPositionalArg, CliSubCommand, get_subcommand

from app.config import LARGEST_NUMBER, StoreOption
from app.errors import BadInput
from app.store.lines import End
from app.store.numbers import some
from prompts.user_files import UserPath


class Check(StoreOption):
    """Look for damage: the file, what its rows refer to, the hash of every text, the index of words."""

    quick: bool = Field(default=False, description="leave out what reads every text")

    def run(self) -> int:
        """Print a line for each thing that is wrong; exit code 1 when there is one."""
        from app.store.check import check

        checked = check(self.store, quick=self.quick)
        _print(problem.says for problem in checked.problems)
        if checked.problems:
            _print([f"{self.store} holds {checked.holds}. Mend it with: isump store repair --store {self.store}"])
            return 1
        how = "A quick look finds nothing wrong" if self.quick else "Nothing is wrong"
        _print([f"{how} with {self.store}: {checked.holds}."])
        if checked.older:
            when = "when it is next written, it is backed up and brought up to date"
            _print([f"It is of version {checked.version}: {when}."])
        return 0


class Repair(StoreOption):
    """Mend what is wrong, after a copy of the store was made; say what was lost."""

    def run(self) -> int:
        """Print what was found, lost and left; exit code 1 when something is wrong still."""
        from app.store.repair import repair

        repaired = repair(self.store)
        if repaired.backup is None:
            _print([f"Nothing is wrong with {self.store}."])
            return 0
        _print(problem.says for problem in repaired.found)
        _print([f"As it was before, the store is in {repaired.backup}."])
        _print(repaired.lost or ["Nothing was lost."])
        if repaired.left:
            _print(f"Still wrong: {problem.says}" for problem in repaired.left)
            return 1
        _print([f"Nothing is wrong with {self.store} any more."])
        return 0


class Backup(StoreOption):
    """Copy the store as it is at one moment, while others may write it."""

    path: CliPositionalArg[UserPath] = Field(description="the new file")

    def run(self) -> int:
        """Print where the copy is and how large."""
        from app.store.backup import back_up
        from app.store.connect import check_path

        if not check_path(self.store):
            raise BadInput(f"There is no trace store at {self.store}: pass --store PATH.")
        _print([f"{self.path} holds all of {self.store}, {_megabytes(back_up(self.store, self.path))}."])
        return 0


class Export(StoreOption):
    """Write attempts and runs as JSON lines, for another store or another program."""

    path: CliPositionalArg[UserPath] = Field(description="the new file")
    of_run: int | None = Field(default=None, ge=1, le=LARGEST_NUMBER, description="only this run")
    attempt: int | None = Field(default=None, ge=1, le=LARGEST_NUMBER, description="only this attempt")

    def run(self) -> int:
        """Print how much was written."""
        from app.store import Store
        from app.store.export import export

        if self.of_run is not None and self.attempt is not None:
            raise BadInput("Choose a run or an attempt to export, and not both.")
        with Store.existing(self.store) as store:
            done = export(store, self.path, run=self.of_run, attempt=self.attempt)
        _print([f"{self.path} holds {_in_words(done)}."])
        return 0


class Import(StoreOption):
    """Add exported traces to the store under new numbers, all of them or none."""

    path: CliPositionalArg[UserPath] = Field(description="what isump store export wrote")

    def run(self) -> int:
        """Print how much was added, and the new numbers."""
        from app.store import Store
        from app.store.importing import check_head, import_traces

        check_head(self.path)
        with Store.open(self.store) as store:
            done = import_traces(store, self.path)
        _print([f"{self.store} holds {_in_words(done.counted)} more."])
        _print(f"Run {old} is run {new} here." for old, new in done.runs.items())
        if len(done.attempts) == 1:
            _print(f"Attempt {old} is attempt {new} here." for old, new in done.attempts.items())
        return 0


class Prune(StoreOption):
    """Remove traces for good: what all the options given are true of."""

    before: datetime | None = Field(default=None, description="begun before this day, as in 2026-01-31; runs go whole")
    of_run: int | None = Field(default=None, ge=1, le=LARGEST_NUMBER, description="of this run")
    errors: bool = Field(default=False, description="failed attempts that are not the result of an item")
    yes: bool = Field(default=False, description="do it without asking")

    def run(self) -> int:
        """Say what would go, ask, and remove it; exit code 1 when the answer is no."""
        from app.store import Store
        from app.store.prune import Unwanted, plan_prune, prune

        with Store.existing(self.store) as store:
            plan = plan_prune(store, Unwanted(self.of_run, self._moment(), self.errors))
            if not plan.attempts and not plan.runs:
                _print([f"{self.store} has nothing of that."])
                return 0
            _print([f"From {self.store} would be removed, for good: {plan}."])
            if not self.yes and not _agreed():
                _print(["Nothing was removed."])
                return 1
            prune(store, plan)
        _print(["It is removed. isump store vacuum makes the file smaller."])
        return 0

    def _moment(self) -> float | None:
        try:
            return None if self.before is None else self.before.timestamp()
        except (OverflowError, OSError, ValueError) as error:
            raise BadInput(
                f"--before {self.before} is no day that can be compared with others: write 2026-01-31."
            ) from error


class Vacuum(StoreOption):
    """Make the file as small as what is in it."""

    def run(self) -> int:
        """Print the size before and after."""
        from app.store.vacuum import vacuum

        before, after = vacuum(self.store)
        _print([f"{self.store} had {_megabytes(before)} and has {_megabytes(after)}."])
        return 0


class StoreCommands(BaseModel):
    """Check, mend, back up, carry over, thin out and shrink the trace store."""

    model_config = ConfigDict(frozen=True)

    check: CliSubCommand[Check] = Field(description="look for damage")
    repair: CliSubCommand[Repair] = Field(description="mend what is wrong")
    backup: CliSubCommand[Backup] = Field(description="copy it while others write it")
    export: CliSubCommand[Export] = Field(description="write traces as JSON lines")
    import_: CliSubCommand[Import] = Field(alias="import", description="add exported traces")
    prune: CliSubCommand[Prune] = Field(description="remove traces for good")
    vacuum: CliSubCommand[Vacuum] = Field(description="make the file smaller")

    def run(self) -> int:
        """Run the chosen command."""
        chosen = get_subcommand(self, is_required=False)
        if chosen is None:
            names = ", ".join(name.strip("_") for name in StoreCommands.model_fields)
            raise BadInput(f"There is no command for the store: choose {names}, or see isump store --help.")
        return chosen.run()  # pyright: ignore[reportAttributeAccessIssue]  # every subcommand above has ``run``


def _print(lines: Iterable[str]) -> None:
    from rich.console import Console

    from app.sanitize import sanitize

    console = Console()
    for line in lines:
        console.print(sanitize(line), markup=False, highlight=False, soft_wrap=True)


def _agreed() -> bool:
    """Whether somebody at the terminal agrees."""
    if not sys.stdin.isatty():
        raise BadInput("Nobody can be asked here, and nothing was removed: add --yes to remove it.")
    from rich.prompt import Confirm

    try:
        return Confirm.ask("Remove it?", default=False)
    except EOFError:
        return False


def _in_words(counted: End) -> str:
    return f"{some(counted.runs, 'run')}, {some(counted.attempts, 'attempt')} and {some(counted.steps, 'step')}"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
