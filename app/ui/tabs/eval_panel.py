"""The panel of the Runs tab that starts an eval, resumes one, and stops it, as ``python -m evals.<task>`` does.

``start`` and ``resume`` are what its buttons do, as generators of what the panel shows: how far the run is, and its
number. Closing one stops the run; what is done is kept.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.events import Dependency
from markupsafe import Markup
from pydantic import ValidationError

from app.errors import BadInput
from app.store.database import retry_while_busy
from app.store.records import Run
from app.ui.bindings import EVENT_DEFAULTS, handler
from app.ui.html.runs import progress_html, reasons_html
from app.ui.html.text import alert_html, note_html, status_html
from app.ui.site import Site
from evals.results import summarize_run
from evals.runner import Runner, begin, check_model, load_again, task_of
from evals.task import Source, Task
from evals.tasks import TASKS
from graphs import DEFAULT, STRATEGIES
from prompts.settings import invalid_value
from prompts.values import UserError

NOTE = "Settings are those the app was started with. Leaving the page stops it; what is done is kept."
PREPARING = "Fetching the questions and the model …"
Updates = AsyncGenerator[tuple[Markup, int | None]]


@dataclass(frozen=True, slots=True)
class EvalPanel:
    """The events that end when an eval has ended or was stopped, and what they leave: a line, and its run's number."""

    events: tuple[Dependency, ...]
    progress: gr.HTML
    number: gr.State


def build(site: Site, run: gr.Dropdown) -> EvalPanel:
    """Draw the panel inside the current context; ``run`` says which run is in view."""
    with gr.Accordion("Start an eval, or resume one", open=False):
        gr.HTML(note_html(NOTE))
        with gr.Row():
            preset = gr.Dropdown(list(presets()), label="Questions from")
            limit = gr.Number(20, label="How many", info="empty: all", precision=0)
            strategy = gr.Dropdown([*STRATEGIES], value=DEFAULT, label="Strategy")
            model = gr.Dropdown(site.backends.names(), label="Model")
            concurrency = gr.Slider(1, 16, 4, step=1, precision=0, label="At once")
        with gr.Row(elem_classes="buttons-row"):
            begin = gr.Button("Start the eval", variant="primary", scale=0, min_width=200)
            again = gr.Button("Resume the run above", scale=0, min_width=300)
            stop = gr.Button("Stop", scale=0, min_width=120)
        progress = gr.HTML(elem_classes="progress-box")
    number = gr.State(None)
    inputs = [preset, limit, strategy, model, concurrency]
    started = begin.click(handler(site, start), inputs, [progress, number], **EVENT_DEFAULTS)
    resumed = again.click(handler(site, resume), [run, concurrency], [progress, number], **EVENT_DEFAULTS)
    stop.click(None, cancels=[started, resumed])
    return EvalPanel((started, resumed), progress, number)


def presets() -> dict[str, tuple[Task, Source]]:
    """The questions that the page offers, of every task, by what they are called there."""
    return {f"{task.name}: {name}": (task, source) for task in TASKS.values() for name, source in task.presets.items()}


async def start(site: Site, preset: str, limit: int | None, strategy: str, model: str, concurrency: int) -> Updates:
    """Ask the first ``limit`` questions of ``preset``, a key of ``presets``, or all of them where there is none."""

    async def runner() -> Runner:
        task, source = _chosen(preset, limit)
        settings = site.settings_for(strategy)
        questions = await asyncio.to_thread(task.questions, source)
        backend = await site.backend_for(model, strategy)
        run = await retry_while_busy(begin, site.store, task, questions, source, strategy, backend, settings)
        return Runner(site.store, task, questions, run, backend, concurrency)

    async with aclosing(_updates(site, runner)) as updates:
        async for update in updates:
            yield update


async def resume(site: Site, number: int | None, concurrency: int) -> Updates:
    """Do what the run in view has left undone, with the model it was begun with; finished items are kept."""

    async def runner() -> Runner:
        if number is None:
            raise BadInput("There is no run to resume: choose one above.")
        run = site.store.run(number)
        names, spec = site.backends.names(), run.spec
        questions = await asyncio.to_thread(load_again, run)
        backend = await site.backend_for(spec.model if spec.model in names else names[0], spec.strategy)
        if (backend.name, backend.model) != (spec.backend, spec.model):
            raise BadInput(
                f"Run {run.id} was made with {spec.model} ({spec.backend}), which is not offered here: resume it with"
                f" python -m evals.{spec.task} --resume {run.id}."
            )
        check_model(run, backend)
        return Runner(site.store, task_of(run), questions, run, backend, concurrency)

    async with aclosing(_updates(site, runner)) as updates:
        async for update in updates:
            yield update


async def _updates(site: Site, make_runner: Any) -> Updates:
    shown, run, began = status_html(PREPARING), None, time.monotonic()
    yield shown, None
    try:
        runner = await make_runner()
        run = runner.run
        async with aclosing(runner.progress()) as updates:
            async for progress in updates:
                shown = progress_html(progress, run.id, time.monotonic() - began)
                yield shown, run.id
    except UserError as error:
        yield _failed(site, shown if run else Markup(), run, error), None


def _failed(site: Site, shown: Markup, run: Run | None, error: UserError) -> Markup:
    reasons = reasons_html(summarize_run(site.store, run).reasons) if run else Markup()
    return shown + alert_html(str(error)) + reasons


def _chosen(preset: str, limit: int | None) -> tuple[Task, Source]:
    offered = presets()
    if preset not in offered:
        raise BadInput(f"There are no questions {preset!r}: choose one of {', '.join(offered)}.")
    task, source = offered[preset]
    options: dict[str, Any] = source.model_dump() | {"limit": limit}
    try:
        return task, task.source(**options)
    except ValidationError as error:
        raise BadInput(f"The number of questions {invalid_value(error)[1]}.") from error
