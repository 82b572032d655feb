"""The Solve tab: ask a question and watch its attempt step by step; stop it, or ask another meanwhile.

``build(site)`` draws it; the ``*_box_html`` functions make what its boxes show.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

import gradio as gr
from markupsafe import Markup

from app.attempt_view import AttemptView
from app.errors import BadInput
from app.session import solve
from app.store.records import Record, usages
from app.text import count
from app.ui.bindings import EVENT_DEFAULTS, handler
from app.ui.html.charts import context_chart
from app.ui.html.plot import chart_html
from app.ui.html.steps import answer_html, step_card_html
from app.ui.html.tables import attempt_link, brief
from app.ui.html.text import alert_html, escaped, joined, markup, note_html, status_html
from app.ui.jobs import JobList, QuestionJob, Streams
from app.ui.site import Site
from app.ui.tabs import controls
from graphs import DEFAULT, STRATEGIES, find_strategy
from prompts.clean import check_question
from prompts.values import Question

EXAMPLES = {
    "Arithmetic": "Mira plants 4 rows of 12 tulips. A third of them do not come up, and she gives 5 of the others to a "
    "neighbour. How many tulips are left in her garden?",
    "A book": "Lea reads 14 pages on Monday, twice as many on Tuesday, and 9 fewer on Wednesday than on Tuesday. Her "
    "book has 120 pages. How many pages are left to read?",
    "A lift": "A lift starts on floor 3. It goes up 9 floors, then down 5, and then up twice as many floors as it went "
    "down. On which floor does it stop?",
    "Who is older": "Tom is older than Ann. Ann is older than Sue. Sue is older than Max. Who is the second oldest?",
}
SHOWN = 100
"""Steps in view while an attempt runs; the trace has all of them."""


def answer_box_html(view: AttemptView | None) -> Markup:
    """The status line, the answer, or the reason why there is none; ``None`` stands for no question yet."""
    if view is None:
        return note_html("The answer will appear here.")
    link = Markup()
    if view.number is not None:
        link = markup("<p>Every prompt, step by step: {}</p>", attempt_link(view.number))
    if view.attempt:
        return answer_html(view.attempt, view.costs) + link
    if view.stopped:
        when = f"after {count(len(view.records), 'step')}" if view.records else "before the first step"
        return status_html(f"Stopped {when}; what was done is kept.") + link
    if view.error is not None:
        return alert_html(view.error) + link
    return markup('<div class="thinking">{}</div>{}', status_html(_progress(view)), link)


def steps_box_html(records: Sequence[Record]) -> Markup:
    """The thoughts in order, each with the memory written after it; the newest is kept in view."""
    rounds: list[Markup] = []
    for record in records[-SHOWN:]:
        card = step_card_html(record)
        if record.step.verb == "summarize" and rounds:
            rounds[-1] += markup('<div class="nested">{}</div>', card)
        else:
            rounds.append(card)
    items = joined(markup('<li class="round">{}</li>', each) for each in rounds)
    if not rounds:
        words = "Each thought will appear here, with what we know and what to do next."
        items = markup("<li>{}</li>", note_html(words))
    elif len(records) > SHOWN:
        words = f"The first {len(records) - SHOWN:,} steps are in the trace."
        items = markup("<li>{}</li>{}", note_html(words), items)
    box = '<div class="steps" tabindex="0" role="region" aria-label="Steps"><ol class="rounds">{}</ol></div>'
    return markup(box, items)


def chart_box_html(records: Sequence[Record]) -> Markup:
    """The context of each call of the model, beside what it would have been with the full history."""
    return chart_html(context_chart(usages(records)))


def questions_box_html(jobs: JobList[QuestionJob]) -> Markup:
    """The visitor's questions, once there is more than one, each with how it ended."""
    begun = [(each.view.number, each) for each in jobs.newest if each.view.number is not None]
    if len(begun) < 2:
        return Markup()
    rows = joined(
        markup("<li>{} {} <strong>{}</strong></li>", attempt_link(number), brief(each.text), _outcome(each.view))
        for number, each in begun
    )
    return markup('<section class="questions"><h2>Your questions</h2><ul>{}</ul></section>', rows)


