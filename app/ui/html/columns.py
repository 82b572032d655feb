"""Columns of attempts compared round by round: strategies beside each other, forks beside their parent.

columns = (Column("isump"), Column("cot", view))
columns_html(columns)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from app.attempt_view import AttemptView
from app.fork import Fork
from app.store.records import Record
from app.text import count, format_number
from app.ui.html.memories import memory_html
from app.ui.html.steps import answer_html, step_card_html
from app.ui.html.tables import Head, attempt_link, brief, cost_label, table_html
from app.ui.html.text import alert_html, escaped, joined, markup, note_html
from prompts.steps import Verb

MAX_ROWS = 60
"""Rows in view; the traces have all of them."""

Row = tuple[bool, int, int]
"""The place of a step in the grid: behind the reading or not, its round, the order of its verb within the round."""

_ORDER: dict[Verb, int] = {"read": 0, "step": 1, "summarize": 2, "conclude": 3}
_COSTS = ("peak_context", "processed", "generated", "attention_area", "calls", "seconds")


@dataclass(frozen=True, slots=True)
class Column:
    """One attempt under a heading."""

    heading: str
    view: AttemptView = field(default_factory=AttemptView)


def columns_html(columns: Sequence[Column]) -> Markup:
    """Attempts beside each other from the start, and below them what each cost."""
    grid = _grid(columns, [column.view.records for column in columns], [None] * len(columns))
    return grid + costs_table_html(columns)


def fork_columns_html(parent: Column, fork: Fork, forks: Sequence[Column]) -> Markup:
    """Forks beside their parent: the steps they share, the change, and every later row with the first difference."""
    shared, rest = split_records(parent.view.records, fork)
    before = Markup()
    if shared:
        words = f"the {count(len(shared), 'step')} before the fork" if len(shared) > 1 else "the step before the fork"
        cards = joined(step_card_html(record) for record in shared[-MAX_ROWS:])
        before = markup("<details><summary>Shared: {}</summary>{}</details>", escaped(words), cards)
    previous = shared[-1].step.memory_after if shared else parent.view.records[0].step.memory_before
    change = memory_html(previous, fork.memory)
    mark = markup('<div class="fork-mark"><h2>Forked at step {}</h2>{}</div>', fork.step, change)
    differs = [None, *(first_difference(rest, column.view.records) for column in forks)]
    grid = _grid([parent, *forks], [rest, *(column.view.records for column in forks)], differs)
    return before + mark + _answers(parent, forks) + grid + costs_table_html((parent, *forks))


def split_records(records: Sequence[Record], fork: Fork) -> tuple[Sequence[Record], Sequence[Record]]:
    """The parent's steps that a fork shares with it, and those that the fork takes anew."""
    done = {"read": fork.read, "step": fork.round, "summarize": fork.round, "conclude": -1}
    shared = sum(1 for record in records if record.step.round <= done[record.step.verb])
    return records[:shared], records[shared:]


def first_difference(one: Iterable[Record], other: Iterable[Record]) -> Row | None:
    """The first row in which two attempts have different results; ``None`` as long as there is none."""
    results = {_row(record): _result(record) for record in one}
    rows = [(_row(record), _result(record)) for record in other]
    return next((row for row, result in rows if row in results and results[row] != result), None)


def costs_table_html(columns: Sequence[Column]) -> Markup:
    """The costs of the attempts that have ended, one column each; nothing for fewer than two."""
    ended = [(column.heading, column.view.costs) for column in columns if column.view.costs]
    if len(ended) < 2:
        return Markup()
    heads = (Head("cost"), *(Head(heading, number=True) for heading, _ in ended))
    rows = [
        (cost_label(name), *(escaped(format_number(getattr(costs, name))) for _, costs in ended)) for name in _COSTS
    ]
    return table_html("What each cost", heads, rows)


def _grid(columns: Sequence[Column], records: Sequence[Sequence[Record]], differs: Sequence[Row | None]) -> Markup:
    by_row = [{_row(record): record for record in side} for side in records]
    rows = sorted({row for side in by_row for row in side})
    sides = list(zip(columns, by_row, differs, strict=True))
    cells = (_cell(column, side.get(row), mark == row) for row in rows[-MAX_ROWS:] for column, side, mark in sides)
    hidden = len(rows) - MAX_ROWS
    return markup(
        '{}<div class="columns" style="--columns: {}" tabindex="0" role="region" aria-label="Attempts by round">'
        "{}{}{}</div>",
        note_html(f"The first {hidden:,} rows are in the traces.") if hidden > 0 else Markup(),
        len(columns),
        joined(markup('<div class="head">{}</div>', _heading(column)) for column in columns),
        joined(cells),
        joined(markup('<div class="end">{}</div>', _end(column.view)) for column in columns),
    )


def _heading(column: Column) -> Markup:
    return markup("<h3>{}</h3> {}", escaped(column.heading), _link(column.view))


def _link(view: AttemptView) -> Markup:
    return Markup() if view.number is None else attempt_link(view.number)


def _cell(column: Column, record: Record | None, differs: bool) -> Markup:
    if record is None:
        return markup('<div class="cell none"></div>')
    mark = markup('<p class="difference">First difference from the parent</p>') if differs else Markup()
    return markup(
        '<div class="{}" role="group" aria-label="{}">{}{}</div>',
        "cell differs" if differs else "cell",
        escaped(f"{column.heading}, {record.step.verb}, round {record.step.round}"),
        mark,
        step_card_html(record),
    )


def _end(view: AttemptView) -> Markup:
    if view.attempt:
        return answer_html(view.attempt, None)
    if view.stopped:
        return note_html("Stopped; what was done is kept.")
    if view.error is not None:
        return alert_html(view.error)
    return markup('<p class="status thinking" role="status">Thinking …</p>')


def _answers(parent: Column, forks: Sequence[Column]) -> Markup:
    if len(forks) < 2:
        return Markup()
    rows = [(escaped(each.heading), _link(each.view), *_seed_and_answer(each.view)) for each in (parent, *forks)]
    heads = (Head("attempt"), Head("trace"), Head("seed", number=True), Head("answer"))
    return table_html("Answers", heads, rows)


def _seed_and_answer(view: AttemptView) -> tuple[Markup, Markup]:
    if view.attempt is None:
        return Markup(), escaped("failed" if view.over else "thinking …")
    return markup("{}", view.attempt.spec.settings.seed), brief(view.attempt.answer)


def _row(record: Record) -> Row:
    return record.step.verb != "read", record.step.round, _ORDER[record.step.verb]


def _result(record: Record) -> object:
    step = record.step
    return step.thought or step.answer or step.memory_after
