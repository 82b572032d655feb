"""Progress of a run, and a progress bar for the terminal.

with bar(Console(stderr=True)) as report:
    report(Progress(done=12, total=20, kept=5, right=7, judged=12, errors=0))
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rich import progress as rich_progress
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn, TimeElapsedColumn
from rich.text import Text


@dataclass(frozen=True, slots=True)
class Progress:
    """``done`` of ``total`` items have ended, ``kept`` of them before this start; ``errors`` are among the done."""

    done: int
    total: int
    kept: int
    right: int
    judged: int
    errors: int

    def describe(self) -> str:
        """The counts of right answers and errors so far."""
        errors = f", {self.errors} errors" if self.errors else ""
        return f"{self.right} of {self.judged} right{errors}"


class RateColumn(ProgressColumn):
    """Items a minute."""

    def render(self, task: rich_progress.Task) -> Text:
        """The rate, or a dash before there is one."""
        done, elapsed = task.completed - task.fields["kept"], task.elapsed
        return Text(f"{done / elapsed * 60:.1f} a minute" if done and elapsed else "– a minute", style="cyan")


@contextlib.contextmanager
def bar(console: Console) -> Iterator[Callable[[Progress], None]]:
    """A progress bar; yields the function that updates it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), RateColumn(), TimeElapsedColumn())
    left = rich_progress.TimeRemainingColumn(elapsed_when_finished=False)
    with rich_progress.Progress(*columns, TextColumn("left"), left, console=console) as shown:
        task = shown.add_task("starting", total=None, kept=0)

        def report(progress: Progress) -> None:
            words = progress.describe() if progress.judged or progress.errors else "starting"
            shown.update(task, total=progress.total, completed=progress.done, kept=progress.kept, description=words)

        yield report
