"""Text from outside as HTML that can do nothing: no tag, markdown or LaTeX, no reversed reading direction, no end.

text_html("<img src=x onerror=alert(1)>")
# <div class="is-text">&lt;img src=x onerror=alert(1)&gt;</div>
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape

from app.sanitize import sanitize

LONGEST = 20_000
"""Characters of one text, or of one list of lines, that are shown."""

_TALL = 2000  # characters in about 25 lines

Span = tuple[int, int, str]
"""Start, end and class of a marked piece of a text."""

_PATH = re.compile(r"(?<![\w:/.])(?:~|[A-Za-z]:)?[/\\](?:[^\s/\\:;,'\"()]+[/\\])+([^\s/\\:;,'\"()]*)")


def inert(text: str) -> str:
    """The text, escaped, for use inside an element or a quoted attribute."""
    return escape(sanitize(text))


def text_html(text: str, spans: Iterable[Span] = ()) -> str:
    """A text as one block with its spans marked; cut in the view when it is long, with a line that says so."""
    return f'<div class="is-text"{scrolling(text)}>{pieces(text[:LONGEST], spans)}</div>{cut_note(len(text))}'


def scrolling(text: str) -> str:
    """The attributes that make a long text scroll in itself, for a keyboard too; none for a short one."""
    return ' data-long="" tabindex="0"' if len(text) > _TALL or text.count("\n") > _TALL // 80 else ""


def pieces(text: str, spans: Iterable[Span]) -> str:
    """The text, escaped, with the spans that lie inside it and do not overlap marked."""
    shown, done = list[str](), 0
    for start, end, kind in sorted(spans):
        if done <= start < end <= len(text):
            shown += [inert(text[done:start]), f'<mark class="is-{kind}">{inert(text[start:end])}</mark>']
            done = end
    return "".join((*shown, inert(text[done:])))


def cut_note(length: int) -> str:
    """A line that says how much of a text of that length is shown; nothing for one that is shown whole."""
    if length <= LONGEST:
        return ""
    return f'<p class="is-cut">Cut here in the view: {LONGEST:,} of {length:,} characters are shown.</p>'


def alert_html(sentence: str) -> str:
    """An error, in place; an empty sentence shows nothing."""
    return f'<p class="alert" role="alert">{inert(sentence[:LONGEST])}</p>' if sentence else ""


def facts_html(facts: Mapping[str, str]) -> str:
    """Names with their values."""
    rows = "".join(
        f"<div><dt>{inert(name)}</dt><dd>{inert(value[:LONGEST])}</dd></div>" for name, value in facts.items()
    )
    return f'<dl class="is-facts">{rows}</dl>'


def without_folders(sentence: str) -> str:
    """A sentence of ours without the folders of the files it names: no reader of a page needs them."""
    return _PATH.sub(r"\1", sentence)
