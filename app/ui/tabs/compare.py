"""The Compare tab: one question under several strategies or models at once, and two runs question by question.

``side_by_side`` and ``compared`` are what its buttons do, as plain functions from what was chosen to HTML.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial

import gradio as gr

from app.errors import BadInput
from app.session import check_question, check_strategy, solve
from app.store.search import SCORER
from app.streams import together
from app.ui.bindings import QUIET, around
from app.ui.html.columns import Column, columns_html, settled
from app.ui.html.runs import comparison_html, pairs_html, pairs_of, run_choices
from app.ui.html.tables import note_html
from app.ui.html.text import alert_html
from app.ui.site import Site
from evals.results import pair
from evals.scoring import GSM8K_SCORERS
from graphs import STRATEGIES
from prompts.values import Question, UserError

NONE = "none"
DEFAULTS = ("isump", "cot", NONE)
FLIPS, ALL = "flips only", "all questions"
Columns = tuple[Column, ...]


def build(site: Site) -> None:
    """Draw the tab inside the current context; a read-only page has only the second half."""
    if not site.read_only:
        gr.HTML("<h2>One question, several ways</h2>")
        _build_live(site)
    gr.HTML("<h2>Two runs, question by question</h2>")
    _build_runs(site)


async def side_by_side(site: Site, text: str | None, *chosen: str | None) -> AsyncGenerator[tuple[str, Columns]]:
    """Ask one question in each of the ways ``chosen`` (strategy, model, strategy, model ...), all at once."""
    columns: Columns = ()
    try:
        question = Question("asked", check_question(text or ""))
        ways = [(s, e) for s, e in zip(chosen[::2], chosen[1::2], strict=True) if s and e and s != NONE]
        if len(ways) < 2:
            raise BadInput("There is nothing to compare: choose at least two strategies.")
        columns = tuple(Column(f"{strategy}, {engine}") for strategy, engine in ways)
        yield site.public(columns_html(columns)), columns
        about = [(check_strategy(s), await site.engines.get(e), site.settings_for(s)) for s, e in ways]
        streams = [solve(question, *each, site.store) for each in about]
        async with aclosing(together(streams)) as arriving:
            async for place, event in arriving:
                columns = (*columns[:place], columns[place].after(event), *columns[place + 1 :])
                yield site.public(columns_html(columns)), columns
    except UserError as error:
        yield alert_html(site.public(str(error))), ()


async def as_it_ended(site: Site, columns: Columns) -> str | object:
    """The columns once nothing runs any more, also when a visitor stopped it."""
    if not columns:
        return gr.skip()
    return site.public(columns_html(await settled(site.store, columns)))


def compared(site: Site, number_a: int | None, number_b: int | None, scorer: str, shown: str) -> str:
    """Run b against run a: the paired statistics, and the questions they flip on or all of them."""
    try:
        if number_a is None or number_b is None or number_a == number_b:
            raise BadInput("Two runs are needed: choose a baseline, and another run to hold against it.")
        a, b = site.store.run(number_a), site.store.run(number_b)
        comparison = pair(site.store, a, b, scorer)
        pairs = pairs_of(site.store.items(a.id), site.store.items(b.id))
    except UserError as error:
        return alert_html(site.public(str(error)))
    if shown == FLIPS:
        flipped = {*comparison.flips.gained, *comparison.flips.lost}
        pairs = [each for each in pairs if each.question_id in flipped]
    names = (f"{a.spec.strategy} (run {a.id})", f"{b.spec.strategy} (run {b.id})")
    return site.public(comparison_html(comparison, *names) + pairs_html(pairs, comparison.flips, scorer, *names))


def _build_live(site: Site) -> None:
    question = gr.Textbox(label="Question", lines=3, max_lines=10, placeholder="Write a question of a few steps.")
    names, chosen = site.engines.names(), list[gr.Dropdown]()
    with gr.Row():
        for number, default in enumerate(DEFAULTS, 1):
            offered = [*STRATEGIES] if default != NONE else [NONE, *STRATEGIES]
            with gr.Column(min_width=240):
                chosen += [
                    gr.Dropdown(offered, value=default, label=f"Strategy {number}"),
                    gr.Dropdown(names, value=names[0], label=f"Model {number}"),
                ]
    with gr.Row():
        begin = gr.Button("Compare", variant="primary", scale=0, min_width=200)
        stop = gr.Button("Stop", scale=0, min_width=120)
    view = gr.HTML(note_html("The attempts will stand here, side by side."), elem_classes="columns-box")
    columns = gr.State(())
    running = begin.click(partial(side_by_side, site), [question, *chosen], [view, columns], **QUIET)
    running.then(partial(as_it_ended, site), columns, view, **QUIET)
    stop.click(None, cancels=[running])


def _build_runs(site: Site) -> None:
    with gr.Row():
        baseline = gr.Dropdown(run_choices(site.store.runs()), value=None, label="Baseline run")
        other = gr.Dropdown(run_choices(site.store.runs()), value=None, label="Run held against it")
        scorer = gr.Dropdown(list(GSM8K_SCORERS), value=SCORER, label="Judged by")
        shown = gr.Radio([FLIPS, ALL], value=FLIPS, label="Questions")
    with gr.Row():
        begin = gr.Button("Compare the runs", variant="primary", scale=0, min_width=200)
    view = gr.HTML(note_html("Choose two runs of the same task."), elem_classes="comparison-box")
    begin.click(partial(compared, site), [baseline, other, scorer, shown], view, **QUIET)

    def fresh() -> tuple[object, object]:
        choices = gr.update(choices=run_choices(site.store.runs()))
        return choices, choices

    around(gr.Tab).select(fresh, None, [baseline, other], **QUIET)
