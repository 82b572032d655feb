"""The panel in the step view that forks an attempt: edit the memory or the question, resume, and see what changes.

``boxes`` is what its inputs hold for a step; ``resume_forks`` and ``remove_each_fact`` are what its buttons do.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import gradio as gr
from gradio.components import Component
from markupsafe import Markup

from app.ablation import Removal, remove_facts, resume_with_seeds
from app.attempt_view import stored_view
from app.errors import BadInput
from app.fork import Fork, fork_at, is_resumable
from app.store.records import Attempt
from app.text import sanitize
from app.ui.bindings import EVENT_DEFAULTS, handler
from app.ui.html.columns import Column, fork_columns_html
from app.ui.html.removals import removals_html
from app.ui.html.text import alert_html, note_html, status_html
from app.ui.jobs import Job, JobList, Streams
from app.ui.site import Site
from prompts.clean import check_question
from prompts.memories import TextMemory
from prompts.settings import Settings
from prompts.values import Question, UserError

NOTE = "Edit what the next thought will see, then resume from here. The attempt itself stays as it is."
NOT_RESUMABLE = "This strategy cannot be resumed from a step: edit the question, and it begins again."
VECTORS = "This memory is of vectors and cannot be edited in words: it is resumed as it is."


@dataclass(frozen=True, slots=True)
class ForkPanel:
    """The components that a handler which shows a step sets, too.

    Attributes:
        boxes: The inputs, which ``boxes`` fills.
        views: The results, which are emptied for another attempt.
    """

    boxes: tuple[Component, ...]
    views: tuple[Component, ...]


def build(site: Site, attempt: gr.Number, step: gr.Slider) -> ForkPanel:
    """Draw the panel for the step that ``attempt`` and ``step`` show; a read-only page has none."""
    if site.read_only:
        return ForkPanel((), ())
    with gr.Accordion("Edit this step and resume", open=False):
        note = gr.HTML(note_html(NOTE))
        with gr.Row():
            known = gr.Textbox(label="What we know", info="one fact a line", lines=5, max_lines=12)
            goals = gr.Textbox(label="What to do next", info="one goal a line", lines=5, max_lines=12)
        question = gr.Textbox(label="The question", lines=2, max_lines=8)
        with gr.Row():
            model = gr.Dropdown(site.backends.names(), label="Model of the fork")
            temperature = gr.Number(0, label="Temperature", info="at 0 every fork is the same")
            max_steps = gr.Number(12, label="Most steps", info="those before the fork count", precision=0)
            forks = gr.Slider(1, 8, 1, step=1, precision=0, label="Forks", info="each with another seed")
        with gr.Row(elem_classes="buttons-row"):
            go = gr.Button("Resume from here", variant="primary", scale=0, min_width=200)
            which = gr.Button("Which fact mattered?", scale=0, min_width=280)
            stop = gr.Button("Stop", scale=0, min_width=120)
        columns, removals = gr.HTML(elem_classes="columns-box"), gr.HTML()
    jobs = gr.State(JobList[Job]())

    async def end(_: Site, jobs: JobList[Job]) -> None:
        jobs.stop()

    place, edits = [attempt, step], [known, goals, question, model, temperature, max_steps]
    go.click(handler(site, resume_forks), [jobs, forks, *place, *edits], columns, **EVENT_DEFAULTS)
    removing = which.click(handler(site, remove_each_fact), [*place, *edits], removals, **EVENT_DEFAULTS)
    stop.click(handler(site, end), jobs, None, queue=False, **EVENT_DEFAULTS)
    stop.click(None, cancels=[removing])
    return ForkPanel((*edits, note), (columns, removals))


def boxes(site: Site, attempt: object, step: object) -> tuple[object, ...]:
    """The contents of the boxes for one step: known, next, question, model, temperature, most steps, and the note.

    A read-only page has no boxes.
    """
    if site.read_only:
        return ()
    try:
        parent, fork = fork_in_view(site, attempt, step)
    except UserError:
        return "", "", "", gr.skip(), gr.skip(), gr.skip(), note_html(NOTE)
    spec, names = parent.spec, site.backends.names()
    in_words = isinstance(fork.memory, TextMemory)
    editable = in_words and is_resumable(parent)
    known, goals = memory_lines(fork)
    return (
        gr.update(value=known, interactive=editable),
        gr.update(value=goals, interactive=editable),
        sanitize(spec.question.text),
        gr.update(choices=names, value=spec.model if spec.model in names else names[0]),
        spec.settings.temperature,
        spec.settings.max_steps,
        note_html(NOTE if editable else NOT_RESUMABLE if in_words else VECTORS),
    )


async def resume_forks(site: Site, jobs: JobList[Job], number: int, *values: Any) -> AsyncGenerator[Markup]:
    """Resume ``number`` forks of the step as edited; they are shown beside their parent as they grow.

    ``values`` are those of ``ForkEdits``.
    """
    edits = ForkEdits(*values)
    try:
        parent, fork, question, settings = edited_fork(site, edits)
        headings = ["Fork"] if number == 1 else [f"Fork {index}" for index in range(1, number + 1)]
        column, job = Column("Parent", stored_view(site.store, parent.id)), Job(number)
        jobs.add(job)
        yield _forks_html(column, fork, headings, job)
        streams = partial(_streams, site, edits.model, parent, fork, question, settings, number)
        async with aclosing(job.follow(streams)) as changes:
            async for _ in changes:
                yield _forks_html(column, fork, headings, job)
    except UserError as error:
        yield alert_html(str(error))


async def remove_each_fact(site: Site, *values: Any) -> AsyncGenerator[Markup]:
    """Resume once without each known fact; the table of those that flip the answer, as it grows.

    ``values`` are those of ``ForkEdits``.
    """
    edits, found = ForkEdits(*values), list[Removal]()
    try:
        parent, fork, question, settings = edited_fork(site, edits)
        total = len(fork.memory.known) if isinstance(fork.memory, TextMemory) else 0
        backend = await site.backend_for(edits.model, parent.spec.strategy)
        yield status_html("Resuming with every fact …")
        removals = remove_facts(fork, question, parent.spec.strategy, backend, settings, site.store)
        async with aclosing(removals):
            async for removal in removals:
                found.append(removal)
                yield removals_html(found, total, parent)
    except UserError as error:
        yield alert_html(str(error))


@dataclass(frozen=True, slots=True)
class ForkEdits:
    """The contents of the boxes of the panel, as they come from the page; ``known`` and ``next`` are lines."""

    attempt: object
    step: object
    known: str | None
    next: str | None
    question: str | None
    model: str
    temperature: float | None
    max_steps: float | None


def fork_in_view(site: Site, attempt: object, step: object) -> tuple[Attempt, Fork]:
    """The attempt in view, and the fork that its step in view stands for; both come from the page as they are.

    Raises:
        BadInput: No step is in view.
        StoreError: There is no such attempt or step.
    """
    try:
        parent, index = site.store.attempt(int(float(str(attempt)))), int(float(str(step)))
        taken = [site.store.record(parent.id, at) for at in (index, index - 1) if at >= 0]
        return parent, fork_at(parent, taken[::-1])
    except (ValueError, OverflowError):
        raise BadInput("There is no step in view: open an attempt first.") from None


def memory_lines(fork: Fork) -> tuple[str, str]:
    """The known facts and the goals as the contents of their two boxes; a memory of vectors leaves them empty."""
    memory = fork.memory if isinstance(fork.memory, TextMemory) else TextMemory()
    return sanitize("\n".join(memory.known)), sanitize("\n".join(memory.next))


def edited_fork(site: Site, edits: ForkEdits) -> tuple[Attempt, Fork, Question, Settings]:
    """The parent and the edited fork, question and settings; an untouched box stands for exactly what was stored.

    Raises:
        UserError: There is no such step, or the question or a setting cannot be used.
    """
    parent, fork = fork_in_view(site, edits.attempt, edits.step)
    spec = parent.spec
    if isinstance(fork.memory, TextMemory):
        known, goals = memory_lines(fork)
        memory = TextMemory(
            fork.memory.known if edits.known == known else _entries(edits.known),
            fork.memory.next if edits.next == goals else _entries(edits.next),
        )
        fork = replace(fork, memory=memory)
    shown = sanitize(spec.question.text)
    text = spec.question.text if edits.question == shown else check_question(edits.question or "")
    given = {"temperature": edits.temperature, "max_steps": edits.max_steps}
    chosen = {name: value for name, value in given.items() if value is not None}
    settings = site.settings_for(spec.strategy, spec.settings.model_dump() | chosen)
    return parent, fork, replace(spec.question, text=text), settings


def _entries(text: str | None) -> tuple[str, ...]:
    return tuple(line.strip() for line in (text or "").splitlines() if line.strip())


async def _streams(
    site: Site, model: str, parent: Attempt, fork: Fork, question: Question, settings: Settings, number: int
) -> Streams:
    backend = await site.backend_for(model, parent.spec.strategy)
    return resume_with_seeds(fork, question, parent.spec.strategy, backend, settings, site.store, number)


def _forks_html(parent: Column, fork: Fork, headings: Sequence[str], job: Job) -> Markup:
    forks = [Column(*each) for each in zip(headings, job.views, strict=True)]
    return fork_columns_html(parent, fork, forks)
