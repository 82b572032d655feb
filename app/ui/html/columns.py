"""Attempts side by side, one a column, a round a row: strategies compared, a fork beside its parent. No gradio here.

columns = (Column("isump"), Column("cot"))
columns = (columns[0].after(event), columns[1])
columns_html(columns)
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from app.fork import Fork
from app.session import Began, Ended, Event
from app.store import Store
from app.store.records import Record
from app.ui.html.steps import answer_html, memory_html, thought_html
from app.ui.html.tables import Head, attempt_link, brief, cost_label, note_html, table_html
from app.ui.html.text import alert_html, inert
from evals.formatting import number
from prompts.memories import TextMemory
from prompts.values import UserError

MOST_ROWS = 60
"""Rows in view; the traces have all of them."""

_WAITS, _WAIT = 40, 0.05
Key = tuple[int, int]
_ORDER = {"read": 0, "step": 1, "summarize": 2, "conclude": 3}
_COSTS = ("peak_context", "processed", "generated", "attention_area", "calls", "seconds")


@dataclass(frozen=True, slots=True)
class Column:
    """One attempt as far as it has come; ``error`` is a sentence."""

    heading: str
    number: int | None = None
    records: tuple[Record, ...] = ()
    ended: Ended | None = None
    error: str | None = None

    def after(self, event: Event | UserError) -> Column:
        """The column with what has just happened."""
        match event:
            case Began(number):
                return replace(self, number=number)
            case Record():
                return replace(self, records=(*self.records, event))
            case Ended():
                return replace(self, ended=event)
            case UserError():
                return replace(self, error=str(event))

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.ended is not None or self.error is not None


def stored(store: Store, number: int, heading: str) -> Column:
    """An attempt as the store has it."""
    attempt = store.attempt(number)
    ended = Ended(attempt, store.costs(number)) if attempt.status == "done" else None
    return Column(heading, number, tuple(store.records(number)), ended, attempt.error)


async def settled(store: Store, columns: Sequence[Column]) -> tuple[Column, ...]:
    """The columns once nothing runs any more, perhaps because a visitor stopped it; what winds down is waited for."""
    found = tuple(_settled(store, column) for column in columns)
    for _ in range(_WAITS):
        if all(column.over for column in found):
            break
        await asyncio.sleep(_WAIT)
        found = tuple(_settled(store, column) for column in found)
    return found


def _settled(store: Store, column: Column) -> Column:
    if column.over:
        return column
    return replace(column, error="stopped") if column.number is None else stored(store, column.number, column.heading)


def columns_html(columns: Sequence[Column]) -> str:
    """Attempts side by side from the start, and below them what each cost."""
    return _grid(columns, [column.records for column in columns], [None] * len(columns)) + costs_html(columns)


def forked_html(parent: Column, fork: Fork, forks: Sequence[Column]) -> str:
    """Forks beside their parent: what they share, the change, and from there on every row with the first difference."""
    shared, rest = split(parent, fork)
    before = ""
    if shared:
        cards = "".join(thought_html(record) for record in shared[-MOST_ROWS:])
        words = "the step before the fork" if len(shared) == 1 else f"the {len(shared)} steps before the fork"
        before = f"<details><summary>Shared: {words}</summary>{cards}</details>"
    was, now = (shared[-1].step.memory_after if shared else TextMemory()), fork.memory
    change = memory_html(was, now, None) if isinstance(was, TextMemory) and isinstance(now, TextMemory) else ""
    mark = f'<div class="fork-mark"><h2>Forked at step {fork.step}</h2>{change}</div>'
    differs = [None, *(first_difference(rest, column.records) for column in forks)]
    grid = _grid([parent, *forks], [rest, *(column.records for column in forks)], differs)
    return f"{before}{mark}{_answers(parent, forks)}{grid}{costs_html((parent, *forks))}"


def split(parent: Column, fork: Fork) -> tuple[tuple[Record, ...], tuple[Record, ...]]:
    """The parent's steps that a fork shares with it, and those that the fork takes anew."""
    count = sum(1 for r in parent.records if r.step.round <= fork.round and r.step.verb != "conclude")
    return parent.records[:count], parent.records[count:]


def first_difference(one: Iterable[Record], other: Iterable[Record]) -> Key | None:
    """The first row in which two attempts say different things; ``None`` as long as there is none."""
    said = {_key(record): _said(record) for record in one}
    rows = [(_key(record), _said(record)) for record in other]
    return next((key for key, words in rows if key in said and said[key] != words), None)


def costs_html(columns: Sequence[Column]) -> str:
    """The costs of attempts that have ended, side by side."""
    ended = [column for column in columns if column.ended]
    if len(ended) < 2:
        return ""
    heads = (Head("cost"), *(Head(column.heading, number=True) for column in ended))
    rows = [
        (
            cost_label(name),
            *(number(getattr(column.ended.costs, name)) for column in ended if column.ended),
        )
        for name in _COSTS
    ]
    return table_html("What each cost", heads, rows)


def _grid(columns: Sequence[Column], records: Sequence[Sequence[Record]], differs: Sequence[Key | None]) -> str:
    by_key = [{_key(record): record for record in side} for side in records]
    keys = sorted({key for side in by_key for key in side})
    heads = "".join(f'<div class="head">{_heading(column)}</div>' for column in columns)
    sides = list(zip(columns, by_key, differs, strict=True))
    rows = "".join(
        _cell(column, side.get(key), mark == key) for key in keys[-MOST_ROWS:] for column, side, mark in sides
    )
    ends = "".join(f'<div class="end">{_end(column)}</div>' for column in columns)
    left = note_html(f"The first {len(keys) - MOST_ROWS:,} rows are in the traces.") if len(keys) > MOST_ROWS else ""
    return (
        f'{left}<div class="columns" style="--columns: {len(columns)}" tabindex="0" role="region"'
        f' aria-label="Attempts side by side">{heads}{rows}{ends}</div>'
    )


def _heading(column: Column) -> str:
    link = f" {attempt_link(column.number)}" if column.number is not None else ""
    return f"<h3>{inert(column.heading)}</h3>{link}"


def _cell(column: Column, record: Record | None, differs: bool) -> str:
    if record is None:
        return '<div class="cell none"></div>'
    mark = '<p class="difference">First difference from the parent</p>' if differs else ""
    label = inert(f"{column.heading}, {record.step.verb}, round {record.step.round}")
    kind = "cell differs" if differs else "cell"
    return f'<div class="{kind}" role="group" aria-label="{label}">{mark}{thought_html(record)}</div>'


def _end(column: Column) -> str:
    if column.ended:
        return answer_html(column.ended.attempt, None)
    if column.error == "stopped":
        return note_html("Stopped; what was done is kept.")
    if column.error is not None:
        return alert_html(column.error)
    return '<p class="status thinking" role="status">Thinking …</p>'


def _answers(parent: Column, forks: Sequence[Column]) -> str:
    if len(forks) < 2:
        return ""
    rows = [
        (
            inert(column.heading),
            attempt_link(column.number) if column.number is not None else "",
            str(column.ended.attempt.spec.settings.seed) if column.ended else "",
            brief(column.ended.attempt.answer) if column.ended else "failed" if column.error else "thinking …",
        )
        for column in (parent, *forks)
    ]
    heads = (Head("attempt"), Head("trace"), Head("seed", number=True), Head("answer"))
    return table_html("Answers", heads, rows)


def _key(record: Record) -> Key:
    return record.step.round, _ORDER[record.step.verb]


def _said(record: Record) -> object:
    step = record.step
    return step.thought or step.answer or step.memory_after
