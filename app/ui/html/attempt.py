"""One attempt in the Traces tab: its row in the list, its head, its steps and its settings.

gr.HTML(step_html(12, store.record(12, 3), store.step_count(12)))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import LiteralString

from markupsafe import Markup

from app.store.records import Attempt, Record
from app.store.search import AttemptSummary, FirstFault, StepSummary
from app.text import count, when
from app.ui.html.memories import memory_html
from app.ui.html.steps import step_card_html
from app.ui.html.text import description_list_html, escaped, joined, list_html, markup, note_html, one_line, text_html
from prompts.steps import Verb

HEADS = ("attempt", "question", "answer", "outcome", "strategy", "run", "steps", "started")
"""The columns of the list of attempts."""

LISTED = 200
"""Steps that are listed at once."""

_BRIEF = 90
_VERBS: dict[Verb, LiteralString] = {"read": "read", "step": "thought", "summarize": "memory", "conclude": "conclusion"}


def attempt_cells(found: AttemptSummary) -> list[str | int]:
    """An attempt as a row under ``HEADS``: plain text, short, on one line."""
    run = "" if found.run is None else f"{found.run} ({found.task})"
    return [
        found.attempt,
        one_line(found.question, _BRIEF),
        one_line(found.answer or "", _BRIEF),
        one_line(outcome_words(found), _BRIEF),
        found.strategy,
        one_line(run, _BRIEF),
        found.steps,
        when(found.started),
    ]


def outcome_words(found: AttemptSummary) -> str:
    """The outcome of an attempt and its faults in a few words."""
    if found.status == "error":
        return f"error: {found.error or ''}"
    if found.status == "running":
        return "unfinished"
    verdict = "no answer" if found.answer is None else {True: "right", False: "wrong", None: "not judged"}[found.right]
    words = [verdict, "hit the step limit" if found.ending == "step_limit" else ""]
    words += [f"{name}s" for name, _ in found.faults]
    words.append("" if found.parent is None else f"forked from {found.parent}")
    return ", ".join(filter(None, words))


def header_html(attempt: Attempt) -> Markup:
    """The question, how it was solved, and what the attempt belongs to, with links there."""
    spec = attempt.spec
    facts = [markup("attempt {}", attempt.id), escaped(spec.strategy), escaped(f"{spec.model} ({spec.backend})")]
    if spec.run is not None:
        link = markup('<a href="?run={0}">run {0}</a>', spec.run)
        facts.append(markup("question {} of {}", escaped(spec.question.id[:_BRIEF]), link))
    if spec.parent is not None:
        link = '<a href="?attempt={0}&amp;step={1}">attempt {0}, step {1}</a>'
        facts.append(markup("forked from {}", markup(link, spec.parent, spec.forked_at_step or 0)))
    context = Markup()
    if spec.question.context:
        context = markup("<details><summary>Context</summary>{}</details>", text_html(spec.question.context))
    return markup(
        '<div class="is-view is-question">{}<p>{}</p>{}</div>',
        text_html(spec.question.text),
        joined(facts, " · "),
        context,
    )


def stepper_html(outline: Sequence[StepSummary], current: int, total: int, faults: Sequence[FirstFault] = ()) -> Markup:
    """The steps as buttons with their number in ``data-step``, and above them the first step of each fault.

    ``current`` is the step in view, and ``outline`` may be a part of ``total``.
    """
    if not outline:
        return note_html("No step was taken.")
    rest, first_faults = Markup(), Markup()
    if len(outline) < total:
        words = '<p class="is-cut">Steps {:,} to {:,} of {:,} are listed; the slider reaches all.</p>'
        rest = markup(words, outline[0].index, outline[-1].index, total)
    if faults:
        heading = markup('<p class="is-label">Where it went wrong first</p>')
        first_faults = heading + list_html("is-faults", [_fault_button(fault) for fault in faults])
    return markup(
        '<nav class="is-view is-stepper" aria-label="Steps of the attempt">{}<ol>{}</ol>{}</nav>',
        first_faults,
        joined(_step_button(step, step.index == current) for step in outline),
        rest,
    )


def step_html(attempt: int, record: Record, total: int) -> Markup:
    """One step: its place among ``total``, what came of it, and the memory it was given."""
    step = record.step
    place = markup(
        '<p class="is-view is-place">Step {0:,} (of steps 0 to {1:,}) · '
        '<a href="?attempt={2}&amp;step={0}">link to this step</a></p>',
        record.index,
        total - 1,
        attempt,
    )
    given = Markup()
    if step.verb in ("step", "conclude") and not step.memory_before.empty:
        section = '<section class="is-view is-given"><h2>The memory it was given</h2>{}</section>'
        given = markup(section, memory_html(None, step.memory_before))
    return place + step_card_html(record) + given


def settings_html(attempt: Attempt) -> Markup:
    """Every setting the attempt was run with."""
    settings = {name.replace("_", " "): str(value) for name, value in attempt.spec.settings.model_dump().items()}
    return markup('<div class="is-view">{}</div>', description_list_html(settings))


def _fault_button(fault: FirstFault) -> Markup:
    return markup(
        '<li><button type="button" data-step="{0}">step {0}: {1} <span class="is-line">{2}</span></button></li>',
        fault.step,
        _flag("fault", escaped(fault.name)),
        escaped(one_line(fault.text, _BRIEF)),
    )


def _step_button(step: StepSummary, current: bool) -> Markup:
    flags = [markup(" {}", _flag("fault", escaped(count(number, name)))) for name, number in step.faults]
    if step.marked:
        flags.append(markup(" {}", _flag("note", escaped("note"))))
    name = markup("{}", _VERBS[step.verb])
    if step.verb != "conclude":
        name = markup("{} {}", name, step.round)
    cost = Markup()
    if step.generated:
        cost = markup("<small>{}</small>", escaped(f"{step.generated:,} tokens, {step.seconds:.1f} s"))
    return markup(
        '<li><button type="button" data-step="{0}"{1}>{0}: {2} {3}{4}</button></li>',
        step.index,
        markup(' aria-current="step"') if current else Markup(),
        name,
        cost,
        joined(flags),
    )


def _flag(kind: LiteralString, words: Markup) -> Markup:
    return markup('<span class="is-flag is-{}">{}</span>', kind, words)
