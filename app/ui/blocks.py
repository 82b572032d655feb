"""Gradio's Blocks whose errors are sentences.

What a visitor sent and nobody can use is refused without a traceback; what the program did wrong is in the log file.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import gradio as gr
from gradio.block_function import BlockFunction

from app.ui.gate.gate import VISIT, Visit

UNFIT = "What was sent does not fit the controls of the page: reload it and try again."
MISTAKE = "The program made a mistake: its log file says which."

logger = logging.getLogger(__name__)


class Refused(gr.Error):
    """A handler cannot do what was asked, and says why in a sentence."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, duration=None, print_exception=False)


class Blocks(gr.Blocks):
    """Blocks for an app that strangers may call directly."""

    def page_of(self, event: str) -> str | None:
        """The open page that a queued call is of; none when it has ended or never was."""
        found = self._queue.event_ids_to_events.get(event)
        return None if found is None else found.session_hash

    def forget(self, page: str | None) -> None:
        """Drop what Gradio keeps of a page that was left, 0.3 MB for an hour and longer; one that is back keeps it."""
        held = self.state_holder.session_data.get(page or "")
        if page is None or held is None or not held.is_closed:
            return
        self.state_holder.session_data.pop(page, None)
        self.state_holder.time_last_used.pop(page, None)
        self._queue.pending_event_ids_session.pop(page, None)
        self._queue.pending_messages_per_session.pop(page, None)

    def keep_no_statistics(self) -> None:
        """Count no calls for Gradio's dashboard, which is off: after each it makes a table of the last 10,000 anew."""
        self._queue.ANALYTICS_MAX_EVENTS = 1
        self._queue.ANAYLTICS_CACHE_FREQUENCY = sys.maxsize

    async def preprocess_data(
        self, block_fn: BlockFunction, inputs: list[Any], state: Any, explicit_call: bool = False
    ) -> Any:
        """Read what was sent; whatever a component makes of it that is no value is refused."""
        try:
            return await super().preprocess_data(block_fn, inputs, state, explicit_call)
        except Exception as error:
            raise Refused(UNFIT) from error

    async def process_api(self, block_fn: BlockFunction | int, inputs: list[Any], *args: Any, **kwargs: Any) -> Any:
        """Call a handler."""
        try:
            return await super().process_api(block_fn, inputs, *args, **kwargs)
        except Refused:
            _note_refusal(kwargs.get("request"))
            raise
        except Exception as error:
            logger.exception("A handler of the page failed")
            raise gr.Error(MISTAKE, duration=None, print_exception=False) from error


def _note_refusal(request: gr.Request | list[gr.Request] | None) -> None:
    """Tell the gate, which answers a request that is refused otherwise than a mistake of the program."""
    request = request[0] if isinstance(request, list) else request
    visit = request.request.scope.get(VISIT) if request is not None and request.request is not None else None
    if isinstance(visit, Visit):
        visit.refused = True
