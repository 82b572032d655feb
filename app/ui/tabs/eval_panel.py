"""The panel of the Runs tab that starts an eval, resumes one, and stops it.

``start`` and ``resume`` are what its buttons do, as generators of what the panel shows.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.events import Dependency
from markupsafe import Markup

from app.ui.bindings import EVENT_DEFAULTS, handler
from app.ui.eval_job import EvalJobs, Stage, presets
from app.ui.html.runs import progress_html, reasons_html
from app.ui.html.text import alert_html, note_html, status_html
from app.ui.limits import MOST_AT_ONCE
from app.ui.site import Site
from app.ui.tabs.run_choices import chosen_run
from evals.results import summarize_run
from graphs import DEFAULT, STRATEGIES
from prompts.values import UserError

NOTE = "Settings are those the app was started with. Leaving the page stops it; what is done is kept."
PREPARING = "Fetching the questions and the model …"


@dataclass(frozen=True, slots=True)
class EvalPanel:
    """The events that end when an eval has ended or was stopped, and what they leave: a line, and its run's number."""

    events: tuple[Dependency, ...]
    progress: gr.HTML
    number: gr.State


def build(site: Site, run: gr.Dropdown) -> EvalPanel:
    """Draw the panel inside the current context; ``run`` says which run is in view."""
    jobs = EvalJobs(site)
    with gr.Accordion("Start an eval, or resume one", open=False):
        gr.HTML(note_html(NOTE))
        with gr.Row():
            preset = gr.Dropdown(list(presets()), label="Questions from")
            limit = gr.Number(20, label="How many", info="empty: all", precision=0)
            strategy = gr.Dropdown([*STRATEGIES], value=DEFAULT, label="Strategy")
            model = gr.Dropdown(site.backends.names(), label="Model")
            concurrency = gr.Slider(1, MOST_AT_ONCE, 4, step=1, precision=0, label="At once")
        with gr.Row(elem_classes="buttons-row"):
            begin = gr.Button("Start the eval", variant="primary", scale=0, min_width=200)
            again = gr.Button("Resume the run above", scale=0, min_width=300)
            stop = gr.Button("Stop", scale=0, min_width=120)
        progress = gr.HTML(elem_classes="progress-box")
    number = gr.State(None)
    inputs = [preset, limit, strategy, model, concurrency]
    outputs = [progress, number]

    async def start_here(_: Site, *chosen: Any) -> AsyncGenerator[tuple[Markup, int | None]]:
        async with aclosing(start(jobs, *chosen)) as pages:
            async for page in pages:
                yield page

    async def resume_here(_: Site, *chosen: Any) -> AsyncGenerator[tuple[Markup, int | None]]:
        async with aclosing(resume(jobs, *chosen)) as pages:
            async for page in pages:
                yield page

    started = begin.click(handler(site, start_here), inputs, outputs, **EVENT_DEFAULTS)
    resumed = again.click(handler(site, resume_here), [run, concurrency], outputs, **EVENT_DEFAULTS)
    stop.click(None, cancels=[started, resumed])
    return EvalPanel((started, resumed), progress, number)


async def start(
    jobs: EvalJobs, preset: str, limit: object, strategy: str, model: str, concurrency: object
) -> AsyncGenerator[tuple[Markup, int | None]]:
    """Start a run: how far it is, and its number."""
    yield status_html(PREPARING), None
    stages = jobs.start(preset, limit, strategy, model, concurrency)
    async with aclosing(_pages(jobs.site, stages)) as pages:
        async for page in pages:
            yield page


async def resume(jobs: EvalJobs, number: object, concurrency: object) -> AsyncGenerator[tuple[Markup, int | None]]:
    """Resume the run in view: how far it is, and its number."""
    if number is None:
        yield alert_html("There is no run to resume: choose one above."), None
        return
    try:
        run = chosen_run(jobs.site, number)
    except UserError as error:
        yield alert_html(jobs.site.redact(str(error))), None
        return
    yield status_html(PREPARING), None
    async with aclosing(_pages(jobs.site, jobs.resume(run.id, concurrency))) as pages:
        async for page in pages:
            yield page


async def _pages(site: Site, stages: AsyncGenerator[Stage]) -> AsyncGenerator[tuple[Markup, int | None]]:
    shown, run = Markup(), None
    try:
        async with aclosing(stages):
            async for stage in stages:
                shown, run = progress_html(stage.progress, stage.run.id, stage.seconds), stage.run
                yield shown, run.id
    except UserError as error:
        reasons = reasons_html(summarize_run(site.store, run).reasons) if run else Markup()
        yield shown + alert_html(site.redact(str(error))) + site.redact(reasons), None
