"""The Traces tab: find attempts, open one, and look into every step of it.

``build(site)`` draws it; ``show_attempt`` and ``show_step`` are what its controls do, as functions of plain values.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, get_args

import gradio as gr

from app.errors import StoreError
from app.store.search import AttemptFilter, OutcomeFilter
from app.ui.bindings import EVENT_DEFAULTS, event_handler, handler
from app.ui.html.attempt import HEADS, LISTED, attempt_cells, header_html, settings_html, step_html, stepper_html
from app.ui.html.calls import outputs_html, prompts_html
from app.ui.html.steps import answer_html
from app.ui.html.text import alert_html, note_html, status_html
from app.ui.site import Site
from app.ui.tabs import fork
from prompts.checks import CHECKS
from prompts.values import UserError

ROWS = 50
"""Attempts on one page of the list."""

ANY, ANY_RUN, NO_RUN = ("any", ""), ("any", 0), ("none", 0)
"""The first choices of the filters, which stand for no filter."""
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
_FAST: dict[str, Any] = EVENT_DEFAULTS | {"queue": False}
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
        only = gr.Dropdown(list(shown_only().items()), value="", label="Show", scale=2, min_width=180)
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
    page = gr.State(0)
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

    filters, list_view = [words, only, run, other, task, strategy], [table, counted, page]
    step_view = [steps, body, prompt, output, *panel.boxes]
    attempt_view = [*panel.views, step, head, answer, settings, *step_view]

    def find(site: Site, *chosen: Any) -> tuple[object, ...]:
        return list_attempts(site, read_filters(*chosen), 0)

    def turn_page(by: int, site: Site, *chosen: Any) -> tuple[object, ...]:
        return list_attempts(site, read_filters(*chosen[:-1]), max(0, chosen[-1] + by))

    def pick(site: Site, selected: gr.SelectData) -> tuple[object, ...]:
        number = whole(selected.row_value[0] if selected.row_value else None)
        return (number, *open_at(site, number, 0))

    def open_at(site: Site, number: object, at: object) -> tuple[object, ...]:
        return (*("" for _ in panel.views), *show_attempt(site, number, at))

    def go_to_step(site: Site, number: object, at: int) -> tuple[object, ...]:
        at = max(0, min(at, site.store.step_count(whole(number)) - 1))
        return (at, *show_step(site, number, at))

    def pick_step(site: Site, selected: gr.SelectData, number: object) -> tuple[object, ...]:
        return go_to_step(site, number, whole(selected.index))

    def open_page(site: Site, request: gr.Request) -> tuple[object, ...]:
        if "attempt" in request.query_params:
            number, at = (whole(request.query_params.get(name)) for name in ("attempt", "step"))
        else:
            newest = site.store.find(AttemptFilter(), 1)
            number, at = newest[0].attempt if newest else 0, 0
        return (
            *filter_choices(site),
            *list_attempts(site, AttemptFilter(), 0),
            number or None,
            *open_at(site, number, at),
        )

    gr.on(
        None,
        event_handler(site, open_page, gr.Request),
        None,
        [run, other, task, strategy, *list_view, attempt, *attempt_view],
        **_FAST,
    )
    gr.on([words.submit, *(box.input for box in filters[1:])], handler(site, find), filters, list_view, **_LAST)
    gr.on(words.submit, handler(site, filter_choices), None, [run, other, task, strategy], **_FAST)
    newer.click(handler(site, partial(turn_page, -1)), [*filters, page], list_view, **_FAST)
    older.click(handler(site, partial(turn_page, 1)), [*filters, page], list_view, **_FAST)
    table.select(event_handler(site, pick, gr.SelectData), None, [attempt, *attempt_view], **_LAST)
    # What a person does is answered here, and what a handler sets it shows itself: a change would be answered twice.
    in_view: dict[str, Any] = _LAST | {"inputs": [attempt, step], "preprocess": False}

    def open_typed(site: Site, number: object, _: object) -> tuple[object, ...]:
        return open_at(site, number, 0)

    def step_back(site: Site, number: object, at: object) -> tuple[object, ...]:
        return go_to_step(site, number, whole(at) - 1)

    def step_on(site: Site, number: object, at: object) -> tuple[object, ...]:
        return go_to_step(site, number, whole(at) + 1)

    attempt.input(handler(site, open_typed), outputs=attempt_view, **in_view)
    step.input(handler(site, show_step), outputs=step_view, **in_view)
    before.click(handler(site, step_back), outputs=[step, *step_view], **in_view)
    after.click(handler(site, step_on), outputs=[step, *step_view], **in_view)
    steps.select(event_handler(site, pick_step, gr.SelectData), attempt, [step, *step_view], preprocess=False, **_LAST)


def show_attempt(site: Site, number: object, at: object) -> tuple[object, ...]:
    """An attempt at one of its steps: the slider, question, answer, settings, and what ``show_step`` shows."""
    attempt = whole(number)
    if not attempt:
        nothing = note_html("Choose an attempt above to look into it.")
        return _no_steps(), nothing, *[""] * 6, *fork.boxes(site, attempt, 0)
    try:
        found, store = site.store.attempt(attempt), site.store
        total = store.step_count(attempt)
        index = max(0, min(whole(at), total - 1))
        answer = answer_html(found, store.costs(attempt), store.scores(attempt))
        shown = show_step(site, attempt, index)
    except StoreError:
        gone = alert_html(f"Attempt {attempt} cannot be shown: there is none of that number here.")
        return _no_steps(), gone, *[""] * 6, *fork.boxes(site, attempt, 0)
    slider = gr.Slider(maximum=max(total - 1, 1), value=index, interactive=total > 1)
    return slider, header_html(found), answer, settings_html(found), *shown


def show_step(site: Site, number: object, at: object) -> tuple[object, ...]:
    """One step of an attempt: the list of steps around it, the step, its prompts, its replies, the boxes to edit it."""
    attempt, store = whole(number), site.store
    total = store.step_count(attempt)
    index = max(0, min(whole(at), total - 1))
    outline = store.outline(attempt, max(0, min(index - LISTED // 2, total - LISTED)), LISTED)
    stepper = stepper_html(outline, index, total, store.first_faults(attempt))
    boxes = fork.boxes(site, attempt, index)
    if not total:
        return stepper, "", "", "", *boxes
    record = store.record(attempt, index)
    calls = record.step.calls
    return stepper, step_html(attempt, record, total), prompts_html(calls), outputs_html(calls), *boxes


def shown_only() -> dict[str, str]:
    """The choices of the filter "Show", and the value of each: every attempt, an outcome, or a fault of any check."""
    return {
        "every attempt": "",
        "wrong answers": "wrong",
        "no answer": "unanswered",
        "errors": "error",
        "hit the step limit": "step_limit",
        **{f"{name}s": value for value, _, name in _faults()},
        "flipped between two runs": "flipped",
    }


def read_filters(
    words: str | None, only: object, run: object, other: object, task: object, strategy: object
) -> AttemptFilter:
    """The filters as the store takes them; ``only`` is a value of ``shown_only``, and what is no choice is any."""
    kind = next((kind for kind in get_args(OutcomeFilter) if kind == only), None)
    fault = next((fault for value, fault, _ in _faults() if value == only), None)
    of_task, by_strategy = (name if isinstance(name, str) and name else None for name in (task, strategy))
    return AttemptFilter(words or "", whole(run) or None, of_task, by_strategy, kind, whole(other) or None, fault)


def list_attempts(site: Site, wanted: AttemptFilter, page: int) -> tuple[object, ...]:
    """One page of the attempts that are wanted: the rows, which they are (or why there are none), and the page."""
    try:
        total = site.store.count(wanted)
        page = min(page, max(0, (total - 1) // ROWS))
        rows = [attempt_cells(found) for found in site.store.find(wanted, ROWS, page * ROWS)]
    except UserError as error:
        return [], alert_html(str(error)), 0
    counted = f"{page * ROWS + 1:,} to {page * ROWS + len(rows):,} of {total:,} attempts" if rows else "No attempts."
    return rows, status_html(counted), page


def whole(value: object) -> int:
    """A number from the page as a whole one that SQLite can hold; 0 for anything else."""
    try:
        return max(0, min(int(float(str(value)[:40])), 2**53))
    except (ValueError, OverflowError):
        return 0


def filter_choices(site: Site) -> tuple[gr.Dropdown, ...]:
    """The choices of the filters run, other run, task and strategy; what was chosen stays."""
    stored = site.store.runs()
    runs = [(f"{run.id}: {run.spec.strategy} on {run.spec.questions}", run.id) for run in reversed(stored)]
    tasks = sorted({run.spec.task for run in stored})
    tasks_and_strategies = (
        gr.Dropdown([ANY, *((name, name) for name in names)]) for names in (tasks, site.store.strategies())
    )
    return gr.Dropdown([ANY_RUN, *runs]), gr.Dropdown([NO_RUN, *runs]), *tasks_and_strategies


def _faults() -> Iterator[tuple[str, tuple[str, str], str]]:
    """Each fault as the value of a choice, as its check and kind, and in words."""
    for check in CHECKS.values():
        for kind, name in check.faults.items():
            yield f"{check.name}.{kind}", (check.name, kind), name


def _no_steps() -> gr.Slider:
    return gr.Slider(maximum=1, value=0, interactive=False)  # a slider that cannot slide has to have room all the same
