"""Calls of the page's handlers, checked before Gradio sees them: which handler, whose page, how many values, what kind.

    checked = read_call(body, page.fns)

The page's controls hold only words, numbers and choices, so a value is a string, a number, a boolean or nothing: what
is nested, or names a file, is refused here, and no code behind has to be asked what it would do with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Protocol, TypeVar

import pydantic_core
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr, ValidationError

from app.ui.gate.refusal import Refusal

PAGE = r"[A-Za-z0-9_-]{1,64}"
"""What the random name of an open page, Gradio's session hash, looks like."""
LONGEST_NUMBER = 2**63

Whole = Annotated[StrictInt, Field(gt=-LONGEST_NUMBER, lt=LONGEST_NUMBER)]
Scalar = StrictStr | Whole | StrictFloat | StrictBool | None
Number = Annotated[StrictInt, Field(ge=0, lt=LONGEST_NUMBER)]


class Handler(Protocol):
    """What is asked of a handler of a Gradio page."""

    fn: Any
    inputs: Sequence[Any]
    collects_event_data: bool

    @property
    def targets(self) -> Sequence[tuple[Any, str]]:
        """The components and kinds of events that it is called on."""
        ...


class Selected(BaseModel):
    """What was selected in a table or list: its place, its value, and the values of its row."""

    model_config = ConfigDict(extra="ignore")

    index: Number | Annotated[list[Number], Field(max_length=2)] | None = None
    value: Scalar = None
    row_value: Annotated[list[Scalar], Field(max_length=50)] | None = None


class Call(BaseModel):
    """A click, or another event, as the page sends it; what else it sends is left out."""

    model_config = ConfigDict(extra="ignore")

    data: Annotated[list[Scalar], Field(max_length=50)]
    fn_index: Number
    session_hash: Annotated[str, Field(pattern=rf"^{PAGE}$")]
    trigger_id: Number | None = None
    event_data: Any = None


class Cancel(BaseModel):
    """The end of a call, as the page asks for it."""

    model_config = ConfigDict(extra="ignore")

    session_hash: Annotated[str, Field(pattern=rf"^{PAGE}$")]
    fn_index: Number
    event_id: Annotated[str, Field(pattern=rf"^{PAGE}$")]


B = TypeVar("B", Call, Cancel)


def read_call(body: bytes, handlers: Mapping[int, Handler]) -> Call:
    """The call that ``body`` is; raises ``Refusal`` when it fits no handler."""
    call = _read(body, Call)
    handler = handlers.get(call.fn_index)
    # What is done when a page is left is not called from it: it would wait for its own end.
    if handler is None or handler.fn is None or any(kind == "unload" for _, kind in handler.targets):
        raise Refusal(404, f"The page has no handler {call.fn_index}: reload it.")
    if len(call.data) != len(handler.inputs):
        raise Refusal(
            422, f"Handler {call.fn_index} takes {len(handler.inputs)} values, not {len(call.data)}: reload the page."
        )
    selected = None
    if handler.collects_event_data:
        try:
            selected = Selected.model_validate(call.event_data or {}).model_dump()
        except ValidationError as error:
            raise _refusal(error) from None
    return call.model_copy(update={"event_data": selected})


def read_cancel(body: bytes) -> Cancel:
    """The request to end a call that ``body`` is; raises ``Refusal`` when it is none."""
    return _read(body, Cancel)


def as_body(value: BaseModel) -> bytes:
    """The JSON that Gradio is given."""
    return json.dumps(value.model_dump()).encode()


def _read(body: bytes, kind: type[B]) -> B:
    try:
        return kind.model_validate(pydantic_core.from_json(body, allow_inf_nan=False))
    except ValidationError as error:
        raise _refusal(error) from None
    except ValueError:
        raise Refusal(400, "The request is no JSON.") from None


def _refusal(error: ValidationError) -> Refusal:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"][:2]) or "the request"
    return Refusal(422, f"What was sent as {place} cannot be used: {first['msg'][:1].lower()}{first['msg'][1:]}.")
