"""The Runs tab: what evals measured, in a table and charts; the questions of one run; and a panel to start one.

``build(site)`` draws it. ``overview``, ``one_run`` and ``questions`` are what its controls show.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

import gradio as gr

from app.store.records import Record, Run
from app.store.search import SCORER
from app.ui.bindings import QUIET, around
from app.ui.html.charts import Judged, RunPoint, accuracy_chart, context_by_call, fidelity_chart
from app.ui.html.plot import chart_html
from app.ui.html.runs import Outcome, best_estimate, items_html, outcome, run_choices, run_html, runs_html
from app.ui.html.tables import note_html, status_html
from app.ui.html.text import alert_html
from app.ui.site import Site
from app.ui.tabs import eval_panel as start
from app.ui.tabs.eval_panel import chosen
from evals.report import RunSummary
from evals.results import backend_use, summarize
from evals.scoring import GSM8K_SCORERS
from prompts.values import UserError

ALL = "all"
DRAWN = 40
"""Attempts of a run over which the chart of contexts is a mean."""
NO_RUN = note_html("Choose a run to see its questions.")


@dataclass(frozen=True, slots=True)
class RunsTab:
    """What the page sets to open a link: a change of ``run`` shows that run."""

    run: gr.Dropdown


def build(site: Site) -> RunsTab:
    """Draw the tab inside the current context."""
    table = gr.HTML(note_html("The runs will stand here."), elem_classes="runs-box")
    with gr.Row():
        accuracy = [_beside(part) for part in accuracy_parts(())]
    with gr.Row():
        # A link may name a run that is not in the list yet, so other values are taken too; `chosen` checks them.
        run = gr.Dropdown(run_choices(site.store.runs()), value=None, label="Run", allow_custom_value=True)
        scorer = gr.Dropdown(list(GSM8K_SCORERS), value=SCORER, label="Judged by")
        only = gr.Dropdown([ALL, *get_args(Outcome)], value=ALL, label="Questions")
    head = gr.HTML(NO_RUN)
    with gr.Row():
        of_run = [_beside(part) for part in run_parts("", (), ())]
    items = gr.HTML(elem_classes="runs-box")
    shown = [table, *accuracy, run]
    opened = around(gr.Tab).select(partial(overview, site), None, shown, **QUIET)
    # A link sets its run while the tab is being opened, so what is chosen is looked at only after that.
    opened.then(partial(newest, site), run, run, **QUIET)
    view, listed = [head, *of_run], [run, scorer, only]
    # Two handlers of one change that both wait for their turn, as by default, would wake each other forever.
    at_once: dict[str, Any] = QUIET | {"trigger_mode": "multiple"}
    gr.on([run.change, scorer.change], partial(one_run, site), [run, scorer], view, **at_once)
    gr.on([box.change for box in listed], partial(questions, site), listed, items, **at_once)
    if not site.read_only:
        panel = start.build(site, run)
        for event in panel.events:
            end = event.then(partial(ended, site), panel.number, [panel.progress, *shown], **QUIET)
            end.then(partial(questions, site), listed, items, **QUIET)
            end.then(partial(one_run, site), [run, scorer], view, **QUIET)
    return RunsTab(run)


def overview(site: Site) -> tuple[str, str, str, dict[str, Any]]:
    """The table of runs, accuracy against context and against work, and the runs to choose from."""
    runs = [(run, summarize(site.store, run, SCORER)) for run in site.store.runs()]
    points = [point for run, summary in runs if (point := _point(run, summary))]
    return runs_html(runs), *accuracy_parts(points), gr.update(choices=run_choices([run for run, _ in runs]))


def newest(site: Site, number: object) -> object:
    """The run to show when none is chosen yet, so that something is seen at once."""
    runs = site.store.runs()
    return runs[-1].id if number is None and runs else gr.skip()


def accuracy_parts(points: Sequence[RunPoint]) -> tuple[str, str]:
    """The charts of all runs."""
    return chart_html(accuracy_chart(points, "peak_context")), chart_html(accuracy_chart(points, "processed"))


def run_parts(name: str, attempts: Iterable[Sequence[Record]], judged: Iterable[Judged]) -> tuple[str, str]:
    """The charts of one run."""
    return chart_html(context_by_call(name, attempts, DRAWN)), chart_html(fidelity_chart(judged))


def one_run(site: Site, number: object, scorer: str) -> tuple[str, str, str]:
    """How a run was judged, its contexts call by call, and its invented numbers against its right answers."""
    if number is None:
        return NO_RUN, *run_parts("", (), ())
    try:
        run = chosen(site, number)
    except UserError as error:
        return alert_html(site.public(str(error))), *run_parts("", (), ())
    done = [item for item in site.store.items(run.id) if item.status == "done"]
    said = run_html(run, summarize(site.store, run, scorer), backend_use(site.store, run.id))
    invented = site.store.invented(run.id)
    judged = (Judged(invented.get(item.attempt, 0), outcome(item, scorer) == "right") for item in done)
    records = (site.store.records(item.attempt) for item in done[:DRAWN])
    return said, *run_parts(f"run {run.id}", records, judged)


def questions(site: Site, number: object, scorer: str, only: str) -> str:
    """The questions of a run that ended as ``only`` says."""
    if number is None:
        return ""
    try:
        items = site.store.items(chosen(site, number).id)
    except UserError:
        return ""  # `one_run` says it
    return site.public(items_html([item for item in items if only in (ALL, outcome(item, scorer))], scorer))


def ended(site: Site, number: int | None) -> tuple[object, ...]:
    """What there is to see once a run has ended or was stopped: how far it came, and the table with it."""
    if number is None:
        return tuple(gr.skip() for _ in range(5))
    items = site.store.items(number)
    done, total = sum(item.status == "done" for item in items), site.store.run(number).spec.n
    said = f"Run {number}: {done:,} of {total:,} questions done."
    if done < total:
        said += " All of it is kept: choose the run above and go on with it."
    *shown, choices = overview(site)
    return status_html(said), *shown, choices | {"value": number}


def _beside(part: str) -> gr.HTML:
    with gr.Column(min_width=320):
        return gr.HTML(part)


def _point(run: Run, summary: RunSummary) -> RunPoint | None:
    """A run as a mark; none before anything was judged."""
    found = best_estimate(summary)
    if found is None or found.value is None or found.interval is None or not summary.costs:
        return None
    costs = summary.costs
    means = costs["peak_context"].mean, costs["processed"].mean
    return RunPoint(run.id, run.spec.strategy, found.n, found.value, found.interval, *means)
