"""The Runs tab: what evals measured, in a table and charts; the questions of one run; and a panel to start one.

``build(site)`` draws it. ``overview``, ``one_run`` and ``questions`` are what its controls show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

import gradio as gr
import pandas as pd

from app.record import Run
from app.search import SCORER
from app.ui import charts, start
from app.ui.events import QUIET, around
from app.ui.inert import alert_html
from app.ui.measured import Outcome, best_estimate, items_html, outcome, run_choices, run_html, runs_html
from app.ui.site import Site
from app.ui.start import chosen
from app.ui.tables import note_html, status_html
from evals.report import RunSummary
from evals.results import engine_use, summarize
from evals.scoring import GSM8K_SCORERS
from evals.wording import count
from graphs import STRATEGIES
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
        wide: dict[str, Any] = {"min_width": 320}
        by: dict[str, Any] = wide | {"color": "strategy", "color_map": charts.colours(STRATEGIES)}
        peak = gr.ScatterPlot(marks([]), label="Accuracy and context", **charts.ACCURACY_BY_PEAK.drawn() | by)
        processed = gr.ScatterPlot(marks([]), label="Accuracy and work", **charts.ACCURACY_BY_PROCESSED.drawn() | by)
    with gr.Row():
        # A link may name a run that is not in the list yet, so other values are taken too; `chosen` checks them.
        run = gr.Dropdown(run_choices(site.store.runs()), value=None, label="Run", allow_custom_value=True)
        scorer = gr.Dropdown(list(GSM8K_SCORERS), value=SCORER, label="Judged by")
        only = gr.Dropdown([ALL, *get_args(Outcome)], value=ALL, label="Questions")
    head, items = gr.HTML(NO_RUN), gr.HTML(elem_classes="runs-box")
    plain: dict[str, Any] = wide | {"color": None}
    with gr.Row():
        context = gr.LinePlot(
            charts.context_by_step({}),
            label=f"Context over steps, mean of the first {DRAWN} attempts",
            **(charts.CONTEXT_BY_STEP.drawn() | plain),
        )
        fidelity = gr.BarPlot(
            charts.fidelity_bars(()),
            label="Invented numbers and accuracy",
            **(charts.FIDELITY.drawn() | wide),
        )
    points = gr.State(None)
    shown = [table, points, run]
    seen = [around(gr.Tab).select(partial(overview, site), None, shown, **QUIET)]
    view, listed = [head, context, fidelity], [run, scorer, only]
    # Two handlers of one change that both wait for their turn, as by default, would wake each other forever.
    at_once: dict[str, Any] = QUIET | {"trigger_mode": "multiple"}
    drawn = [gr.on([run.change, scorer.change], partial(one_run, site), [run, scorer], view, **at_once)]
    gr.on([box.change for box in listed], partial(questions, site), listed, items, **at_once)
    if not site.read_only:
        panel = start.build(site, run)
        for event in panel.events:
            end = event.then(partial(ended, site), panel.number, [panel.progress, *shown], **QUIET)
            end.then(partial(questions, site), listed, items, **QUIET)
            drawn.append(end.then(partial(one_run, site), [run, scorer], view, **QUIET))
            seen.append(end)
    # A chart that is sent marks while it is being drawn keeps neither them nor its colours, so each step waits.
    for event in seen:
        marked = event.then(_twice, points, [peak, processed], **QUIET)
        marked.then(_counted, points, [peak, processed], **QUIET)
    for event in drawn:
        event.then(partial(captions, site), run, [context, fidelity], **QUIET)
    return RunsTab(run)


def overview(site: Site) -> tuple[str, pd.DataFrame, dict[str, Any]]:
    """The table of runs, the marks of the two charts, and the runs to choose from."""
    runs = [(run, summarize(site.store, run, SCORER)) for run in site.store.runs()]
    return runs_html(runs), marks(runs), gr.update(choices=run_choices([run for run, _ in runs]))


def marks(runs: Sequence[tuple[Run, RunSummary]]) -> pd.DataFrame:
    """The runs as marks with a column for the strategy, and a row without a mark for each.

    A chart gives out its colours when it is first drawn, so every strategy has to be there from the beginning.
    """
    found = [(point, run.spec.strategy) for run, summary in runs if (point := _point(run, summary))]
    table = charts.run_points(point for point, _ in found).reindex(range(len(found) + len(STRATEGIES)))
    return table.assign(strategy=[*(strategy for _, strategy in found), *STRATEGIES])


def one_run(site: Site, number: object, scorer: str) -> tuple[str, pd.DataFrame, pd.DataFrame]:
    """How a run was judged, its contexts over the steps, and its invented numbers against its right answers."""
    empty = charts.context_by_step({}), charts.fidelity_bars(())
    if number is None:
        return NO_RUN, *empty
    try:
        run = chosen(site, number)
    except UserError as error:
        return alert_html(site.public(str(error))), *empty
    done = [item for item in site.store.items(run.id) if item.status == "done"]
    said = run_html(run, summarize(site.store, run, scorer), engine_use(site.store, run.id))
    invented = site.store.invented(run.id)
    judged = (charts.Judged(invented.get(item.attempt, 0), outcome(item, scorer) == "right") for item in done)
    records = (site.store.records(item.attempt) for item in done[:DRAWN])
    return said, charts.context_by_step({_short(run): records}), charts.fidelity_bars(judged)


def captions(site: Site, number: object) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the charts of one run are of; a new caption also makes a chart take the room its new axes need."""
    try:
        caption = gr.update(caption=_short(chosen(site, number)))
    except UserError:
        caption = gr.update(caption="")
    return caption, caption


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
        return tuple(gr.skip() for _ in range(4))
    items = site.store.items(number)
    done, total = sum(item.status == "done" for item in items), site.store.run(number).spec.n
    said = f"Run {number}: {done:,} of {total:,} questions done."
    if done < total:
        said += " All of it is kept: choose the run above and go on with it."
    table, points, choices = overview(site)
    return status_html(said), table, points, choices | {"value": number}


def _twice(points: pd.DataFrame | None) -> tuple[object, object]:
    return (gr.skip(), gr.skip()) if points is None else (points, points)


def _counted(points: pd.DataFrame | None) -> tuple[object, object]:
    """A new caption, which makes a chart take the room that its new axes and its legend need."""
    runs = 0 if points is None else len(points) - len(STRATEGIES)
    caption = gr.update(caption=f"{count(runs, 'run')} with a judged answer")
    return caption, caption


def _point(run: Run, summary: RunSummary) -> charts.RunPoint | None:
    """A run as a mark; none before anything was judged."""
    found = best_estimate(summary)
    if found is None or found.value is None or found.interval is None or not summary.costs:
        return None
    costs = (summary.costs["peak_context"].mean, summary.costs["processed"].mean)
    return charts.RunPoint(_short(run), found.n, found.value, found.interval.low, found.interval.high, *costs)


def _short(run: Run) -> str:
    return f"run {run.id}: {run.spec.strategy}"
