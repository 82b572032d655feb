"""Untrusted text as HTML: escaped, without control and bidirectional characters, and cut when it is long.

text_html("<img src=x onerror=alert(1)>")
# Markup('<div class="is-text">&lt;img src=x onerror=alert(1)&gt;</div>')

All HTML of the page is ``markupsafe.Markup``, made by ``escaped`` from a text or by ``markup`` from a template in the
source code. Text that nobody escaped is a type error where HTML is expected, and so is a template that is computed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import LiteralString

from markupsafe import Markup, escape

from app.text import sanitize

MAX_SHOWN = 20_000
"""Characters of one text, or of one list of lines, that are shown."""

_TALL = 2000  # characters in about 25 lines

Span = tuple[int, int, LiteralString]
"""Start, end and class of a marked piece of a text."""


def escaped(text: str) -> Markup:
    """An untrusted text as HTML, for use inside an element or a quoted attribute."""
    return escape(sanitize(text))


def markup(template: LiteralString, *values: Markup | LiteralString | float, **named: Markup | float) -> Markup:
    """The template, which is HTML, with its ``{}`` and ``{name}`` replaced by the values as ``str.format`` does."""
    return Markup(template).format(*values, **named)


def joined(parts: Iterable[Markup], separator: LiteralString = "") -> Markup:
    """The parts one after another, with the separator, which is text, between them."""
    return escape(separator).join(parts)


def text_html(text: str, spans: Iterable[Span] = ()) -> Markup:
    """A text as one block with its spans marked; cut in the view when it is long, with a line that says so."""
    block = markup('<div class="is-text"{}>{}</div>', scroll_attributes(text), marked_text(text[:MAX_SHOWN], spans))
    return block + cut_note(len(text))


def scroll_attributes(text: str) -> Markup:
    """The attributes that make a long text scroll in itself, for a keyboard too; none for a short one."""
    tall = len(text) > _TALL or text.count("\n") > _TALL // 80
    return markup(' data-long="" tabindex="0"') if tall else Markup()


def marked_text(text: str, spans: Iterable[Span]) -> Markup:
    """The text, escaped, with the spans that lie inside it and do not overlap marked."""
    shown, done = list[Markup](), 0
    for start, end, kind in sorted(spans):
        if done <= start < end <= len(text):
            shown += [
                escaped(text[done:start]),
                markup('<mark class="is-{}">{}</mark>', kind, escaped(text[start:end])),
            ]
            done = end
    return joined((*shown, escaped(text[done:])))


def cut_note(length: int) -> Markup:
    """A line that says how much of a text of that length is shown; nothing for one that is shown whole."""
    if length <= MAX_SHOWN:
        return Markup()
    return markup('<p class="is-cut">Cut here in the view: {:,} of {:,} characters are shown.</p>', MAX_SHOWN, length)


def one_line(text: str, most: int) -> str:
    """The beginning of a text as one line of at most ``most`` characters, sanitized but not escaped."""
    line = " ".join(sanitize(text[: 4 * most]).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def alert_html(sentence: str) -> Markup:
    """An error, in place; an empty sentence shows nothing."""
    return markup('<p class="alert" role="alert">{}</p>', escaped(sentence[:MAX_SHOWN])) if sentence else Markup()


def status_html(sentence: str) -> Markup:
    """A line about work in progress, which a screen reader announces."""
    return markup('<p class="status" role="status">{}</p>', escaped(sentence))


def note_html(sentence: str) -> Markup:
    """A note."""
    return markup('<p class="status">{}</p>', escaped(sentence))


def description_list_html(values: Mapping[str, str]) -> Markup:
    """Names with their values."""
    rows = (
        markup("<div><dt>{}</dt><dd>{}</dd></div>", escaped(name), escaped(value[:MAX_SHOWN]))
        for name, value in values.items()
    )
    return markup('<dl class="is-facts">{}</dl>', joined(rows))


def list_html(kind: LiteralString, items: Iterable[Markup]) -> Markup:
    """The items, each a ``li``, as a list of that class; nothing when there are none."""
    shown = joined(items)
    return markup('<ul class="{}">{}</ul>', kind, shown) if shown else Markup()
