"""The panel of the Runs tab that starts an eval, goes on with one, and stops it.

``start`` and ``resume`` are what its buttons do, as generators of what the panel shows.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

import gradio as gr
from gradio.events import Dependency

from app.errors import BadInput
from app.store.records import Run
from app.ui.bindings import QUIET
from app.ui.eval_job import SOURCES, Evaluations, Stage
from app.ui.html.runs import progress_html
from app.ui.html.tables import note_html, status_html
from app.ui.html.text import alert_html
from app.ui.site import Site
from graphs import STRATEGIES
from prompts.values import UserError

NOTE = "Settings are those the app was started with. Leaving the page stops it; what is done is kept."


@dataclass(frozen=True, slots=True)
class Panel:
    """The events that are over when an eval has ended or was stopped, and what they leave: a line, and its run."""

    events: tuple[Dependency, ...]
    progress: gr.HTML
    number: gr.State


def build(site: Site, run: gr.Dropdown) -> Panel:
    """Draw the panel inside the current context; ``run`` says which run is in view."""
    evals = Evaluations(site)
    with gr.Accordion("Start an eval, or go on with one", open=False):
        gr.HTML(note_html(NOTE))
        with gr.Row():
            source = gr.Dropdown(list(SOURCES), label="Questions from")
            limit = gr.Number(20, label="How many", info="empty: all", precision=0)
            strategy = gr.Dropdown([*STRATEGIES], value="isump", label="Strategy")
            engine = gr.Dropdown(site.engines.names(), label="Model")
            concurrency = gr.Slider(1, 8, 4, step=1, precision=0, label="At once")
        with gr.Row():
            begin = gr.Button("Start the eval", variant="primary", scale=0, min_width=200)
            on = gr.Button("Go on with the run above", scale=0, min_width=300)
            stop = gr.Button("Stop", scale=0, min_width=120)
        progress = gr.HTML(elem_classes="progress-box")
    number = gr.State(None)
    inputs = [source, limit, strategy, engine, concurrency]
    outputs = [progress, number]
    started = begin.click(partial(start, evals), inputs, outputs, **QUIET)
    resumed = on.click(partial(resume, evals), [run, concurrency], outputs, **QUIET)
    stop.click(None, cancels=[started, resumed])
    return Panel((started, resumed), progress, number)


async def start(
    evals: Evaluations, source: str, limit: int | None, strategy: str, engine: str, concurrency: int
) -> AsyncGenerator[tuple[str, object]]:
    """Begin a run: how far it is, and its number."""
    yield status_html("Fetching the questions and the model …"), None
    stages = evals.begin(SOURCES[source], limit, strategy, engine, concurrency)
    async with aclosing(_told(evals, stages)) as telling:
        async for told in telling:
            yield told


async def resume(evals: Evaluations, number: object, concurrency: int) -> AsyncGenerator[tuple[str, object]]:
    """Go on with the run in view: how far it is, and its number."""
    if number is None:
        yield alert_html("There is no run to go on with: choose one above."), None
        return
    try:
        run = chosen(evals.site, number)
    except UserError as error:
        yield alert_html(evals.site.public(str(error))), None
        return
    yield status_html("Fetching the questions and the model …"), None
    async with aclosing(_told(evals, evals.go_on(run.id, concurrency))) as telling:
        async for told in telling:
            yield told


def chosen(site: Site, number: object) -> Run:
    """The run of a number that may have been typed; raises ``UserError`` when there is none."""
    try:
        return site.store.run(int(str(number)))
    except ValueError:
        raise BadInput(f"There is no run {number}: choose one of the list.") from None


async def _told(evals: Evaluations, stages: AsyncGenerator[Stage]) -> AsyncGenerator[tuple[str, object]]:
    shown = ""
    try:
        async with aclosing(stages):
            async for stage in stages:
                shown = progress_html(stage.progress, stage.run.id, stage.seconds)
                yield shown, stage.run.id
    except UserError as error:
        yield shown + alert_html(evals.site.public(str(error))), None
