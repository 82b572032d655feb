"""One step of an attempt, and the answer an attempt ended with, as HTML cards.

gr.HTML(step_card_html(record))
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import LiteralString

from markupsafe import Markup

from app.store.records import Attempt, Costs, Record
from app.ui.html.findings import findings_html, thought_text_html
from app.ui.html.memories import memory_html
from app.ui.html.text import (
    MAX_SHOWN,
    cut_note,
    description_list_html,
    escaped,
    list_html,
    markup,
    scroll_attributes,
    text_html,
)
from prompts.steps import Step
from prompts.values import Score


def step_card_html(record: Record) -> Markup:
    """One step: the thought with its faults, the memory with its changes, or the conclusion; and its cost."""
    step = record.step
    match step.verb:
        case "step":
            title = markup("Thought {}", step.round)
            body = thought_text_html(step.thought.text if step.thought else "", record.findings)
        case "conclude":
            title = markup("Conclusion")
            body = _conclusion(step) + findings_html(record.findings)
        case _:
            title = markup("Memory after thought {}", step.round)
            memory = memory_html(step.memory_before, step.memory_after, record.findings)
            body = memory + findings_html(record.findings)
            if step.verb == "read":
                title = markup("Part {} of the text", step.round)
                body = thought_text_html(step.thought.text, record.findings) + memory if step.thought else body
    return markup(
        '<article class="is-view is-step is-{}"><header><strong>{}</strong>{}</header>{}{}</article>',
        step.verb,
        title,
        _cost_line(step),
        body,
        _notes(step),
    )


def answer_html(attempt: Attempt, costs: Costs | None, scores: Mapping[str, Score] | None = None) -> Markup:
    """The answer, large; why the attempt ended, what scorers said of it, and its costs unless they are ``None``."""
    kind, label, value = "given", "Answer", attempt.answer or ""
    ending = attempt.ending.sentence if attempt.ending else ""
    if attempt.status == "error":
        kind, label, value, ending = "error", "Error", attempt.error or "", ""
    elif attempt.status == "running":
        kind, label, value = "running", "Unfinished", "the process that ran it is gone, or is still at it"
    elif attempt.answer is None:
        kind, value = "none", "none"
    return markup(
        '<section class="is-view is-answer is-{}"><span class="is-label">{}</span> '
        '<strong class="is-value"{}>{}</strong> <span class="is-ending">{}</span>{}{}{}</section>',
        kind,
        label,
        scroll_attributes(value),
        escaped(value[:MAX_SHOWN]),
        escaped(ending),
        cut_note(len(value)),
        list_html("is-scores", [_score(scorer, score) for scorer, score in (scores or {}).items()]),
        costs_html(costs) if costs else Markup(),
    )


def costs_html(costs: Costs) -> Markup:
    """Every cost of an attempt with its unit."""
    return description_list_html(costs.describe())


def _conclusion(step: Step) -> Markup:
    if step.calls and step.answer:
        return text_html(step.answer.source)
    if step.answer is not None and step.answer.text is not None:
        return markup("<p>The answer is taken from the thoughts before.</p>")
    return markup("<p>No answer was reached.</p>")


def _notes(step: Step) -> Markup:
    retries = (f"tried again: {r.error}" for call in step.calls for r in call.generation.retries)
    notes = (*step.marks, *retries)
    return list_html("is-notes", [markup("<li>{}</li>", escaped(note[:MAX_SHOWN])) for note in notes])


def _cost_line(step: Step) -> Markup:
    if not step.calls:
        return Markup()
    costs = Costs().after(step)
    return markup(
        ' <span class="is-cost">context {:,} tokens · {:,} generated · {:.0%} of the prompt cached · {:.1f} s</span>',
        costs.peak_context,
        costs.generated,
        costs.cached_tokens / (costs.prompt_tokens or 1),
        sum(call.generation.seconds for call in step.calls),
    )


def _score(scorer: str, score: Score) -> Markup:
    kind: LiteralString = "unjudged" if score.value is None else "right" if score.value == 1 else "wrong"
    return markup(
        '<li class="is-{}">{}: {} <small>{}</small></li>',
        kind,
        escaped(scorer),
        "could not judge" if score.value is None else kind,
        escaped(score.why[:200]),
    )
