"""The table of removed facts: which of them, left out of a memory, change the answer.

removals_html([Removal(None, control, None), Removal("April = 48", attempt, True)], total=3, parent=parent)
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from app.ablation import Removal
from app.store.records import Attempt
from app.ui.html.tables import Head, attempt_link, brief, table_html
from app.ui.html.text import markup, status_html


def removals_html(found: Sequence[Removal], total: int, parent: Attempt) -> Markup:
    """For each removed fact, the answer without it and whether that flips it; ``found`` begins with the control."""
    control, removed = found[0].attempt, found[1:]
    rows = [
        (
            brief(removal.fact),
            _verdict(removal.flipped),
            brief(removal.attempt.error or "" if removal.flipped is None else removal.attempt.answer),
            attempt_link(removal.attempt.id),
        )
        for removal in sorted(removed, key=lambda removal: not removal.flipped)
    ]
    heads = (Head("without this fact"), Head("the answer"), Head("becomes"), Head("trace"))
    flips = sum(removal.flipped is True for removal in removed)
    return markup(
        "<p>With every fact the answer is <strong>{}</strong> ({}); attempt {} itself said {}.</p>{}{}",
        brief(control.answer),
        attempt_link(control.id),
        parent.id,
        brief(parent.answer),
        table_html("Which fact mattered", heads, rows, "Removing facts …"),
        status_html(f"{len(removed)} of {total} facts removed, {flips} of them flip the answer."),
    )


def _verdict(flipped: bool | None) -> Markup:
    if flipped is None:
        return markup('<span class="badge error">failed</span>')
    return markup('<span class="badge lost">flips</span>') if flipped else markup('<span class="badge">stays</span>')
