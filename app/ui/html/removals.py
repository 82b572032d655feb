"""Which fact mattered, as a table. Pure; no gradio here.

mattered_html([Removal(None, control, None), Removal("April = 48", attempt, True)], total=3, parent=parent)
"""

from __future__ import annotations

from collections.abc import Sequence

from app.ablation import Removal
from app.store.records import Attempt
from app.ui.html.tables import Head, attempt_link, brief, status_html, table_html
from app.ui.html.text import without_folders


def mattered_html(found: Sequence[Removal], total: int, parent: Attempt) -> str:
    """For each fact taken away, the answer without it and whether that flips it; ``found`` begins with the control."""
    control, removed = found[0].attempt, found[1:]
    rows = [
        (
            brief(removal.fact),
            _verdict(removal.flipped),
            brief(without_folders(removal.attempt.error or "") if removal.flipped is None else removal.attempt.answer),
            attempt_link(removal.attempt.id),
        )
        for removal in sorted(removed, key=lambda removal: not removal.flipped)
    ]
    heads = (Head("without this fact"), Head("the answer"), Head("becomes"), Head("trace"))
    said = (
        f"<p>With every fact the answer is <strong>{brief(control.answer)}</strong> ({attempt_link(control.id)});"
        f" attempt {parent.id} itself said {brief(parent.answer)}.</p>"
    )
    flips = sum(removal.flipped is True for removal in removed)
    so_far = f"{len(removed)} of {total} facts taken away, {flips} of them flip the answer."
    return f"{said}{table_html('Which fact mattered', heads, rows, 'Taking facts away …')}{status_html(so_far)}"


def _verdict(flipped: bool | None) -> str:
    if flipped is None:
        return '<span class="badge error">failed</span>'
    return '<span class="badge lost">flips</span>' if flipped else '<span class="badge">stays</span>'
