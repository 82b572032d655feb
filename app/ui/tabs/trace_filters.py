"""The filters of the Traces tab, and the page of attempts that they list.

list_attempts(site, read_filters("eggs", "equations.wrong", 0, 0, "", "isump"), page=0)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

import gradio as gr

from app.errors import BadInput
from app.store.search import AttemptFilter, OutcomeFilter
from app.ui.html.attempt import attempt_cells
from app.ui.html.text import alert_html, status_html
from app.ui.site import Site
from prompts.checks import CHECKS
from prompts.values import UserError

ROWS = 50
"""Attempts on one page of the list."""

LONGEST_SEARCH = 1000
"""Characters of the words to find."""

ANY, ANY_RUN, NO_RUN = ("any", ""), ("any", 0), ("none", 0)
"""The first choices of the filters, which stand for no filter."""


def shown_only() -> dict[str, str]:
    """The choices of the filter "Show", and the value of each: every attempt, an outcome, or a fault of any check."""
    return {
        "every attempt": "",
        "wrong answers": "wrong",
        "no answer": "unanswered",
        "errors": "error",
        "hit the step limit": "steps spent",
        **{f"{name}s": value for value, _, name in _faults()},
        "flipped between two runs": "flipped",
    }


def read_filters(
    words: str | None, only: object, run: object, other: object, task: object, strategy: object
) -> AttemptFilter:
    """The filters as the store takes them; ``only`` is a value of ``shown_only``, and what is no choice is any."""
    if words and len(words) > LONGEST_SEARCH:
        raise BadInput(f"The words to find have {len(words):,} characters: at most {LONGEST_SEARCH:,} are taken.")
    kind = next((kind for kind in get_args(OutcomeFilter) if kind == only), None)
    fault = next((fault for value, fault, _ in _faults() if value == only), None)
    of_task, by_strategy = (name if isinstance(name, str) and name else None for name in (task, strategy))
    return AttemptFilter(words or "", whole(run) or None, of_task, by_strategy, kind, whole(other) or None, fault)


def list_attempts(site: Site, wanted: AttemptFilter, page: int) -> tuple[object, ...]:
    """One page of the attempts that are wanted: the rows, which they are (or why there are none), and the page."""
    try:
        total = site.store.count(wanted)
        page = min(page, max(0, (total - 1) // ROWS))
        rows = [attempt_cells(found, site.redact) for found in site.store.find(wanted, ROWS, page * ROWS)]
    except UserError as error:
        return [], alert_html(site.redact(str(error))), 0
    counted = f"{page * ROWS + 1:,} to {page * ROWS + len(rows):,} of {total:,} attempts" if rows else "No attempts."
    return rows, status_html(counted), page


def whole(value: object) -> int:
    """A number from the page as a whole one that SQLite can hold; 0 for anything else."""
    try:
        return max(0, min(int(float(str(value)[:40])), 2**53))
    except (ValueError, OverflowError):
        return 0


def filter_choices(site: Site) -> tuple[gr.Dropdown, ...]:
    """What the filters run, other run, task and strategy offer; what was chosen stays."""
    stored = site.store.runs()
    runs = [(f"{run.id}: {run.spec.strategy} on {run.spec.questions}", run.id) for run in reversed(stored)]
    tasks = sorted({run.spec.task for run in stored})
    tasks_and_strategies = (
        gr.Dropdown([ANY, *((name, name) for name in names)]) for names in (tasks, site.store.strategies())
    )
    return gr.Dropdown([ANY_RUN, *runs]), gr.Dropdown([NO_RUN, *runs]), *tasks_and_strategies


def _faults() -> Iterator[tuple[str, tuple[str, str], str]]:
    """Each fault as the value of a choice, as its check and kind, and in words."""
    for check in CHECKS.values():
        for kind, name in check.faults.items():
            yield f"{check.name}.{kind}", (check.name, kind), name
