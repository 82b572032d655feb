"""The Solve tab: ask a question and watch it being thought about, step by step; stop it; ask another meanwhile.

``build(site)`` draws it. What it shows is made by ``answer_part``, ``steps_part``, ``chart_part`` and ``asked_part``,
pure functions from what happened so far to HTML in which every word of a model is inert.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, get_args

import gradio as gr
from gradio.components import Component

from app.errors import BadInput
from app.session import Event, check_question, solve
from app.store.records import Record
from app.ui.bindings import QUIET
from app.ui.html.charts import context_chart
from app.ui.html.plot import chart_html
from app.ui.html.steps import answer_html, thought_html
from app.ui.html.tables import attempt_link, brief, note_html, status_html
from app.ui.html.text import alert_html
from app.ui.live import Asked, Desk
from app.ui.site import Site
from evals.formatting import count
from graphs import STRATEGIES
from prompts.settings import MemoryForm, Settings, Variant
from prompts.values import Question

EXAMPLES = {
    "Arithmetic": "Mira plants 4 rows of 12 tulips. A third of them do not come up, and she gives 5 of the others to a "
    "neighbour. How many tulips are left in her garden?",
    "What follows": "Every tarn is a velk. Every velk is a morrin. Every lorp is a dasp. No dasp is a morrin. Ilo is a "
    "tarn and Pia is a lorp. Is Ilo a morrin or a dasp?",
    "A walk": "I stand at a fountain and face north. I walk 3 steps, turn right, walk 4 steps, turn right again and "
    "walk 3 steps. How many steps away from the fountain am I?",
}
SETTINGS = ("step_tokens", "memory_tokens", "max_steps", "variant", "memory_form")
SHOWN = 100
"""Steps in view while thinking; the trace has all of them."""


def answer_part(asked: Asked | None, site: Site) -> str:
    """How a question stands: what is being done, the answer, or why there is none."""
    if asked is None:
        return note_html("The answer will stand here.")
    if asked.ended:
        return answer_html(asked.ended.attempt, asked.ended.costs) + _trace(asked)
    if asked.stopped:
        when = f"after {count(len(asked.records), 'step')}" if asked.records else "before the first step"
        return status_html(f"Stopped {when}; what was done is kept.") + _trace(asked)
    if asked.error:
        return alert_html(site.public(asked.error)) + _trace(asked)
    return f'<div class="thinking">{status_html(_doing(asked))}</div>{_trace(asked)}'


def steps_part(records: Sequence[Record]) -> str:
    """The thoughts in order, and inside each what was made of it; the newest stays in view."""
    rounds: list[str] = []
    for record in records[-SHOWN:]:
        body = thought_html(record)
        if record.step.verb == "summarize" and rounds:
            rounds[-1] += f'<div class="nested">{body}</div>'
        else:
            rounds.append(body)
    items = "".join(f'<li class="round">{body}</li>' for body in rounds if body)
    if not items:
        items = f"<li>{note_html('Each thought will appear here, with what we know and what to do next.')}</li>"
    elif len(records) > SHOWN:
        items = f"<li>{note_html(f'The first {len(records) - SHOWN:,} steps are in the trace.')}</li>{items}"
    return f'<div class="steps" tabindex="0" role="region" aria-label="Steps"><ol class="rounds">{items}</ol></div>'


def chart_part(records: Sequence[Record]) -> str:
    """How much each call of the model had to read, beside what the full history would have been."""
    return chart_html(context_chart(records))


def asked_part(desk: Desk) -> str:
    """The visitor's questions, once there is more than one, each with how it stands."""
    begun = [(asked.attempt, asked) for asked in desk.asked if asked.attempt is not None]
    if len(begun) < 2:
        return ""
    rows = "".join(
        f"<li>{attempt_link(number)} {brief(asked.text)} <strong>{_outcome(asked)}</strong></li>"
        for number, asked in begun
    )
    return f'<section class="asked"><h2>Your questions</h2><ul>{rows}</ul></section>'


