"""Findings of the mechanical checks in a step, as HTML: faults marked in its text, and a list beneath it.

thought_text_html("12 - 5 = 8", (Finding("equations", "wrong", "12 - 5 = 8", "it is 7"),))

Faults of any check are marked and listed, under the name that ``prompts.checks`` has for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from markupsafe import Markup

from app.ui.html.text import Span, escaped, joined, list_html, markup, text_html
from prompts.caller import VERIFIER
from prompts.checks import CHECKS, equations, fault_name, fidelity
from prompts.forgetting import FORGETTING
from prompts.values import Finding

_SHOWN = 50  # findings of one step
_EQUATIONS, _FIDELITY = equations.CHECK.name, fidelity.CHECK.name


def thought_text_html(text: str, findings: Sequence[Finding]) -> Markup:
    """The text of a thought with the faults found in it marked, and the list of its findings."""
    return text_html(text, fault_spans(text, findings)) + findings_html(findings)


def fault_spans(text: str, findings: Iterable[Finding]) -> list[Span]:
    """The spans of the faults in a text; each check reports in reading order, so equal texts are kept apart."""
    spans, places = list[Span](), dict[str, int]()
    for finding in findings:
        if fault_name(finding.check, finding.kind) is None or len(spans) >= _SHOWN:
            continue
        start = text.find(finding.text, places.get(finding.check, 0))
        if start >= 0:
            places[finding.check] = start + len(finding.text)
            spans.append((start, places[finding.check], "wrong"))
    return spans


def findings_html(findings: Iterable[Finding]) -> Markup:
    """The findings a reader should look at: faults, equations that could not be read, and those of unknown checks."""
    return list_html("is-findings", islice(filter(None, map(_item, findings)), _SHOWN))


def fidelity_html(findings: Iterable[Finding]) -> Markup:
    """Counts of the numbers a summary kept, dropped and invented; nothing when that was not checked."""
    found: dict[str, list[str]] = {"kept": [], "dropped": [], "invented": []}
    for finding in findings:
        if finding.check == _FIDELITY:
            found.setdefault(finding.kind, []).append(finding.text)
    if not any(found.values()):
        return Markup()
    parts = [markup("numbers: {} kept", len(found["kept"]))]
    if texts := found["dropped"]:
        parts.append(markup('<span class="is-dropped">{} dropped: {}</span>', len(texts), _texts(texts)))
    if texts := found["invented"]:
        parts.append(markup('<span class="is-invented">{} invented: {}</span>', len(texts), _texts(texts)))
    return markup('<p class="is-fidelity">{}</p>', joined(parts, " · "))


def invented_numbers(findings: Iterable[Finding]) -> list[str]:
    """The numbers that a summary invented, as it wrote them."""
    return [each.text for each in findings if (each.check, each.kind) == (_FIDELITY, "invented")]


def _texts(texts: Sequence[str]) -> Markup:
    return markup('<span class="is-line">{}</span>', escaped(", ".join(texts[:20])[:500]))


def _item(finding: Finding) -> Markup:
    text, name = escaped(finding.text[:500]), fault_name(finding.check, finding.kind)
    if finding.check == _FIDELITY:
        return Markup()  # `fidelity_html` says it
    if (finding.check, finding.kind) == (_EQUATIONS, "unreadable"):
        return markup('<li class="is-unreadable">? {} <small>could not be checked</small></li>', text)
    if finding.check == _EQUATIONS and name:
        return _fault(text, finding.detail or "wrong")
    if finding.check in (FORGETTING, VERIFIER):
        return markup('<li class="is-note">{} <small>{}</small></li>', text, escaped(_action(finding)))
    if name or finding.check not in CHECKS:
        about = name or f"{finding.check}: {finding.kind}"
        return _fault(text, f"{about}, {finding.detail}" if finding.detail else about)
    return Markup()


def _action(finding: Finding) -> str:
    """What the loop did with a text: "let go, used up" or "corrected to 24"."""
    if finding.check == FORGETTING:
        return f"let go, {finding.kind}" + (f": {finding.detail[:200]}" if finding.detail else "")
    return finding.detail[:200] or finding.kind


def _fault(text: Markup, about: str) -> Markup:
    return markup('<li class="is-wrong">✗ {} <small>{}</small></li>', text, escaped(about[:200]))
