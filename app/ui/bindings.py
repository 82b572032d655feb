"""What binds handlers to components: their options, the visitor's own Site, and errors as sentences.

begin.click(for_visitor(site, ask), [question], answer, **QUIET)      # async def ask(site, question): ...
table.select(for_selection(site, pick), None, view, **QUIET)          # def pick(site, selected): ...
enclosing(gr.Tab).select(for_visitor(site, refresh), None, table, **QUIET)
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any, TypeVar

import gradio as gr
from gradio.blocks import BlockContext
from gradio.context import get_render_context

from app.ui.blocks import Refused
from app.ui.gate.calls import Selected
from app.ui.site import Site
from prompts.values import UserError

T = TypeVar("T", bound=BlockContext)
Handler = Callable[..., Any]

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
"""For every handler: visitors do not wait for one another, and nothing is covered by a spinner."""


def for_visitor(site: Site, handler: Handler) -> Handler:
    """``handler`` as Gradio calls it: with the Site of whoever asks, then with the values of its inputs.

    It may be a function, a coroutine function or an async generator function. A ``UserError`` of it is shown as an
    error of the page, without what nobody may read.
    """
    if inspect.isasyncgenfunction(handler):

        async def stream(request: gr.Request, *values: Any) -> AsyncGenerator[Any]:
            with _sentences(site):
                async with aclosing(handler(site.seen_by(request.username), *values)) as pages:
                    async for page in pages:
                        yield page

        return stream
    if inspect.iscoroutinefunction(handler):

        async def wait(request: gr.Request, *values: Any) -> Any:
            with _sentences(site):
                return await handler(site.seen_by(request.username), *values)

        return wait

    def answer(request: gr.Request, *values: Any) -> Any:
        with _sentences(site):
            return handler(site.seen_by(request.username), *values)

    return answer


def for_selection(site: Site, handler: Handler) -> Handler:
    """As ``for_visitor``, for a function that is called with what was selected before the values of its inputs."""

    def answer(request: gr.Request, event: gr.EventData, *values: Any) -> Any:
        with _sentences(site):
            selected = Selected.model_validate(event._data)  # the gate has checked it
            return handler(site.seen_by(request.username), selected, *values)

    return answer


def for_request(site: Site, handler: Handler) -> Handler:
    """As ``for_visitor``, for a function that is called with the request before the values of its inputs."""

    def answer(request: gr.Request, *values: Any) -> Any:
        with _sentences(site):
            return handler(site.seen_by(request.username), request, *values)

    return answer


@contextmanager
def _sentences(site: Site) -> Iterator[None]:
    try:
        yield
    except UserError as error:
        raise Refused(site.public(str(error))) from None


def enclosing(kind: type[T]) -> T:
    """The innermost block of that kind that is being drawn, such as the tab a tab's own module is in."""
    block = get_render_context()
    while block is not None and not isinstance(block, kind):
        block = block.parent
    if block is None:
        raise LookupError(f"no {kind.__name__} is being drawn")
    return block
