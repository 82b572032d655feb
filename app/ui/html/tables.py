"""Tables as HTML with caption and scopes, and the cells that many of them share.

table_html("Runs", (Head("run"), Head("right", number=True)), [(escaped("1"), escaped("50.0%"))])
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.store.records import cost_unit
from app.ui.html.text import escaped, joined, markup, note_html, one_line

BRIEF = 80
"""Characters of a text in a cell."""


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column; numbers are aligned to the right, and ``unit`` is written beneath the name."""

    name: str
    unit: str = ""
    number: bool = False


def brief(text: str | None) -> Markup:
    """The beginning of ``text`` on one line; a dash for none."""
    return escaped("–") if text is None else markup("<bdi>{}</bdi>", escaped(one_line(text, BRIEF)))


def cost_head(name: str, statistic: str = "") -> Head:
    """The head of a column of costs; ``statistic`` says which number it is of many attempts, such as "mean"."""
    return Head(name.replace("_", " "), ", ".join(word for word in (cost_unit(name), statistic) if word), number=True)


def cost_label(name: str) -> Markup:
    """A cost with its unit as a cell."""
    return markup("{} <small>{}</small>", escaped(name.replace("_", " ")), escaped(cost_unit(name)))


def attempt_link(number: int) -> Markup:
    """A link that opens the trace of an attempt in another browser tab, so that nothing running here is lost."""
    return markup('<a class="trace-link" href="?attempt={0}" target="_blank" rel="noopener">attempt {0}</a>', number)


def run_link(number: int) -> Markup:
    """A link that opens the items of a run in another browser tab."""
    return markup('<a class="trace-link" href="?run={0}" target="_blank" rel="noopener">run {0}</a>', number)


def table_html(
    caption: str, heads: Sequence[Head], rows: Sequence[Sequence[Markup]], empty: str = "Nothing yet."
) -> Markup:
    """A table with its caption; the first cell of a row names the row. It scrolls sideways in itself."""
    if not rows:
        return note_html(empty)
    kinds = [markup(' class="number"') if head.number else Markup() for head in heads]
    top = joined(
        markup('<th scope="col"{}>{}{}</th>', kind, escaped(head.name), _unit(head))
        for head, kind in zip(heads, kinds, strict=True)
    )
    body = joined(
        markup('<tr><th scope="row"{}>{}</th>{}</tr>', kinds[0], row[0], _cells(kinds[1:], row[1:])) for row in rows
    )
    return markup(
        '<div class="scroll" tabindex="0" role="region" aria-label="{caption}"><table class="listing">'
        "<caption>{caption}</caption><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>",
        caption=escaped(caption),
        top=top,
        body=body,
    )


def _unit(head: Head) -> Markup:
    return markup(" <small>{}</small>", escaped(head.unit)) if head.unit else Markup()


def _cells(kinds: Sequence[Markup], cells: Sequence[Markup]) -> Markup:
    return joined(markup("<td{}>{}</td>", kind, cell) for kind, cell in zip(kinds, cells, strict=True))
