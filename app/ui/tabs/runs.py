"""The Runs tab: what evals measured, in a table and charts; the questions of one run; and a panel to start one.

``build(site)`` draws it. ``overview``, ``one_run`` and ``questions`` are what its controls show.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, get_args

import gradio as gr
from markupsafe import Markup

from app.errors import BadInput
from app.options import MAX_ROW
from app.store.records import CallUsage, Run
from app.text import sanitize
from app.ui.bindings import EVENT_DEFAULTS, enclosing, handler
from app.ui.html.charts import JudgedAttempt, RunPoint, accuracy_chart, context_by_call, fidelity_chart
from app.ui.html.plot import chart_html
from app.ui.html.runs import Outcome, best_estimate, items_html, outcome, run_html, run_name, runs_html, state_html
from app.ui.html.text import alert_html, note_html
from app.ui.site import Site
from app.ui.tabs import eval_panel
from evals.report import RunSummary
from evals.results import backend_use, summarize_run
from evals.tasks import TASKS
from prompts.checks import fidelity
from prompts.values import UserError

ALL = "all"
DRAWN = 40
"""Attempts of a run over which the chart of contexts is a mean."""
NO_RUN = note_html("Choose a run to see its questions.")


def build(site: Site) -> gr.Dropdown:
    """Draw the tab inside the current context; a change of the dropdown, as by a link, shows that run."""
    table = gr.HTML(note_html("The runs will appear here."), elem_classes="runs-box")
    with gr.Row():
        accuracy = [_chart(html) for html in accuracy_charts(())]
    with gr.Row():
        # A link may name a run that is not in the list yet, so other values are taken too; `chosen_run` checks them.
        run = gr.Dropdown(run_choices(site.store.runs()), value=None, label="Run", allow_custom_value=True)
        scorer = gr.Dropdown([], value=None, label="Judged by")
        only = gr.Dropdown([ALL, *get_args(Outcome)], value=ALL, label="Questions")
    head = gr.HTML(NO_RUN)
    with gr.Row():
        of_run = [_chart(html) for html in run_charts("", (), ())]
    items = gr.HTML(elem_classes="runs-box")
    shown = [table, *accuracy, run]
    opened = enclosing(gr.Tab).select(handler(site, overview), None, shown, **EVENT_DEFAULTS)
    # A link sets its run while the tab is being opened, so the choice is read only after that.
    opened.then(handler(site, newest), run, run, **EVENT_DEFAULTS)
    view, filters = [head, *of_run], [run, scorer, only]
    # Two handlers of one change that both wait for their turn, as by default, would wake each other forever.
    at_once: dict[str, Any] = EVENT_DEFAULTS | {"trigger_mode": "multiple"}
    # The scorers depend on the run, so a new run is shown only once its scorers are offered.
    offered = run.change(handler(site, offer_scorers), [run, scorer], scorer, **at_once)
    show_run, show_items = handler(site, one_run), handler(site, questions)
    offered.then(show_run, [run, scorer], view, **EVENT_DEFAULTS)
    offered.then(show_items, filters, items, **EVENT_DEFAULTS)
    scorer.input(show_run, [run, scorer], view, **at_once)
    gr.on([scorer.input, only.input], show_items, filters, items, **at_once)
    if not site.read_only:
        panel = eval_panel.build(site, run)
        for event in panel.events:
            end = event.then(handler(site, ended), panel.number, [panel.progress, *shown], **EVENT_DEFAULTS)
            end.then(show_items, filters, items, **EVENT_DEFAULTS)
            end.then(show_run, [run, scorer], view, **EVENT_DEFAULTS)
    return run


def overview(site: Site) -> tuple[Markup, Markup, Markup, dict[str, Any]]:
    """The table of runs, accuracy against context and against work, and the runs to choose from."""
    runs = [(run, summarize_run(site.store, run)) for run in site.store.runs()]
    points = [point for run, summary in runs if (point := _point(run, summary))]
    return runs_html(runs), *accuracy_charts(points), gr.update(choices=run_choices([run for run, _ in runs]))


def newest(site: Site, number: object) -> object:
    """The run to show when none is chosen yet, so that something is seen at once."""
    runs = site.store.runs()
    return runs[-1].id if number is None and runs else gr.skip()


def offer_scorers(site: Site, number: object, scorer: str | None) -> object:
    """The scorers of the chosen run; the one chosen before stays if the run has it, else it is the primary one."""
    try:
        names = scorer_choices(site, chosen_run(site, number))
    except UserError:
        return gr.update(choices=[], value=None)
    return gr.update(choices=names, value=scorer if scorer in names else names[0])


def accuracy_charts(points: Sequence[RunPoint]) -> tuple[Markup, Markup]:
    """The charts of all runs."""
    return chart_html(accuracy_chart(points, "peak_context")), chart_html(accuracy_chart(points, "processed"))


def run_charts(
    name: str, attempts: Iterable[Sequence[CallUsage]], judged: Iterable[JudgedAttempt]
) -> tuple[Markup, Markup]:
    """The charts of one run."""
    return chart_html(context_by_call(name, attempts, DRAWN)), chart_html(fidelity_chart(judged))


def one_run(site: Site, number: object, scorer: str | None) -> tuple[Markup, Markup, Markup]:
    """The scores of a run, its contexts call by call, and its invented numbers against its right answers."""
    if number is None:
        return NO_RUN, *run_charts("", (), ())
    try:
        run = chosen_run(site, number)
    except UserError as error:
        return alert_html(str(error)), *run_charts("", (), ())
    scorer = scorer or run.spec.primary
    done = [item for item in site.store.items(run.id) if item.status == "done"]
    head = run_html(run, summarize_run(site.store, run, scorer), backend_use(site.store, run.id))
    judged = list[JudgedAttempt]()
    if fidelity.CHECK.name in run.spec.checks:
        invented = site.store.finding_counts(run.id, fidelity.CHECK.name, "invented")
        judged = [JudgedAttempt(invented[item.attempt], outcome(item, scorer) == "right") for item in done]
    usages = site.store.usages([item.attempt for item in done[:DRAWN]])
    return head, *run_charts(f"run {run.id}", usages.values(), judged)


def questions(site: Site, number: object, scorer: str | None, only: str | None) -> Markup:
    """The questions of a run that ended as ``only`` says."""
    if number is None:
        return Markup()
    try:
        run = chosen_run(site, number)
    except UserError:
        return Markup()  # `one_run` says it
    scorer = scorer or run.spec.primary
    items = [item for item in site.store.items(run.id) if only in (ALL, outcome(item, scorer))]
    return items_html(items, scorer)


def ended(site: Site, number: int | None) -> tuple[object, ...]:
    """The view after a run has ended or was stopped: its progress, and the table with it."""
    if number is None:
        return tuple(gr.skip() for _ in range(5))
    run = site.store.run(number)
    *shown, choices = overview(site)
    state = state_html(summarize_run(site.store, run), run.spec.n)
    return state, *shown, choices | {"value": number}


def run_choices(runs: Sequence[Run]) -> list[tuple[str, int]]:
    """The runs to choose from, newest first."""
    return [(sanitize(run_name(run)), run.id) for run in reversed(runs)]


def chosen_run(site: Site, number: object) -> Run:
    """The run of a number that may have been typed; raises ``UserError`` when there is none."""
    try:
        return site.store.run(min(int(str(number)), MAX_ROW))
    except ValueError:
        raise BadInput(f"There is no run {str(number)[:40]}: choose one of the list.") from None


def scorer_choices(site: Site, run: Run) -> list[str]:
    """The scorers of a run, the primary one first: its task's, or those found in the store if there is no such task."""
    stored = sorted({name for item in site.store.items(run.id) for name in item.scores})
    found = TASKS[run.spec.task].scorers if run.spec.task in TASKS else stored
    return [run.spec.primary, *(name for name in found if name != run.spec.primary)]


def _chart(html: Markup) -> gr.HTML:
    with gr.Column(min_width=320):
        return gr.HTML(html)


def _point(run: Run, summary: RunSummary) -> RunPoint | None:
    """A run as a mark; none before anything was judged."""
    found = best_estimate(summary)
    if found is None or found.value is None or found.interval is None or not summary.costs:
        return None
    costs = summary.costs
    means = costs["peak_context"].mean, costs["processed"].mean
    return RunPoint(run.id, run.spec.strategy, found.n, found.value, found.interval, *means)
