"""The calls of a step as HTML: each prompt part by part, and each reply as it came back.

prompts_html(record.step.calls)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import LiteralString

from markupsafe import Markup

from app.ui.html.text import description_list_html, joined, markup, note_html, text_html
from prompts.values import Call, PartKind

_LABELS: dict[PartKind, LiteralString] = {
    "system": "stable prefix",
    "question": "stable prefix",
    "context": "context",
    "memory": "memory",
    "thought": "thought",
    "instruction": "instruction",
}


def prompts_html(calls: Sequence[Call]) -> Markup:
    """Every prompt of a step."""
    return _numbered([prompt_html(call) for call in calls])


def outputs_html(calls: Sequence[Call]) -> Markup:
    """Every reply of a step, raw, with its settings, tokens, time and retries."""
    return _numbered([output_html(call) for call in calls])


def prompt_html(call: Call) -> Markup:
    """A prompt exactly as it was sent: each part of each message, labelled by its kind."""
    parts = [
        markup(
            '<div class="is-part is-{}"><span class="is-label">{} <small>({})</small></span>{}</div>',
            part.kind,
            _LABELS[part.kind],
            message.role,
            text_html(part.text),
        )
        for message in call.request.messages
        for part in message.parts
    ]
    return markup('<div class="is-view is-prompt">{}</div>', joined(parts))


def output_html(call: Call) -> Markup:
    """The raw reply to a prompt with its settings, tokens and time."""
    request, generation = call.request, call.generation
    usage = generation.usage
    retries = (f"{retry.error} (waited {retry.waited:.1f} s)" for retry in generation.retries)
    values = {
        "finished": "the model ended" if generation.finish_reason == "stop" else f"cut ({generation.finish_reason})",
        "prompt": f"{usage.prompt:,} tokens, {usage.cached:,} of them cached",
        "generated": f"{usage.completion:,} of at most {request.max_tokens:,} tokens",
        "time": f"{generation.seconds:.2f} s",
        "temperature": f"{request.temperature:g}",
        "seed": str(request.seed),
        "form": "free text" if request.schema is None else "bound to a JSON schema",
        "retries": "; ".join(retries) or "none",
    }
    return markup(
        '<div class="is-view is-output">{}{}</div>', text_html(generation.text), description_list_html(values)
    )


def _numbered(parts: Sequence[Markup]) -> Markup:
    if not parts:
        return note_html("This step asked the model nothing.")
    if len(parts) == 1:
        return parts[0]
    heading = '<h2 class="is-call">Call {} of {}</h2>{}'
    return joined(markup(heading, number, len(parts), part) for number, part in enumerate(parts, 1))
