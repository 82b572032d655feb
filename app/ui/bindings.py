"""Bindings of handlers to components: event options, the Site as first argument, and errors as sentences.

begin.click(handler(site, ask), [question], answer, **EVENT_DEFAULTS)      # async def ask(site, question): ...
enclosing(gr.Tab).select(handler(site, refresh), None, table, **EVENT_DEFAULTS)
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any, TypeVar

import gradio as gr
from gradio.blocks import BlockContext
from gradio.context import get_render_context

from app.ui.site import Site
from prompts.values import UserError

T = TypeVar("T", bound=BlockContext)
Handler = Callable[..., Any]

EVENT_DEFAULTS: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
"""For every handler: visitors do not wait for one another, and nothing is covered by a spinner."""


def handler(site: Site, function: Handler) -> Handler:
    """``function`` as Gradio calls it: with ``site``, then with the values of its inputs.

    It may be a function, a coroutine function or an async generator function. A ``UserError`` of it is shown as an
    error of the page.
    """
    if inspect.isasyncgenfunction(function):

        async def stream(*values: Any) -> AsyncGenerator[Any]:
            with _errors_as_alerts():
                async with aclosing(function(site, *values)) as pages:
                    async for page in pages:
                        yield page

        return stream
    if inspect.iscoroutinefunction(function):

        async def wait(*values: Any) -> Any:
            with _errors_as_alerts():
                return await function(site, *values)

        return wait

    def answer(*values: Any) -> Any:
        with _errors_as_alerts():
            return function(site, *values)

    return answer


def event_handler(site: Site, function: Handler, kind: type[gr.SelectData] | type[gr.Request]) -> Handler:
    """As ``handler``, for a function that takes what was selected, or the request, before the values of its inputs."""

    def answer(event: Any, *values: Any) -> Any:
        with _errors_as_alerts():
            return function(site, event, *values)

    answer.__annotations__["event"] = kind  # by which Gradio knows what to pass
    return answer


@contextmanager
def _errors_as_alerts() -> Iterator[None]:
    try:
        yield
    except UserError as error:
        raise gr.Error(str(error), duration=None, print_exception=False) from None


def enclosing(kind: type[T]) -> T:
    """The innermost block of that kind that is being drawn, such as the tab a tab's own module is in."""
    block = get_render_context()
    while block is not None and not isinstance(block, kind):
        block = block.parent
    if block is None:
        raise LookupError(f"no {kind.__name__} is being drawn")
    return block
