"""Options for binding handlers to components, and the enclosing block of what is being drawn.

begin.click(solve, question, answer, **QUIET)
enclosing(gr.Tab).select(refresh, None, table, **QUIET)
"""

from __future__ import annotations

from typing import Any, TypeVar

from gradio.blocks import BlockContext
from gradio.context import get_render_context

T = TypeVar("T", bound=BlockContext)

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
"""For every handler: visitors do not wait for one another, and nothing is covered by a spinner."""


def enclosing(kind: type[T]) -> T:
    """The innermost block of that kind that is being drawn, such as the tab a tab's own module is in."""
    block = get_render_context()
    while block is not None and not isinstance(block, kind):
        block = block.parent
    if block is None:
        raise LookupError(f"no {kind.__name__} is being drawn")
    return block
