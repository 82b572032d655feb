"""Inside the step view: edit what we know, what to do next or the question, run on from there, and see what changes.

``boxes`` is what a step is shown with, ``run_on`` and ``facts`` what the buttons do, as functions of plain values.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import gradio as gr
from gradio.components import Component

from app.ablation import Removal, again, which_mattered
from app.fork import LOOPS, Fork
from app.sanitize import sanitize
from app.streams import together
from app.ui.bindings import QUIET
from app.ui.html.columns import Column, forked_html, settled, stored
from app.ui.html.removals import mattered_html
from app.ui.html.tables import note_html, status_html
from app.ui.html.text import alert_html
from app.ui.site import Site
from app.ui.tabs.fork_edits import Edits, checkpoint, edited, lines
from prompts.memories import TextMemory
from prompts.values import UserError

MOST_RUNS = 8
NOTE = "Edit what the next thought will see, then run on from here. The attempt itself stays as it is."
NO_LOOP = "This strategy keeps no memory between steps: edit the question, and it begins again."
VECTORS = "This memory is of vectors and cannot be edited in words: it is run on from as it is."


@dataclass(frozen=True, slots=True)
class Forked:
    """Forks beside their parent, as far as they have come."""

    parent: Column
    fork: Fork
    forks: tuple[Column, ...]

    def html(self) -> str:
        """The whole view."""
        return forked_html(self.parent, self.fork, self.forks)


@dataclass(frozen=True, slots=True)
class ForkPanel:
    """What whoever shows a step sends along: what the ``boxes`` hold there, and views emptied for another attempt."""

    boxes: tuple[Component, ...]
    views: tuple[Component, ...]


def build(site: Site, attempt: gr.Number, step: gr.Slider) -> ForkPanel:
    """Draw the panel for the step that ``attempt`` and ``step`` show; a read-only page has none."""
    if site.read_only:
        return ForkPanel((), ())
    with gr.Accordion("Change this step and run on", open=False):
        note = gr.HTML(note_html(NOTE))
        with gr.Row():
            known = gr.Textbox(label="What we know", info="one fact a line", lines=5, max_lines=12)
            goals = gr.Textbox(label="What to do next", info="one goal a line", lines=5, max_lines=12)
        asked = gr.Textbox(label="The question", lines=2, max_lines=8)
        with gr.Row():
            engine = gr.Dropdown(site.engines.names(), label="Model of the fork")
            warmth = gr.Number(0, label="Temperature", info="at 0 every run is the same")
            most = gr.Number(12, label="Most steps", info="those before the fork count", precision=0)
            times = gr.Slider(1, MOST_RUNS, 1, step=1, precision=0, label="Runs", info="each with another seed")
        with gr.Row():
            go = gr.Button("Run on from here", variant="primary", scale=0, min_width=200)
            which = gr.Button("Which fact mattered?", scale=0, min_width=280)
            stop = gr.Button("Stop", scale=0, min_width=120)
        forked, mattered = gr.HTML(elem_classes="columns-box"), gr.HTML()
    shown = gr.State(None)
    where, edits = [attempt, step], [known, goals, asked, engine, warmth, most]
    running = go.click(partial(run_on, site), [times, *where, *edits], [forked, shown], **QUIET)
    running.then(partial(as_it_ended, site), shown, forked, **QUIET)
    asking = which.click(partial(facts, site), [*where, *edits], mattered, **QUIET)
    stop.click(None, cancels=[running, asking])
    return ForkPanel((*edits, note), (forked, mattered))


def boxes(site: Site, attempt: object, step: object) -> tuple[object, ...]:
    """What the boxes hold for one step: what we know, what to do next, the question, model, warmth, steps, a note.

    A read-only page has no boxes.
    """
    if site.read_only:
        return ()
    try:
        parent, fork = checkpoint(site, attempt, step)
    except UserError:
        return "", "", "", gr.skip(), gr.skip(), gr.skip(), note_html(NOTE)
    spec, names = parent.spec, site.engines.names()
    editable = spec.strategy in LOOPS and isinstance(fork.memory, TextMemory)
    known, goals = lines(fork)
    note = NOTE if editable else NO_LOOP if isinstance(fork.memory, TextMemory) else VECTORS
    return (
        gr.update(value=known, interactive=editable),
        gr.update(value=goals, interactive=editable),
        sanitize(spec.question.text),
        gr.update(choices=names, value=spec.model if spec.model in names else names[0]),
        spec.settings.temperature,
        spec.settings.max_steps,
        note_html(note),
    )


async def run_on(site: Site, times: int, *values: Any) -> AsyncGenerator[tuple[str, Forked | None]]:
    """Run on from the step as edited (``values`` are those of ``Edits``); forks beside their parent, as they grow."""
    edits = Edits(*values)
    try:
        parent, fork, question, settings = edited(site, edits)
        backend = await site.engines.get(edits.engine)
        headings = ["Fork"] if times == 1 else [f"Fork {number}" for number in range(1, times + 1)]
        shown = Forked(stored(site.store, parent.id, "Parent"), fork, tuple(map(Column, headings)))
        yield site.public(shown.html()), shown
        streams = again(fork, question, parent.spec.strategy, backend, settings, site.store, times)
        async with aclosing(together(streams)) as arriving:
            async for place, event in arriving:
                grown = shown.forks[place].after(event)
                shown = replace(shown, forks=(*shown.forks[:place], grown, *shown.forks[place + 1 :]))
                yield site.public(shown.html()), shown
    except UserError as error:
        yield alert_html(site.public(str(error))), None


async def as_it_ended(site: Site, shown: Forked | None) -> object:
    """The forks once nothing runs any more, also when the visitor stopped it."""
    if shown is None:
        return gr.skip()
    return site.public(replace(shown, forks=await settled(site.store, shown.forks)).html())


async def facts(site: Site, *values: Any) -> AsyncGenerator[str]:
    """Run on once without each known fact (``values`` are those of ``Edits``); what flips the answer, as it grows."""
    edits, found = Edits(*values), list[Removal]()
    try:
        parent, fork, question, settings = edited(site, edits)
        total = len(fork.memory.known) if isinstance(fork.memory, TextMemory) else 0
        backend = await site.engines.get(edits.engine)
        yield status_html("Running on with nothing taken away …")
        removals = which_mattered(fork, question, parent.spec.strategy, backend, settings, site.store)
        async with aclosing(removals) as arriving:
            async for removal in arriving:
                found.append(removal)
                yield site.public(mattered_html(found, total, parent))
    except UserError as error:
        yield alert_html(site.public(str(error)))
