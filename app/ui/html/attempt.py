"""One attempt in the Traces tab, as plain values and inert HTML: its row, head, steps, calls and settings. No gradio.

gr.HTML(step_html(12, store.record(12, 3), store.step_count(12)))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from app.sanitize import sanitize
from app.store.records import Attempt, Record
from app.store.search import Fault, Found, Outline
from app.ui.html.steps import memory_html, prompt_html, thought_html
from app.ui.html.text import facts_html, inert, text_html, without_folders
from prompts.memories import TextMemory
from prompts.steps import Verb
from prompts.values import Call

HEADS = ("attempt", "question", "answer", "outcome", "strategy", "run", "steps", "started")
"""The columns of the list of attempts."""

LISTED = 200
"""Steps that are listed at once."""

_BRIEF = 90
_VERBS: dict[Verb, str] = {"read": "read", "step": "thought", "summarize": "memory", "conclude": "conclusion"}


def attempt_row(found: Found, public: Callable[[str], str]) -> list[str | int]:
    """An attempt as a row under ``HEADS``: plain text, short, on one line; ``public`` cleans what errors say."""
    run = "" if found.run is None else f"{found.run} ({found.task})"
    return [
        found.attempt,
        _brief(found.question),
        _brief(found.answer or ""),
        _brief(public(outcome(found))),
        found.strategy,
        _brief(run),
        found.steps,
        datetime.fromtimestamp(found.started).strftime("%Y-%m-%d %H:%M"),
    ]


def outcome(found: Found) -> str:
    """How an attempt came out, in a few words."""
    if found.status == "error":
        return f"error: {without_folders(found.error or '')}"
    if found.status == "running":
        return "unfinished"
    verdict = "no answer" if found.answer is None else {True: "right", False: "wrong", None: "not judged"}[found.right]
    if found.ending == "steps spent":
        verdict += ", hit the step limit"
    if found.invented:
        verdict += ", numbers invented"
    return f"{verdict}, forked from {found.parent}" if found.parent is not None else verdict


def header_html(attempt: Attempt) -> str:
    """Which question, how it was solved, and what the attempt belongs to, with links there."""
    spec = attempt.spec
    model = without_folders(spec.model)
    facts = [f"attempt {attempt.id}", inert(spec.strategy), f"{inert(model)} ({inert(spec.backend)})"]
    if spec.run is not None:
        facts.append(f'question {inert(spec.question.id[:_BRIEF])} of <a href="?run={spec.run}">run {spec.run}</a>')
    if spec.parent is not None:
        at = spec.forked_at_step or 0
        facts.append(f'forked from <a href="?attempt={spec.parent}&amp;step={at}">attempt {spec.parent}, step {at}</a>')
    context = ""
    if spec.question.context:
        context = f"<details><summary>Context</summary>{text_html(spec.question.context)}</details>"
    return f'<div class="is-view is-question">{text_html(spec.question.text)}<p>{" · ".join(facts)}</p>{context}</div>'


def steps_html(outline: Sequence[Outline], current: int, total: int, faults: Sequence[Fault] = ()) -> str:
    """The steps as buttons that carry their number, the current one marked, above them those where it went wrong first.

    ``outline`` may be a part of ``total``.
    """
    if not outline:
        return '<p class="status">No step was taken.</p>'
    buttons = "".join(f"<li>{_button(step, step.index == current)}</li>" for step in outline)
    rest = ""
    if len(outline) < total:
        first, last = outline[0].index, outline[-1].index
        rest = f'<p class="is-cut">Steps {first:,} to {last:,} of {total:,} are listed; the slider reaches all.</p>'
    first = "".join(f"<li>{_fault(fault)}</li>" for fault in faults)
    look = f'<p class="is-label">Where it went wrong first</p><ul>{first}</ul>' if first else ""
    return f'<nav class="is-view is-stepper" aria-label="Steps of the attempt">{look}<ol>{buttons}</ol>{rest}</nav>'


def step_html(attempt: int, record: Record, total: int) -> str:
    """One step: where it stands, what came of it, and the memory it was given."""
    step = record.step
    link = f'<a href="?attempt={attempt}&amp;step={record.index}">link to this step</a>'
    place = f'<p class="is-view is-place">Step {record.index:,} (of steps 0 to {total - 1:,}) · {link}</p>'
    memory, given = step.memory_before, ""
    if step.verb in ("step", "conclude") and not (isinstance(memory, TextMemory) and memory.empty):
        given = (
            f'<section class="is-view is-given"><h2>The memory it was given</h2>{memory_html(None, memory)}</section>'
        )
    return f"{place}{thought_html(record)}{given}"


def prompts_html(calls: Sequence[Call]) -> str:
    """Every prompt of a step."""
    return _each(calls, [prompt_html(call) for call in calls])


def outputs_html(calls: Sequence[Call]) -> str:
    """Every reply of a step, raw, with its settings, tokens, time and retries."""
    return _each(calls, [output_html(call) for call in calls])


def output_html(call: Call) -> str:
    """What came back for a prompt, raw, with its settings, tokens and time."""
    request, generation = call.request, call.generation
    usage = generation.usage
    retries = (f"{without_folders(retry.error)} (waited {retry.waited:.1f} s)" for retry in generation.retries)
    facts = {
        "finished": "the model ended" if generation.finish_reason == "stop" else f"cut ({generation.finish_reason})",
        "prompt": f"{usage.prompt:,} tokens, {usage.cached:,} of them cached",
        "generated": f"{usage.completion:,} of at most {request.max_tokens:,} tokens",
        "time": f"{generation.seconds:.2f} s",
        "temperature": f"{request.temperature:g}",
        "seed": str(request.seed),
        "form": "free text" if request.schema is None else "bound to a JSON schema",
        "retries": "; ".join(retries) or "none",
    }
    return f'<div class="is-view is-output">{text_html(generation.text)}{facts_html(facts)}</div>'


def settings_html(attempt: Attempt) -> str:
    """Every setting the attempt was run with."""
    settings = {name.replace("_", " "): str(value) for name, value in attempt.spec.settings.model_dump().items()}
    return f'<div class="is-view">{facts_html(settings)}</div>'


def _each(calls: Sequence[Call], parts: Sequence[str]) -> str:
    if not calls:
        return '<p class="status">This step asked the model nothing.</p>'
    if len(calls) == 1:
        return parts[0]
    return "".join(f'<h2 class="is-call">Call {i} of {len(calls)}</h2>{part}' for i, part in enumerate(parts, 1))


def _fault(fault: Fault) -> str:
    kind = "wrong" if fault.kind == "wrong equation" else "invented"
    said = (
        f'<span class="is-flag is-{kind}">{fault.kind}</span> <span class="is-line">{inert(_brief(fault.text))}</span>'
    )
    return f'<button type="button" data-step="{fault.step}">step {fault.step}: {said}</button>'


def _button(step: Outline, current: bool) -> str:
    flags = [("wrong", f"{step.wrong} wrong")] if step.wrong else []
    flags += [("invented", f"{step.invented} invented")] if step.invented else []
    flags += [("note", "note")] if step.marked else []
    marks = "".join(f' <span class="is-flag is-{kind}">{words}</span>' for kind, words in flags)
    name = _VERBS[step.verb] if step.verb == "conclude" else f"{_VERBS[step.verb]} {step.round}"
    cost = f"<small>{step.generated:,} tokens, {step.seconds:.1f} s</small>" if step.generated else ""
    here = ' aria-current="step"' if current else ""
    return f'<button type="button" data-step="{step.index}"{here}>{step.index}: {name} {cost}{marks}</button>'


def _brief(text: str) -> str:
    line = " ".join(sanitize(text).split())
    return line if len(line) <= _BRIEF else f"{line[: _BRIEF - 1]}…"
