"""The Traces tab: find attempts, open one, and look into every step of it.

``build(site)`` draws it. ``listed``, ``opened`` and ``stepped`` are what is bound to its controls, as functions of
plain values; what they show is made by the pure functions of ``attempt`` and ``show``.
"""

from __future__ import annotations

from typing import Any, get_args

import gradio as gr

from app.errors import StoreError
from app.store.search import Only, Wanted
from app.ui.bindings import QUIET
from app.ui.html.attempt import (
    HEADS,
    LISTED,
    attempt_row,
    header_html,
    outputs_html,
    prompts_html,
    settings_html,
    step_html,
    steps_html,
)
from app.ui.html.steps import answer_html
from app.ui.html.text import alert_html
from app.ui.site import Site
from app.ui.tabs import fork_panel as fork
from prompts.values import UserError

ROWS = 50
"""Attempts on one page of the list."""

ONLY = {
    "every attempt": "",
    "wrong answers": "wrong",
    "no answer": "unanswered",
    "errors": "error",
    "hit the step limit": "steps spent",
    "invented numbers": "invented",
    "flipped between two runs": "flipped",
}
"""What may be shown only, and the filter of the store behind it."""

ANY, ANY_RUN, NO_RUN = ("any", ""), ("any", 0), ("none", 0)
"""What a filter offers that does not filter."""

_STEPPER = """
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-step]');
  if (button) trigger('select', {index: Number(button.dataset.step), value: button.dataset.step});
});
watch('value', () => {
  const here = element.querySelector('[aria-current]'), list = here && here.closest('ol');
  if (list) list.scrollTop = here.offsetTop - list.offsetTop - list.clientHeight / 2;
});
"""
_WIDTHS: list[str | int] = ["85px", "360px", "95px", "195px", "120px", "145px", "70px", "146px"]
_FAST: dict[str, Any] = QUIET | {"queue": False}
_LAST: dict[str, Any] = _FAST | {"trigger_mode": "always_last"}  # a click while another is answered is not lost


def build(site: Site) -> None:
    """Draw the tab inside the current context; it opens the attempt that the page's address names, or the newest."""
    with gr.Row(elem_classes="filters"):
        words = gr.Textbox(
            label="Words",
            placeholder="in questions, thoughts and memories",
            scale=3,
            min_width=220,
            submit_btn="Search",
        )
        only = gr.Dropdown(list(ONLY.items()), value="", label="Show", scale=2, min_width=180)
    with gr.Row(elem_classes="filters"):
        strategy = gr.Dropdown([ANY], value="", label="Strategy", min_width=140)
        task = gr.Dropdown([ANY], value="", label="Task", min_width=140)
        run = gr.Dropdown([ANY_RUN], value=0, label="Run", min_width=180)
        other = gr.Dropdown([NO_RUN], value=0, label="Flipped against run", min_width=180)
    table = gr.Dataframe(
        headers=list(HEADS),
        datatype=["number", "str", "str", "str", "str", "str", "number", "str"],
        type="array",
        interactive=False,
        label="Attempts, newest first: choose one to open it",
        column_widths=_WIDTHS,
        max_height=380,
        buttons=[],
        elem_classes="attempts-box",
    )
    place = gr.State(0)
    with gr.Row(elem_classes="pager"):
        newer = gr.Button("Newer", size="sm", scale=0, min_width=110)
        counted = gr.HTML(elem_classes="pager-text")
        older = gr.Button("Older", size="sm", scale=0, min_width=110)

    with gr.Row(elem_classes="trace"):
        with gr.Column(scale=1, min_width=260):
            attempt = gr.Number(label="Attempt", precision=0)
            steps = gr.HTML(js_on_load=_STEPPER, elem_classes="stepper-box")
        with gr.Column(scale=3, min_width=320):
            head = gr.HTML(elem_classes="question-box")
            answer = gr.HTML()
            with gr.Row(elem_classes="pager"):
                before = gr.Button("Previous step", size="sm", min_width=110)
                after = gr.Button("Next step", size="sm", min_width=110)
            # Its bound is not known before an attempt is open, and a link may ask for any step.
            step = gr.Slider(0, 100_000, 0, step=1, precision=0, label="Step (0 is the first)", buttons=[])
            body = gr.HTML(elem_classes="step-box")
            with gr.Accordion("The prompt, exactly as it was sent", open=False):
                prompt = gr.HTML()
            with gr.Accordion("The reply, raw, with its tokens, time and retries", open=False):
                output = gr.HTML()
            with gr.Accordion("Settings of the attempt", open=False):
                settings = gr.HTML()
    panel = fork.build(site, attempt, step)

    filters, list_view = [words, only, run, other, task, strategy], [table, counted, place]
    step_view = [steps, body, prompt, output, *panel.boxes]
    attempt_view = [*panel.views, step, head, answer, settings, *step_view]

    def find(*chosen: Any) -> tuple[object, ...]:
        return listed(site, wanted(*chosen), 0)

    def page(by: int, *chosen: Any) -> tuple[object, ...]:
        return listed(site, wanted(*chosen[:-1]), max(0, chosen[-1] + by))

    def pick(event: gr.SelectData) -> tuple[object, ...]:
        number = _whole(event.row_value[0])
        return (number, *open_at(number, 0))

    def open_at(number: object, at: object) -> tuple[object, ...]:
        return (*("" for _ in panel.views), *opened(site, number, at))

    def show(number: object, at: int) -> tuple[object, ...]:
        at = max(0, min(at, site.store.step_count(_whole(number)) - 1))
        return (at, *stepped(site, number, at))

    def pick_step(number: object, event: gr.SelectData) -> tuple[object, ...]:
        return show(number, _whole(event.index))

    def first(request: gr.Request) -> tuple[object, ...]:
        if "attempt" in request.query_params:
            number, at = (_whole(request.query_params.get(name)) for name in ("attempt", "step"))
        else:
            newest = site.store.find(Wanted(), 1)
            number, at = newest[0].attempt if newest else 0, 0
        return (*choices(site), *listed(site, Wanted(), 0), number or None, *open_at(number, at))

    gr.on(None, first, None, [run, other, task, strategy, *list_view, attempt, *attempt_view], **_FAST)
    gr.on([words.submit, *(box.input for box in filters[1:])], find, filters, list_view, **_LAST)
    gr.on(words.submit, lambda: choices(site), None, [run, other, task, strategy], **_FAST)
    newer.click(lambda *chosen: page(-1, *chosen), [*filters, place], list_view, **_FAST)
    older.click(lambda *chosen: page(1, *chosen), [*filters, place], list_view, **_FAST)
    table.select(pick, None, [attempt, *attempt_view], **_LAST)
    # What a person does is answered here, and what a handler sets it shows itself: a change would be answered twice.
    shown: dict[str, Any] = _LAST | {"inputs": [attempt, step], "preprocess": False}
    attempt.input(lambda number, _: open_at(number, 0), outputs=attempt_view, **shown)
    step.input(lambda number, at: stepped(site, number, at), outputs=step_view, **shown)
    before.click(lambda number, at: show(number, _whole(at) - 1), outputs=[step, *step_view], **shown)
    after.click(lambda number, at: show(number, _whole(at) + 1), outputs=[step, *step_view], **shown)
    steps.select(pick_step, attempt, [step, *step_view], preprocess=False, **_LAST)


def wanted(words: str, only: str, run: int, other: int, task: str, strategy: str) -> Wanted:
    """The filters as the store takes them."""
    kind = next((kind for kind in get_args(Only) if kind == only), None)
    return Wanted(words, run or None, task or None, strategy or None, kind, other or None)


def listed(site: Site, wanted: Wanted, page: int) -> tuple[object, ...]:
    """One page of the attempts that are wanted: the rows, which they are (or why there are none), and the page."""
    try:
        total = site.store.count(wanted)
        page = min(page, max(0, (total - 1) // ROWS))
        rows = [attempt_row(found, site.public) for found in site.store.find(wanted, ROWS, page * ROWS)]
    except UserError as error:
        return [], alert_html(site.public(str(error))), 0
    counted = f"{page * ROWS + 1:,} to {page * ROWS + len(rows):,} of {total:,} attempts" if rows else "No attempts."
    return rows, f'<p class="status" role="status">{counted}</p>', page


def choices(site: Site) -> tuple[gr.Dropdown, ...]:
    """What the filters run, other run, task and strategy offer; what was chosen stays."""
    runs = [(f"{run.id}: {run.spec.strategy} on {run.spec.task}", run.id) for run in reversed(site.store.runs())]
    tasks = sorted({run.spec.task for run in site.store.runs()})
    numbered = gr.Dropdown([("any", 0), *runs])
    named = (
        gr.Dropdown([("any", ""), *((name, name) for name in names)]) for names in (tasks, site.store.strategies())
    )
    return numbered, gr.Dropdown([("none", 0), *runs]), *named


def opened(site: Site, number: object, at: object) -> tuple[object, ...]:
    """An attempt at one of its steps: the slider, question, answer, settings, and what ``stepped`` shows."""
    attempt = _whole(number)
    if not attempt:
        nothing = '<p class="status">Choose an attempt above to look into it.</p>'
        return _no_steps(), nothing, *[""] * 6, *fork.boxes(site, attempt, 0)
    try:
        found, store = site.store.attempt(attempt), site.store
        total = store.step_count(attempt)
        place = max(0, min(_whole(at), total - 1))
        answer = answer_html(found, store.costs(attempt), store.scores(attempt))
        shown = stepped(site, attempt, place)
    except StoreError:
        gone = alert_html(f"Attempt {attempt} cannot be shown: there is none of that number here.")
        return _no_steps(), gone, *[""] * 6, *fork.boxes(site, attempt, 0)
    slider = gr.Slider(maximum=max(total - 1, 1), value=place, interactive=total > 1)
    return slider, site.public(header_html(found)), site.public(answer), settings_html(found), *shown


def stepped(site: Site, number: object, at: object) -> tuple[object, ...]:
    """One step of an attempt: the list of steps around it, the step, its prompts, its replies, the boxes to edit it."""
    attempt, store = _whole(number), site.store
    total = store.step_count(attempt)
    place = max(0, min(_whole(at), total - 1))
    outline = store.outline(attempt, max(0, min(place - LISTED // 2, total - LISTED)), LISTED)
    listing = steps_html(outline, place, total, store.first_faults(attempt))
    boxes = fork.boxes(site, attempt, place)
    if not total:
        return listing, "", "", "", *boxes
    record = store.record(attempt, place)
    calls = record.step.calls
    return listing, step_html(attempt, record, total), prompts_html(calls), site.public(outputs_html(calls)), *boxes


def _no_steps() -> gr.Slider:
    return gr.Slider(maximum=1, value=0, interactive=False)  # a slider that cannot slide has to have room all the same


def _whole(value: object) -> int:
    """A number from the page as a whole one that SQLite can hold; 0 for anything else."""
    try:
        return max(0, min(int(float(str(value))), 2**53))
    except (ValueError, OverflowError):
        return 0
