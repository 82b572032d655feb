"""What the lists of runs and scorers offer, and the run that was chosen from one."""

from __future__ import annotations

from collections.abc import Sequence

from app.errors import BadInput
from app.store.records import Run
from app.text import sanitize
from app.ui.html.runs import run_name
from app.ui.limits import check_whole
from app.ui.site import Site
from evals.tasks import TASKS

LARGEST = 2**53
"""Number of a row that a page can name."""


def run_choices(runs: Sequence[Run]) -> list[tuple[str, int]]:
    """The runs to choose from, newest first."""
    return [(sanitize(run_name(run)), run.id) for run in reversed(runs)]


def chosen_run(site: Site, number: object) -> Run:
    """The run of a number that may have been typed; raises ``UserError`` when there is none."""
    try:
        return site.store.run(check_whole(int(str(number)[:20]), "The run", 1, LARGEST))
    except ValueError:
        raise BadInput(f"There is no run {str(number)[:40]}: choose one of the list.") from None


def scorer_choices(site: Site, run: Run) -> list[str]:
    """The scorers of a run, the primary one first: its task's, or those found in the store if there is no such task."""
    found = TASKS[run.spec.task].scorers if run.spec.task in TASKS else _stored_scorers(site, run)
    return [run.spec.primary, *(name for name in found if name != run.spec.primary)]


def _stored_scorers(site: Site, run: Run) -> list[str]:
    return sorted({name for item in site.store.items(run.id) for name in item.scores})
