"""The Compare tab: one question under several strategies or models at once, and two runs question by question.

``compare_strategies`` and ``compare_runs`` are what its buttons do, as functions from what was chosen to HTML.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import partial

import gradio as gr
from markupsafe import Markup

from app.errors import BadInput
from app.session import solve
from app.ui.bindings import EVENT_DEFAULTS, enclosing, handler
from app.ui.html.columns import Column, columns_html
from app.ui.html.runs import comparison_html, pairs_html
from app.ui.html.text import alert_html, markup, note_html
from app.ui.jobs import Job, JobList, Streams
from app.ui.site import Site
from app.ui.tabs.runs import chosen_run, run_choices, scorer_choices
from evals.results import common_items, pair
from graphs import DEFAULT, STRATEGIES
from prompts.clean import check_question
from prompts.values import Question, UserError

NONE = "none"
PRESELECTED = (DEFAULT, "cot", NONE)
FLIPS, ALL = "flips only", "all questions"


def build(site: Site) -> None:
    """Draw the tab inside the current context; a read-only page has only the second half."""
    if not site.read_only:
        gr.HTML(markup("<h2>One question, several ways</h2>"))
        _build_strategies(site)
    gr.HTML(markup("<h2>Two runs, question by question</h2>"))
    _build_runs(site)


async def compare_strategies(
    site: Site, jobs: JobList[Job], text: str | None, *chosen: str | None
) -> AsyncGenerator[Markup]:
    """Ask one question in each of the ways ``chosen`` (strategy, model, strategy, model ...), all at once."""
    try:
        question = Question("asked", check_question(text or ""))
        ways = [(s, m) for s, m in zip(chosen[::2], chosen[1::2], strict=True) if s and m and s != NONE]
        if len(ways) < 2:
            raise BadInput("There is nothing to compare: choose at least two strategies.")
        job, headings = Job(len(ways)), [f"{strategy}, {model}" for strategy, model in ways]
        jobs.add(job)
        yield _columns_html(headings, job)
        async with aclosing(job.follow(partial(_streams, site, question, ways))) as changes:
            async for _ in changes:
                yield _columns_html(headings, job)
    except UserError as error:
        yield alert_html(str(error))


def compare_runs(site: Site, number_a: object, number_b: object, scorer: str | None, shown: str | None) -> Markup:
    """Run b against run a: the paired statistics, and the questions they flip on or all of them.

    Without a ``scorer`` it is the primary one of run a.
    """
    try:
        if number_a is None or number_b is None or number_a == number_b:
            raise BadInput("Two runs are needed: choose a baseline, and another run to hold against it.")
        a, b = chosen_run(site, number_a), chosen_run(site, number_b)
        scorer = scorer or a.spec.primary
        comparison = pair(site.store, a, b, scorer)
        pairs = common_items(site.store.items(a.id), site.store.items(b.id))
    except UserError as error:
        return alert_html(str(error))
    if shown == FLIPS:
        flipped = {*comparison.flips.gained, *comparison.flips.lost}
        pairs = [each for each in pairs if each[0].question_id in flipped]
    names = (f"{a.spec.strategy} (run {a.id})", f"{b.spec.strategy} (run {b.id})")
    return comparison_html(comparison, *names) + pairs_html(pairs, comparison.flips, scorer, *names)


async def _streams(site: Site, question: Question, ways: Sequence[tuple[str, str]]) -> Streams:
    settings = [site.settings_for(strategy) for strategy, _ in ways]
    site.check_strategies(*(strategy for strategy, _ in ways))
    backends = [await site.backend_for(model, strategy) for strategy, model in ways]
    return [
        solve(question, strategy, backend, given, site.store)
        for (strategy, _), backend, given in zip(ways, backends, settings, strict=True)
    ]


def _columns_html(headings: Sequence[str], job: Job) -> Markup:
    return columns_html([Column(*each) for each in zip(headings, job.views, strict=True)])


def _build_strategies(site: Site) -> None:
    jobs = gr.State(JobList[Job]())
    question = gr.Textbox(label="Question", lines=3, max_lines=10, placeholder="Write a question of a few steps.")
    names, chosen = site.backends.names(), list[gr.Dropdown]()
    with gr.Row():
        for number, default in enumerate(PRESELECTED, 1):
            offered = [*STRATEGIES] if default != NONE else [NONE, *STRATEGIES]
            with gr.Column(min_width=240):
                chosen += [
                    gr.Dropdown(offered, value=default, label=f"Strategy {number}"),
                    gr.Dropdown(names, value=names[0], label=f"Model {number}"),
                ]
    with gr.Row(elem_classes="buttons-row"):
        begin = gr.Button("Compare", variant="primary", scale=0, min_width=200)
        stop = gr.Button("Stop", scale=0, min_width=120)
    view = gr.HTML(note_html("The attempts will appear here, one in each column."), elem_classes="columns-box")

    async def end(_: Site, jobs: JobList[Job]) -> None:
        jobs.stop()

    begin.click(handler(site, compare_strategies), [jobs, question, *chosen], view, **EVENT_DEFAULTS)
    stop.click(handler(site, end), jobs, None, queue=False, **EVENT_DEFAULTS)


def _build_runs(site: Site) -> None:
    choices = run_choices(site.store.runs())
    with gr.Row():
        baseline = gr.Dropdown(choices, value=None, label="Baseline run")
        other = gr.Dropdown(choices, value=None, label="Run held against it")
        scorer = gr.Dropdown([], value=None, label="Judged by")
        shown = gr.Radio([FLIPS, ALL], value=FLIPS, label="Questions")
    with gr.Row(elem_classes="buttons-row"):
        begin = gr.Button("Compare the runs", variant="primary", scale=0, min_width=200)
    view = gr.HTML(note_html("Choose two runs of the same questions."), elem_classes="comparison-box")
    begin.click(handler(site, compare_runs), [baseline, other, scorer, shown], view, **EVENT_DEFAULTS)

    def refresh(site: Site) -> tuple[object, object]:
        choices = gr.update(choices=run_choices(site.store.runs()))
        return choices, choices

    def offer_scorers(site: Site, number: object) -> object:
        if number is None:
            return gr.skip()
        names = scorer_choices(site, chosen_run(site, number))
        return gr.update(choices=names, value=names[0])

    enclosing(gr.Tab).select(handler(site, refresh), None, [baseline, other], **EVENT_DEFAULTS)
    baseline.change(handler(site, offer_scorers), baseline, scorer, **EVENT_DEFAULTS)
