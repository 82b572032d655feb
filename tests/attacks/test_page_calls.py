"""Raw calls of every handler of the page, and users who reach for each other's questions."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.store import Store
from app.store.wanted import Wanted
from app.ui.blocks import MISTAKE
from app.ui.gate.gate import WRITTEN
from evals.page_client import CANCEL, EVENTS, HEARTBEAT, JOIN, RUN, Event, Page, client, log_in, visitor
from tests.attacks.pages import HANGS, Server, asking, password_of, served, write_replies


def deep(levels: int, around: str = "[]") -> str:
    return around[0] * levels + around[1] * levels


BODIES: dict[str, str | bytes] = {
    **{word or "empty": word for word in ("", "null", "1", '"x"', "[]", "{}", "true", "NaN", "{", "[1,]", "\0", "'x'")},
    "not UTF-8": b'{"data": ["\xff\xfe"]}',
    "UTF-16": '{"data": []}'.encode("utf-16"),
    "a BOM": "\ufeff{}".encode(),
    "a lone surrogate": '{"data": ["\\ud800"], "fn_index": 2, "session_hash": "x"}',
    "deep": deep(100_000),
    "deep data": '{"fn_index": 2, "session_hash": "x", "data": ' + deep(50_000) + "}",
    "deep objects": '{"a":' * 50_000 + "1" + "}" * 50_000,
    "many keys": json.dumps({str(n): n for n in range(50_000)}),
    "a huge number": '{"fn_index": ' + "9" * 100_000 + "}",
    "a tiny number": '{"fn_index": 1e-99999, "session_hash": "x", "data": []}',
    "an infinite number": '{"fn_index": 1e99999, "session_hash": "x", "data": []}',
    "twice": '{"fn_index": 2, "fn_index": "2", "session_hash": "x", "data": [null]}',
    "a form": "data=1&fn_index=2",
    "long names": json.dumps({"x" * 100_000: 1}),
}
FIELDS: dict[str, Sequence[object]] = {
    "fn_index": (None, -1, 10**6, 2**63, 2**70, 1.5, "2", [2], {"a": 1}, True, math.pi, "x" * 1000),
    "session_hash": (None, "", "x" * 65, "a/b", "../x", "é", "a\0b", 1, [1], {}, " ", "x\n", "%00", "a b"),
    "data": (None, "x", 1, {}, [[1]], [{}], [None] * 51, [None] * 1000, [{"path": "/etc/passwd"}], [["x"] * 9]),
    "event_data": ("x", 1, [1], {"index": -1}, {"index": {}}, {"index": [1] * 9}, {"value": {}}, {"row_value": [[1]]}),
    "trigger_id": ("x", -1, 2**70, [1], {}, 1.5),
    "event_id": (None, 1, "", "x" * 65, "../x", [1], {"a": 1}),
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("path", sorted(WRITTEN))
def test_a_body_that_is_no_call_is_refused(
    path: str, name: str, server: Server, cookies: dict[str, httpx.Cookies]
) -> None:
    body = BODIES[name]
    with asking(server, cookies["ann"]) as ann:
        answer = ann.post(path, content=body if isinstance(body, bytes) else body.encode())
    assert answer.status_code in (400, 404, 413, 422), answer.text[:300]
    assert_sentence(answer.json()["error"])


@pytest.mark.parametrize("field", FIELDS)
async def test_a_field_of_the_wrong_kind_is_refused(
    field: str, server: Server, cookies: dict[str, httpx.Cookies]
) -> None:
    async with at_page(server, cookies["ann"]) as page:
        event = next(event for event in page.events if event.selects)
        good = page.body(event, [None] * len(event.inputs)) | {"event_id": "x"}
        paths = {"event_id": (CANCEL,), "fn_index": WRITTEN, "session_hash": WRITTEN}.get(field, (RUN, JOIN))
        for path in sorted(paths):
            for value in FIELDS[field]:
                if path == CANCEL and field == "fn_index" and isinstance(value, int) and 0 <= value < 2**63:
                    continue  # nothing is running, so that there is nothing to end
                answer = await page.http.post(path, json=good | {field: value})
                assert answer.status_code in (400, 404, 422), (path, value, answer.text[:300])
                assert_sentence(answer.json()["error"])


def assert_sentence(text: str) -> None:
    assert text.endswith((".", "!")) and "\n" not in text and "Traceback" not in text and len(text) < 600, text[:700]
    assert text != MISTAKE


@asynccontextmanager
async def at_page(server: Server, cookies: httpx.Cookies) -> AsyncGenerator[Page]:
    """The page, opened, with nothing called yet and without a heartbeat."""
    async with client(server.url, cookies=cookies) as http:
        yield await Page.open(http)


async def outcome(page: Page, event: Event, data: object) -> str | None:
    """What comes of a call of a handler: nothing wrong, or the sentence with which it was refused."""
    body = page.body(event, []) | {"data": data, "event_data": {"index": 0, "value": None} if event.selects else None}
    path = JOIN if event.queued else RUN
    answer = await page.http.post(path, content=json.dumps(body))  # unlike httpx's own it writes NaN and surrogates
    assert answer.status_code < 500, (event.number, data, answer.text[:500])
    if answer.status_code != 200:
        assert_sentence(answer.json()["error"])
        return answer.json()["error"]
    if not event.queued:
        return None
    async for message in page.messages():
        if message["msg"] == "process_completed":
            error = None if message["success"] else str(message["output"]["error"])
            if error is not None:
                assert_sentence(error)
            return error
    raise AssertionError(f"handler {event.number} did not answer {data!r}")


TAKEN: dict[str, Any] = {
    repr(value)[:24]: value
    for value in (
        *(None, True, 0, -1, -(2**63), 0.5, 1e308, "", "x", "1e400", "\0", "<b>&amp;</b>", "../../etc/passwd", "isump"),
        *("gsm8k: built-in questions", "'; DROP TABLE attempts; --", "9" * 4000),
    )
} | {"a long text": "long " * 50_000, "many lines": "line\n" * 5000}
REFUSED: dict[str, Any] = {
    "a list": [],
    "a list of None": [None],
    "nested lists": [[[[["x"]]]]],
    "a deep list": json.loads("[" * 200 + "]" * 200),
    "an object": {},
    "a file": {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}},
    "a table": {"headers": [], "data": [[1]]},
    "an update": {"__type__": "update", "value": 1},
    "a number far too large": 10**400,
    "NaN": math.nan,
    "infinity": math.inf,
    "a lone surrogate": "\ud800",
}


@pytest.mark.parametrize("name", [*TAKEN, *REFUSED])
async def test_every_handler_takes_or_refuses_every_value(
    name: str, server: Server, cookies: dict[str, httpx.Cookies]
) -> None:
    value = REFUSED[name] if name in REFUSED else TAKEN[name]
    async with at_page(server, cookies["ann"]) as page, asyncio.timeout(HANGS):
        assert len(page.events) > 30
        for event in page.events:
            error = await outcome(page, event, [value] * len(event.inputs))
            assert error or name in TAKEN or not event.inputs, event.number


@pytest.mark.parametrize("count", ["none", "one less", "one more", "many"])
async def test_every_handler_refuses_another_number_of_values(
    count: str, server: Server, cookies: dict[str, httpx.Cookies]
) -> None:
    async with at_page(server, cookies["ann"]) as page, asyncio.timeout(HANGS):
        for event in page.events:
            n = len(event.inputs)
            sent = {"none": 0, "one less": n - 1, "one more": n + 1, "many": 49}[count]
            if sent >= 0 and sent != n:
                assert await outcome(page, event, [None] * sent), event.number


HOSTILE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(st.characters(), max_size=40),
    st.sampled_from([*TAKEN.values()]),
    st.recursive(st.none() | st.integers(), lambda each: st.lists(each) | st.dictionaries(st.text(), each)),
)


@pytest.fixture(scope="module")
def opened(with_users: Server, cookies: dict[str, httpx.Cookies]) -> Page:
    """The page as it is when nothing has been called."""

    async def found() -> Page:
        async with at_page(with_users, cookies["ann"]) as page:
            return page

    return asyncio.run(found())


@given(data=st.data())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_values_of_all_kinds_among_good_ones(data: st.DataObject, with_users: Server, opened: Page) -> None:
    async def ask() -> None:
        async with client(with_users.url, cookies=opened.http.cookies) as http, asyncio.timeout(HANGS):
            page = replace(opened, http=http)
            event = data.draw(st.sampled_from(page.events), "handler")
            good = [page.values[place] for place in event.inputs]
            odd = data.draw(st.sets(st.integers(0, len(good) - 1), max_size=3)) if good else set[int]()
            await outcome(page, event, [data.draw(HOSTILE) if at in odd else value for at, value in enumerate(good)])

    asyncio.run(ask())


def test_what_hypothesis_found_is_in_no_log(with_users: Server) -> None:
    with_users.check()


async def test_queued_handlers_are_not_called_around_the_queue(
    server: Server, cookies: dict[str, httpx.Cookies]
) -> None:
    async with at_page(server, cookies["ann"]) as page:
        for event in page.events:
            if event.queued:
                answer = await page.http.post(RUN, json=page.body(event, [None] * len(event.inputs)))
                assert answer.status_code == 404, event.number


# Two users

SECRET = "walnuts"
ASKED = f"Ann has 3 dozen {SECRET}. How many are that?"


@pytest.fixture(scope="module")
def asked(with_users: Server, cookies: dict[str, httpx.Cookies]) -> int:
    """The number of an attempt of ann's."""

    async def ask() -> int:
        async with visitor(with_users.url, cookies=cookies["ann"]) as page:
            await page.do("click", "Solve", {"Question": ASKED})
            await page.do("submit", "Words", {"Words": SECRET})
            assert SECRET in page.shown("attempts-box")
            return int(page.shown("attempts-box").partition("[[")[2].partition(",")[0])

    return asyncio.run(ask())