def build(site: Site) -> None:
    """Draw the tab inside the current context."""
    desk = gr.State(Desk())
    with gr.Row():
        with gr.Column(scale=3, min_width=320):
            question = gr.Textbox(
                label="Question",
                lines=5,
                max_lines=14,
                placeholder="Write a question that takes a few steps, or take an example.",
            )
            with gr.Row():
                samples = [(gr.Button(f"Example: {name}", size="sm"), text) for name, text in EXAMPLES.items()]
            with gr.Row():
                begin = gr.Button("Solve", variant="primary")
                stop = gr.Button("Stop", interactive=False)
            answer = gr.HTML(answer_part(None, site), elem_classes="answer-box")
        with gr.Column(scale=2, min_width=320):
            strategy = gr.Dropdown([*STRATEGIES], value="isump", label="Strategy", info=STRATEGIES["isump"])
            engine = gr.Dropdown(site.engines.names(), label="Model")
            settings = _settings(site.settings)
    with gr.Row():
        with gr.Column(scale=3, min_width=320):
            steps = gr.HTML(steps_part(()))
        with gr.Column(scale=2, min_width=320):
            chart = gr.HTML(chart_part(()), elem_classes="chart-box")
            asked = gr.HTML(elem_classes="asked-box")

    async def ask(desk: Desk, text: str, strategy: str, engine: str, *chosen: Any) -> AsyncGenerator[tuple[Any, ...]]:
        mine = Asked(text or "")
        desk.add(mine)
        events = _attempt(site, mine.text, strategy, engine, dict(zip(SETTINGS, chosen, strict=True)))
        yield *_view(mine, site), asked_part(desk), gr.Button(interactive=True)
        async with aclosing(mine.follow(events)) as news:
            async for _ in news:
                in_view = desk.asked[0] is mine
                shown = _view(mine, site) if in_view else (gr.skip(), gr.skip(), gr.skip())
                yield *shown, asked_part(desk), gr.Button(interactive=bool(desk.running))

    async def end(desk: Desk) -> None:
        desk.stop()

    inputs = [desk, question, strategy, engine, *settings]
    begin.click(ask, inputs, [answer, steps, chart, asked, stop], trigger_mode="multiple", **QUIET)
    stop.click(end, desk, None, queue=False, **QUIET)
    strategy.input(lambda name: gr.Dropdown(info=STRATEGIES[name]), strategy, strategy, queue=False, **QUIET)
    for button, text in samples:
        button.click(lambda text=text: text, None, question, queue=False, **QUIET)


def _settings(given: Settings) -> list[Component]:
    """The controls of ``SETTINGS``, in that order."""
    shown = [
        _slider("Step budget (tokens)", "one thought is cut at the end of a sentence", given.step_tokens, 16, 512, 8),
        _slider("Memory budget (tokens)", "what we know and what to do next", given.memory_tokens, 32, 512, 8),
    ]
    with gr.Accordion("More settings", open=False):
        return [
            *shown,
            _slider("Most steps", "thoughts before an answer is asked for", given.max_steps, 1, 50, 1),
            gr.Dropdown(
                list(get_args(Variant)), value=given.variant, label="Calls of a step", info="memory apart, or fused"
            ),
            gr.Dropdown(
                list(get_args(MemoryForm)), value=given.memory_form, label="Form of the memory", info="lists or JSON"
            ),
        ]


def _slider(label: str, info: str, value: int, low: int, high: int, step: int) -> gr.Slider:
    return gr.Slider(min(low, value), max(high, value), value, step=step, precision=0, label=label, info=info)


async def _attempt(site: Site, text: str, strategy: str, engine: str, chosen: dict[str, Any]) -> AsyncGenerator[Event]:
    if not text.strip():
        raise BadInput("There is no question: write one, or take an example.")
    question, settings = Question("asked", check_question(text)), site.settings_for(strategy, **chosen)
    backend = await site.engines.get(engine)
    async with aclosing(solve(question, strategy, backend, settings, site.store)) as events:
        async for event in events:
            yield event


def _view(asked: Asked, site: Site) -> tuple[Any, ...]:
    return answer_part(asked, site), steps_part(asked.records), chart_part(asked.records)


def _doing(asked: Asked) -> str:
    if asked.attempt is None:
        return "Opening the model …"
    if not asked.records:
        return "Thinking …"
    last = asked.records[-1].step
    return f"Thinking, after thought {last.round} …" if last.verb == "summarize" else f"Thought {last.round} is there …"


def _outcome(asked: Asked) -> str:
    if asked.ended:
        return brief(asked.ended.attempt.answer or "no answer")
    return "stopped" if asked.stopped else "error" if asked.error else "thinking …"


def _trace(asked: Asked) -> str:
    return "" if asked.attempt is None else f"<p>Every prompt, step by step: {attempt_link(asked.attempt)}</p>"