def build(site: Site) -> None:
    """Draw the tab inside the current context."""
    jobs = gr.State(JobList[QuestionJob]())
    with gr.Row():
        with gr.Column(scale=3, min_width=320):
            with gr.Row(elem_classes="question-row"):
                question = gr.Textbox(
                    label="Question",
                    lines=5,
                    max_lines=14,
                    placeholder="Write a question that takes a few steps, or take an example.",
                )
            with gr.Row(elem_classes="examples-row"):
                examples = [(gr.Button(f"Example: {name}", size="sm"), text) for name, text in EXAMPLES.items()]
            with gr.Row(elem_classes="buttons-row"):
                begin = gr.Button("Solve", variant="primary")
                stop = gr.Button("Stop", interactive=False)
            answer = gr.HTML(answer_box_html(None), elem_classes="answer-box")
        with gr.Column(scale=2, min_width=320):
            strategy = gr.Dropdown([*STRATEGIES], value=DEFAULT, label="Strategy", info=STRATEGIES[DEFAULT].help)
            model = gr.Dropdown(site.backends.names(), label="Model")
            settings = controls.build(site)
    with gr.Row():
        with gr.Column(scale=3, min_width=320):
            steps = gr.HTML(steps_box_html(()))
        with gr.Column(scale=2, min_width=320):
            chart = gr.HTML(chart_box_html(()), elem_classes="chart-box")
            questions = gr.HTML(elem_classes="questions-box")

    async def ask(
        site: Site, jobs: JobList[QuestionJob], text: str | None, strategy: str, model: str, *chosen: Any
    ) -> AsyncGenerator[tuple[Any, ...]]:
        job = QuestionJob(text or "")
        jobs.add(job)
        settings = controls.chosen(chosen)
        yield *_boxes(job), questions_box_html(jobs), gr.Button(interactive=True)
        async with aclosing(job.follow(partial(_streams, site, job.text, strategy, model, settings))) as changes:
            async for _ in changes:
                boxes = _boxes(job) if jobs.newest[0] is job else (gr.skip(), gr.skip(), gr.skip())
                yield *boxes, questions_box_html(jobs), gr.Button(interactive=bool(jobs.running))

    async def end(_: Site, jobs: JobList[QuestionJob]) -> None:
        jobs.stop()  # async, because tasks may be cancelled in the thread of their loop only

    def explain(site: Site, name: str | None) -> tuple[Any, ...]:
        return gr.Dropdown(info=find_strategy(name or "").help), *controls.of_strategy(site, name or "")

    inputs = [jobs, question, strategy, model, *settings]
    outputs = [answer, steps, chart, questions, stop]
    begin.click(handler(site, ask), inputs, outputs, trigger_mode="multiple", **EVENT_DEFAULTS)
    stop.click(handler(site, end), jobs, None, queue=False, **EVENT_DEFAULTS)
    strategy.input(handler(site, explain), strategy, [strategy, *settings], queue=False, **EVENT_DEFAULTS)
    for button, text in examples:
        button.click(lambda text=text: text, None, question, queue=False, **EVENT_DEFAULTS)


async def _streams(site: Site, text: str, strategy: str, model: str, chosen: dict[str, Any]) -> Streams:
    if not text.strip():
        raise BadInput("There is no question: write one, or take an example.")
    question, settings = Question("asked", check_question(text)), site.settings_for(strategy, chosen)
    backend = await site.backend_for(model, strategy)
    return [solve(question, strategy, backend, settings, site.store)]


def _boxes(job: QuestionJob) -> tuple[Markup, Markup, Markup]:
    view = job.view
    return answer_box_html(view), steps_box_html(view.records), chart_box_html(view.records)


def _progress(view: AttemptView) -> str:
    if view.number is None:
        return "Opening the model …"
    if not view.records:
        return "Thinking …"
    last = view.records[-1].step
    return f"Thinking, after thought {last.round} …" if last.verb == "summarize" else f"Thought {last.round} is there …"


def _outcome(view: AttemptView) -> Markup:
    if view.attempt:
        return brief(view.attempt.answer or "no answer")
    return escaped("stopped" if view.stopped else "error" if view.over else "thinking …")
