from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ui.gate.calls import Handler, as_body, read_call, read_cancel
from app.ui.gate.refusal import Refusal

HANDLERS = cast(
    dict[int, Handler],
    {
        0: SimpleNamespace(fn=print, targets=[(5, "click")], inputs=[1, 2], collects_event_data=False),
        1: SimpleNamespace(fn=print, targets=[(6, "select")], inputs=[], collects_event_data=True),
        2: SimpleNamespace(fn=None, targets=[], inputs=[], collects_event_data=False),
        3: SimpleNamespace(fn=print, targets=[(None, "unload")], inputs=[], collects_event_data=False),
    },
)
FINE: dict[str, Any] = {"data": ["x", 1], "fn_index": 0, "session_hash": "abc", "trigger_id": 3}


def body(**changes: Any) -> bytes:
    return json.dumps(FINE | changes).encode()


def test_a_call_of_the_page_passes_without_what_else_it_sends() -> None:
    sent = read_call(body(event_data={"x": 1}, oauth_token="t", batched=True, simple_format=True, request={}), HANDLERS)
    assert json.loads(as_body(sent)) == {**FINE, "event_data": None}


def test_a_selection_is_its_place_value_and_row() -> None:
    sent = read_call(body(data=[], fn_index=1, event_data={"index": [3, 0], "row_value": [7, "x"], "y": []}), HANDLERS)
    assert sent.event_data == {"index": [3, 0], "value": None, "row_value": [7, "x"]}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"fn_index": 9}, 404),
        ({"fn_index": 2, "data": []}, 404),
        ({"fn_index": 3, "data": []}, 404),
        ({"fn_index": None}, 422),
        ({"fn_index": "0"}, 422),
        ({"fn_index": True}, 422),
        ({"fn_index": -1}, 422),
        ({"fn_index": 1e30}, 422),
        ({"data": ["x"]}, 422),
        ({"data": ["x", 1, 2]}, 422),
        ({"data": None}, 422),
        ({"data": {"0": 1}}, 422),
        ({"data": ["x", [1]]}, 422),
        ({"data": ["x", {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}]}, 422),
        ({"data": [1] * 1000}, 422),
        ({"session_hash": None}, 422),
        ({"session_hash": ""}, 422),
        ({"session_hash": "a/b"}, 422),
        ({"session_hash": "a\n"}, 422),
        ({"session_hash": "x" * 65}, 422),
        ({"session_hash": ["abc"]}, 422),
        ({"trigger_id": "x"}, 422),
        ({"fn_index": 1, "data": [], "event_data": {"index": "x"}}, 422),
        ({"fn_index": 1, "data": [], "event_data": {"index": [1, 2, 3]}}, 422),
        ({"fn_index": 1, "data": [], "event_data": [1]}, 422),
        ({"fn_index": 1, "data": [], "event_data": {"row_value": [[1]]}}, 422),
    ],
)
def test_what_fits_no_handler_is_a_sentence(changes: dict[str, Any], status: int) -> None:
    with pytest.raises(Refusal) as refused:
        read_call(body(**changes), HANDLERS)
    assert refused.value.status == status
    assert refused.value.sentence[0].isupper() and refused.value.sentence.endswith(".")
    assert "/etc/passwd" not in refused.value.sentence


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"1",
        b'"x"',
        b"\xff\xfe",
        b"{}",
        b'{"data": [NaN, 1], "fn_index": 0, "session_hash": "abc"}',
        b'{"data": [Infinity, 1], "fn_index": 0, "session_hash": "abc"}',
        b'{"data": ["\\ud800", 1], "fn_index": 0, "session_hash": "abc"}',
        b"[" * 100_000,
        b'{"data":' * 50_000,
    ],
    ids=lambda raw: repr(raw[:24]),
)
def test_what_is_no_call_is_a_sentence(raw: bytes) -> None:
    for read in (lambda: read_call(raw, HANDLERS), lambda: read_cancel(raw)):
        with pytest.raises(Refusal) as refused:
            read()
        assert refused.value.status in (400, 422)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*FINE, "event_data", "event_id", "x"]), JSON))
def test_whatever_is_sent_is_a_call_or_a_refusal(changes: dict[str, Any]) -> None:
    try:
        sent = read_call(body(**changes), HANDLERS)
    except Refusal as refused:
        assert 400 <= refused.status < 500
        return
    assert len(sent.data) == len(HANDLERS[sent.fn_index].inputs)
    assert all(value is None or isinstance(value, str | int | float) for value in sent.data)
    json.loads(as_body(sent))


def test_the_end_of_a_call() -> None:
    sent = read_cancel(b'{"session_hash": "abc", "fn_index": 1, "event_id": "e1"}')
    assert (sent.session_hash, sent.fn_index, sent.event_id) == ("abc", 1, "e1")