async def test_no_handler_shows_what_another_user_asked(
    asked: int, server: Server, cookies: dict[str, httpx.Cookies]
) -> None:
    async with visitor(server.url, cookies=cookies["bo"]) as page, asyncio.timeout(HANGS):
        await page.load(f"attempt={asked}&step=0")
        assert "cannot be shown" in page.shown("question-box")
        assert SECRET not in str(page.values)
        for event in page.events:
            given = [*("" if page.parts[place]["type"] == "textbox" else page.values[place] for place in event.inputs)]
            for place, at in enumerate(event.inputs):
                label = page.parts[at]["props"].get("label")
                given[place] = {"Words": SECRET, "Attempt": asked, "Run": 1}.get(str(label), given[place])
            row = [asked, SECRET]
            body = page.body(
                event, given, {"index": [0, 0], "value": asked, "row_value": row} if event.selects else None
            )
            if not event.queued:
                assert SECRET not in (await page.http.post(RUN, json=body)).text, event.number
            elif (await page.http.post(JOIN, json=body)).status_code == 200:
                async for message in page.messages():
                    assert SECRET not in str(message), event.number
    with Store.open(server.folder / "t.sqlite.users" / "bo.sqlite", read_only=True) as store:
        assert not store.find(Wanted(SECRET))


