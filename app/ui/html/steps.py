"""A trace as HTML: pure functions, in whose results every word of a model, a question or an error is inert text.

    gr.HTML(thought_html(record))

What the classes look like is in ``style.css``; what makes a text inert is in ``inert.py``.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from fractions import Fraction
from functools import cache

from app.store.records import Attempt, Costs, Record, Score
from app.ui.html.memory_diff import Line, differences
from app.ui.html.text import LONGEST, Span, cut_note, facts_html, inert, pieces, scrolling, text_html, without_folders
from prompts.checks.equations import Claim
from prompts.checks.fidelity import Fidelity
from prompts.checks.numbers import numbers, without_markers
from prompts.memories import Memory, TextMemory
from prompts.render import TemplateError, template
from prompts.steps import Ending
from prompts.values import Call, Message

ENDINGS: dict[Ending, str] = {
    "answered": "answered",
    "no progress": "the memory no longer changed",
    "steps spent": "hit the step limit",
    "tokens spent": "hit the token limit",
    "time spent": "hit the time limit",
}
"""Why an attempt ended, in words."""

_SHOWN_CLAIMS = 50
_SIGNS = {"kept": "=", "changed": "~", "added": "+", "dropped": "−"}


def thought_html(record: Record) -> str:
    """One step: the thought with its equations judged, the memory with its changes, or the conclusion; and its cost."""
    step = record.step
    match step.verb:
        case "step":
            title = f"Thought {step.round}"
            body = _judged(step.thought.text if step.thought else "", record.claims)
        case "conclude":
            title = "Conclusion"
            reached = step.answer is not None and step.answer.text is not None
            taken = "The answer is taken from the thoughts before." if reached else "No answer was reached."
            body = text_html(step.answer.source) if step.calls and step.answer else f"<p>{taken}</p>"
        case _:
            title = f"Memory after thought {step.round}" if step.verb == "summarize" else "Memory after reading"
            body = memory_html(step.memory_before, step.memory_after, record.fidelity)
    retries = (f"tried again: {without_folders(r.error)}" for call in step.calls for r in call.generation.retries)
    notes = _list("is-notes", [f"<li>{inert(note[:LONGEST])}</li>" for note in (*step.marks, *retries)])
    head = f"<header><strong>{title}</strong>{_cost_line(step.calls)}</header>"
    return f'<article class="is-view is-step is-{step.verb}">{head}{body}{notes}</article>'


def memory_html(before: Memory | None, after: Memory, fidelity: Fidelity | None = None) -> str:
    """A memory, each line marked as added, kept, changed or dropped since ``before`` when that is another memory.

    Numbers that ``fidelity`` found in no source are marked as invented.
    """
    if not isinstance(after, TextMemory):
        was = "" if before is None or isinstance(before, TextMemory) else f" (norm before {before.norm:.3g})"
        shape = " × ".join(map(str, after.shape))
        return f'<p class="is-view is-memory">Vectors of shape {shape}, norm {after.norm:.3g}{was}</p>'
    old = before if isinstance(before, TextMemory) else TextMemory()
    compared = before is not None and old != after
    invented = {(n.value, n.percent) for text in fidelity.invented for n in numbers(text)[:1]} if fidelity else set()
    shown = list[str]()
    for name, title, was, now in (
        ("known", "What we know", old.known, after.known),
        ("next", "What to do next", old.next, after.next),
    ):
        lines = differences(was, now) if compared else [Line("kept", line) for line in now]
        listed = f'<p class="is-title">{title}</p>{_lines(lines, invented, compared)}'
        shown.append(f'<section class="is-{name}" role="group" aria-label="{title}">{listed}</section>')
    return f'<div class="is-view is-memory">{"".join(shown)}{_fidelity(fidelity) if fidelity else ""}</div>'


def prompt_html(call: Call) -> str:
    """A prompt exactly as it was sent: each part of each message, labelled by what it is."""
    blocks = list[str]()
    for message in call.request.messages:
        for label, part in zip(part_labels(message), message.parts, strict=True):
            named = f'<span class="is-label">{label} <small>({message.role})</small></span>'
            blocks.append(f'<div class="is-part is-{label.split()[0]}">{named}{text_html(part)}</div>')
    return f'<div class="is-view is-prompt">{"".join(blocks)}</div>'


def part_labels(message: Message) -> tuple[str, ...]:
    """What each part of a message is: stable prefix, memory, thought or instruction."""
    if message.role != "user":
        return ("stable prefix" if message.role == "system" else "thought",) * len(message.parts)
    labels: list[str] = []
    for part in message.parts[:-1]:
        if not labels and part.startswith(_beginnings("question")):
            labels.append("stable prefix")
        elif "memory" not in labels and part.startswith(_beginnings("memory")):
            labels.append("memory")
        else:
            labels.append("thought")
    return (*labels, "instruction")


def answer_html(attempt: Attempt, costs: Costs | None, scores: Sequence[Score] = ()) -> str:
    """The answer, large; why the attempt ended, what scorers said of it, and, unless it is told elsewhere, its cost."""
    kind, label, value = "given", "Answer", attempt.answer or ""
    ending = ENDINGS.get(attempt.ending, attempt.ending) if attempt.ending else ""
    if attempt.status == "error":
        kind, label, value, ending = "error", "Error", without_folders(attempt.error or ""), ""
    elif attempt.status == "running":
        kind, label, value = "running", "Unfinished", "the process that ran it is gone, or is still at it"
    elif attempt.answer is None:
        kind, value = "none", "none"
    line = (
        f'<span class="is-label">{label}</span> '
        f'<strong class="is-value"{scrolling(value)}>{inert(value[:LONGEST])}</strong> '
        f'<span class="is-ending">{inert(ending)}</span>{cut_note(len(value))}'
    )
    said = _list("is-scores", [_score(score) for score in scores])
    return f'<section class="is-view is-answer is-{kind}">{line}{said}{costs_html(costs) if costs else ""}</section>'


def costs_html(costs: Costs) -> str:
    """Every cost of an attempt with its unit."""
    return facts_html(
        {
            "peak context": f"{costs.peak_context:,} tokens",
            "generated": f"{costs.generated:,} tokens",
            "prompt": f"{costs.prompt_tokens:,} tokens",
            "cached": f"{costs.cached_tokens:,} tokens",
            "processed": f"{costs.processed:,} tokens",
            "attention area": f"{costs.attention_area:,} pairs",
            "calls": f"{costs.calls:,}",
            "steps": f"{costs.steps:,}",
            "time": f"{costs.seconds:.1f} s",
        }
    )


def _judged(text: str, claims: Sequence[Claim]) -> str:
    """A thought, its wrong equations marked in it and listed under it with the right value."""
    doubtful = [claim for claim in claims if claim.verdict != "right"][:_SHOWN_CLAIMS]
    spans, place = list[Span](), 0
    for claim in doubtful:
        if claim.verdict == "wrong" and (found := text.find(claim.text, place)) >= 0:
            place = found + len(claim.text)
            spans.append((found, place, "wrong"))
    return text_html(text, spans) + _list("is-claims", [_claim(claim) for claim in doubtful])


def _claim(claim: Claim) -> str:
    shown, left = inert(claim.text[:500]), claim.left
    if claim.verdict == "unreadable":
        return f'<li class="is-unreadable">? {shown} <small>could not be checked</small></li>'
    right = "" if left is None else str(left) if left.denominator == 1 else f"{float(left):.6g}"
    return f'<li class="is-wrong">✗ {shown} <small>{f"it is {right[:60]}" if right else "wrong"}</small></li>'


def _lines(lines: Sequence[Line], invented: Set[tuple[Fraction, bool]], compared: bool) -> str:
    """One list of a memory; a list longer than can be shown ends with a line that says so."""
    items, room = list[str](), LONGEST
    for line in lines:
        room -= len(line.text) + len(line.before)
        if room < 0 and items:
            items.append(f'<li class="is-cut">{len(lines) - len(items):,} more lines are not shown.</li>')
            break
        sign = f'<span class="is-fate"><span aria-hidden="true">{_SIGNS[line.fate]}</span> {line.fate}</span> '
        was = f"<del>{inert(line.before)}</del> " if line.before else ""
        text = line.text[:LONGEST]
        found = numbers(without_markers(text)) if invented and line.fate != "dropped" else ()
        spans = [(n.start, n.end, "invented") for n in found if (n.value, n.percent) in invented]
        words = f'<span class="is-line">{was}{pieces(text, spans)}</span>{cut_note(len(line.text))}'
        items.append(f'<li class="is-{line.fate}">{sign if compared else ""}{words}</li>')
    return _list("is-lines", items or ['<li class="is-nothing">none</li>'])


def _fidelity(found: Fidelity) -> str:
    parts = [f"numbers: {len(found.kept)} kept"]
    for name, texts in (("dropped", found.dropped), ("invented", found.invented)):
        if texts:
            listed = inert(", ".join(texts[:20])[:500])
            parts.append(f'<span class="is-{name}">{len(texts)} {name}: <span class="is-line">{listed}</span></span>')
    return f'<p class="is-fidelity">{" · ".join(parts)}</p>'


def _cost_line(calls: Sequence[Call]) -> str:
    if not calls:
        return ""
    usages = [call.generation.usage for call in calls]
    prompt, cached = sum(usage.prompt for usage in usages), sum(usage.cached for usage in usages)
    parts = (
        f"context {max(usage.prompt + usage.completion for usage in usages):,} tokens",
        f"{sum(usage.completion for usage in usages):,} generated",
        f"{cached / prompt if prompt else 0:.0%} of the prompt cached",
        f"{sum(call.generation.seconds for call in calls):.1f} s",
    )
    return f' <span class="is-cost">{" · ".join(parts)}</span>'


def _score(score: Score) -> str:
    verdict = "could not judge" if score.value is None else "right" if score.value == 1 else "wrong"
    kind = "is-unjudged" if score.value is None else f"is-{verdict}"
    return f'<li class="{kind}">{inert(score.scorer)}: {verdict} <small>{inert(score.why[:200])}</small></li>'


def _list(kind: str, items: Sequence[str]) -> str:
    return f'<ul class="{kind}">{"".join(items)}</ul>' if items else ""


@cache
def _beginnings(part: str) -> tuple[str, ...]:
    """How a part of a prompt begins, by the templates of every strategy, and by those of earlier versions."""
    found = ["What we know:", "Work so far:"] if part == "memory" else []
    for words in ("isump", "cot", "direct", "history_loop"):
        try:
            found.append(template(f"{words}/{part}").partition("{{")[0])
        except TemplateError:
            continue
    return tuple(start for start in found if start)
