"""Memories as HTML, each line marked as kept, changed, added or dropped since the memory before.

memory_html(TextMemory(("April = 48",)), TextMemory(("April = 48", "May = 24")))
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from fractions import Fraction
from typing import LiteralString

from markupsafe import Markup

from app.ui.html.findings import fidelity_html, invented_numbers
from app.ui.html.memory_diff import Change, Line, differences
from app.ui.html.text import MAX_SHOWN, Span, cut_note, escaped, joined, list_html, marked_text, markup
from prompts.checks.numbers import numbers, without_markers
from prompts.memories import Memory
from prompts.values import Finding

_SIGNS: dict[Change, LiteralString] = {"kept": "=", "changed": "~", "added": "+", "dropped": "−"}


def memory_html(before: Memory | None, after: Memory, findings: Sequence[Finding] = ()) -> Markup:
    """The sections of a memory; lines are compared with those of ``before`` when that is another memory.

    Numbers that ``findings`` call invented are marked.
    """
    compared = before is not None and before != after
    old = {section.title: section.lines for section in before.sections} if before else {}
    invented = {(n.value, n.percent) for text in invented_numbers(findings) for n in numbers(text)[:1]}
    sections = list[Markup]()
    for section in after.sections:
        title = escaped(f"{section.title[:1].upper()}{section.title[1:]}")
        if compared:
            lines = differences(old.get(section.title, ()), section.lines)
        else:
            lines = [Line("kept", line) for line in section.lines]
        sections.append(
            markup(
                '<section role="group" aria-label="{title}"><p class="is-title">{title}</p>{lines}</section>',
                title=title,
                lines=_lines(lines, invented, compared),
            )
        )
    return markup('<div class="is-view is-memory">{}{}</div>', joined(sections), fidelity_html(findings))


def _lines(lines: Sequence[Line], invented: Set[tuple[Fraction, bool]], compared: bool) -> Markup:
    """The lines of one section; a list longer than can be shown ends with a line that says so."""
    items, room = list[Markup](), MAX_SHOWN
    for line in lines:
        room -= len(line.text) + len(line.before)
        if room < 0 and items:
            items.append(markup('<li class="is-cut">{:,} more lines are not shown.</li>', len(lines) - len(items)))
            break
        items.append(_line(line, invented, compared))
    return list_html("is-lines", items or [markup('<li class="is-nothing">none</li>')])


def _line(line: Line, invented: Set[tuple[Fraction, bool]], compared: bool) -> Markup:
    change = '<span class="is-change"><span aria-hidden="true">{}</span> {}</span> '
    before = markup("<del>{}</del> ", escaped(line.before)) if line.before else Markup()
    text = line.text[:MAX_SHOWN]
    found = numbers(without_markers(text)) if invented and line.change != "dropped" else ()
    spans: list[Span] = [(n.start, n.end, "invented") for n in found if (n.value, n.percent) in invented]
    return markup(
        '<li class="is-{}">{}<span class="is-line">{}{}</span>{}</li>',
        line.change,
        markup(change, _SIGNS[line.change], line.change) if compared else Markup(),
        before,
        marked_text(text, spans),
        cut_note(len(line.text)),
    )