async def test_what_is_done_when_a_page_is_left_is_not_called_from_it(
    server: Server, cookies: dict[str, httpx.Cookies]
) -> None:
    async with at_page(server, cookies["ann"]) as page:
        leaving = [event for event in page.events if any(kind == "unload" for _, kind in event.targets)]
        assert (
            [await outcome(page, event, []) for event in leaving]
            == [f"The page has no handler {event.number}: reload it." for event in leaving]
            != []
        )


async def test_a_page_of_another_user_is_out_of_reach(server: Server, cookies: dict[str, httpx.Cookies]) -> None:
    async with visitor(server.url, cookies=cookies["ann"]) as anns, at_page(server, cookies["bo"]) as bos:
        await bos.load()
        assert bos.name != anns.name
        http, call = bos.http, bos.body(bos.event("click", "Example: A walk"), []) | {"session_hash": anns.name}
        for answer in (
            await http.post(RUN, json=call),
            await http.post(JOIN, json=call),
            await http.post(CANCEL, json={"session_hash": anns.name, "fn_index": 0, "event_id": "x"}),
            await http.get(HEARTBEAT + anns.name),
            await http.get(EVENTS, params={"session_hash": anns.name}),
            await http.get(f"{EVENTS}?session_hash={bos.name}&session_hash={anns.name}"),
            await http.get(f"{EVENTS}?session_hash={anns.name}&session_hash={anns.name}"),
            await http.get(f"{EVENTS}?session_hash=%20{anns.name}"),
            await http.get(EVENTS),
        ):
            assert answer.status_code == 404, answer.request.url


async def test_the_question_of_another_user_is_not_stopped(tmp_path: Path) -> None:
    replies = write_replies(tmp_path / "replies.jsonl", ["Answer: 48"], 2.0, 10)
    with served(tmp_path, replies, users=("ann", "bo")) as server:
        async with client(server.url) as anns_http, client(server.url) as bos_http:
            await log_in(anns_http, "ann", password_of("ann"))
            await log_in(bos_http, "bo", password_of("bo"))
            anns, bos = await Page.open(anns_http), await Page.open(bos_http)
            solve = anns.event("click", "Solve")
            anns.values[solve.inputs[1]] = ASKED
            joined = await anns_http.post(JOIN, json=anns.body(solve, [anns.values[place] for place in solve.inputs]))
            event = joined.raise_for_status().json()["event_id"]
            for number in (solve.number, 0, 1):
                sent = {"session_hash": bos.name, "fn_index": number, "event_id": event}
                assert (await bos_http.post(CANCEL, json=sent)).status_code == 404
            await bos.do("click", "Stop")
            kinds = [message["msg"] async for message in anns.messages()]
            assert kinds.count("process_completed") == 1 and kinds.count("process_generating") > 1
        with Store.open(tmp_path / "t.sqlite.users" / "ann.sqlite", read_only=True) as store:
            assert [found.status for found in store.find(Wanted(SECRET))] == ["done"]
        server.check()
