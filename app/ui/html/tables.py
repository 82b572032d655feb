"""Tables of the page, as HTML that a reader of any kind can follow. Pure; no gradio here.

    table_html("Runs", (Head("run"), Head("right", number=True)), [("1", "50.0%")])

A cell is HTML: whatever a stranger or a model wrote comes through ``inert`` or ``brief``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from app.ui.html.text import inert
from evals.report import COST_UNITS

BRIEF = 80
"""Characters of a text in a cell."""


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column; numbers stand to the right, and ``unit`` is said beneath the name."""

    name: str
    unit: str = ""
    number: bool = False


def brief(text: str | None) -> str:
    """The beginning of ``text`` on one line, inert; a dash for none."""
    if text is None:
        return "–"
    line = " ".join(text[: 4 * BRIEF].split())
    return f"<bdi>{inert(line if len(line) <= BRIEF else line[: BRIEF - 1] + '…')}</bdi>"


def cost_unit(name: str) -> str:
    """The unit of a cost, where its name does not say it already."""
    unit = COST_UNITS[name]
    return "" if name.startswith(unit) else unit


def cost_head(name: str, kind: str = "") -> Head:
    """The head of a column of costs; ``kind`` says which number of many it is."""
    return Head(name.replace("_", " "), ", ".join(word for word in (cost_unit(name), kind) if word), number=True)


def cost_label(name: str) -> str:
    """A cost with its unit as a cell."""
    return f"{name.replace('_', ' ')} <small>{cost_unit(name)}</small>"


def status_html(sentence: str) -> str:
    """What is being done; a reader who cannot see hears it when it changes."""
    return f'<p class="status" role="status">{inert(sentence)}</p>'


def note_html(sentence: str) -> str:
    """What there is to know or to do."""
    return f'<p class="status">{inert(sentence)}</p>'


def attempt_link(number: int) -> str:
    """A link that opens the trace of an attempt beside this page, so that nothing running here is lost."""
    return f'<a class="trace-link" href="?attempt={number}" target="_blank" rel="noopener">attempt {number}</a>'


def table_html(caption: str, heads: Sequence[Head], rows: Sequence[Sequence[str]], empty: str = "Nothing yet.") -> str:
    """A table with its caption; the first cell of a row names the row. It scrolls sideways in itself."""
    if not rows:
        return note_html(empty)
    kinds = [' class="number"' if head.number else "" for head in heads]
    units = [f" <small>{escape(head.unit)}</small>" if head.unit else "" for head in heads]
    top = "".join(
        f'<th scope="col"{kind}>{escape(head.name)}{unit}</th>'
        for head, kind, unit in zip(heads, kinds, units, strict=True)
    )
    body = "".join(
        f'<tr><th scope="row"{kinds[0]}>{row[0]}</th>'
        + "".join(f"<td{kind}>{cell}</td>" for kind, cell in zip(kinds[1:], row[1:], strict=True))
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table class="listing">'
        f"<caption>{escape(caption)}</caption><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )
