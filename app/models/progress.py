"""Progress of a download or a check: who does the work calls a ``Report``, and ``progress_bar`` shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[str, int, int | None], None]
"""Told often of progress: what is being done, the bytes done, and the bytes in all if known."""


def quiet(doing: str, done: int, total: int | None) -> None:
    """A progress callback that shows nothing."""


@contextmanager
def progress_bar() -> Iterator[Report]:
    """A bar on stderr with bytes, rate and time left; nothing is shown before the first report."""
    from rich import progress as bars
    from rich.console import Console

    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.DownloadColumn(),
        bars.TransferSpeedColumn(),
        bars.TimeRemainingColumn(),
    )
    bar = bars.Progress(*columns, console=Console(stderr=True))
    tasks: dict[str, bars.TaskID] = {}

    def report(doing: str, done: int, total: int | None) -> None:
        bar.start()
        if doing not in tasks:  # begins at `done`, so that a resumed pull does not show an absurd rate
            for waited in (task for task in bar.tasks if task.total is None):
                bar.update(waited.id, visible=False)
            tasks[doing] = bar.add_task(doing, total=total, completed=done)
        bar.update(tasks[doing], completed=done, total=total)

    try:
        yield report
    finally:
        if tasks:
            bar.stop()
