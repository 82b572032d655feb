"""Hostile servers: whatever one answers is a Generation with numbers that make sense, or one sentence; never more.

After each the same backend answers the next request, so that one hostile reply costs one item.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import math
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.backends.openai import MASK, MAX_TOKENS, OpenAIBackend
from app.errors import BackendError, BackendUnavailable
from prompts.values import Generation, Message, Part, Request, Usage
from tests.app.backends.fake_server import HANG, Answer, FakeServer, Raw, chunk, completion, error, events, usage

ASKED = Request((Message("user", (Part("question", "How many?"),)),), 16)
VERBS = ("generate", "stream")
MAX_SENTENCE = 700
KEY = "sk-S3cret-Key-0123456789"
SLOW = 0.4
"""Seconds that a server has which says too little."""


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer() as server:
        yield server


def client(server: FakeServer, **options: Any) -> OpenAIBackend:
    return OpenAIBackend("tiny", **({"base_url": server.url, "pause": 0.001, "tries": 2, "timeout": 60} | options))


async def replied(backend: OpenAIBackend, verb: str) -> Generation:
    """The Generation that the backend makes of the next answer, the pieces of a stream checked against it."""
    if verb == "generate":
        return await backend.generate(ASKED)
    async with aclosing(backend.stream(ASKED)) as items:
        *pieces, made = [item async for item in items]
    assert isinstance(made, Generation) and "".join(map(str, pieces)) == made.text
    return made


def check_sentence(raised: BackendError) -> None:
    said = str(raised)
    assert said.startswith(("The server at http://", "The prompt does not fit")) and said.endswith((".", "?"))
    assert len(said) <= MAX_SENTENCE and said.isprintable()
    assert raised.__cause__ is None and (raised.__context__ is None or raised.__suppress_context__)


def check_generation(made: Generation) -> None:
    for count in (made.usage.prompt, made.usage.completion, made.usage.cached):
        assert type(count) is int and 0 <= count <= MAX_TOKENS
    assert made.usage.cached <= made.usage.prompt
    assert made.finish_reason in ("stop", "length")


async def refused(server: FakeServer, answer: Answer | Raw, verb: str, **options: Any) -> str:
    """The sentence that an answer becomes; afterwards the backend works as before."""
    server.then(*[answer] * 2)
    async with aclosing(client(server, **options)) as backend:
        with pytest.raises(BackendError) as caught:
            await replied(backend, verb)
        check_sentence(caught.value)
        server.forget()
        assert (await replied(backend, verb)).text == "An answer."
    return str(caught.value)


def body(content: bytes, type: str | None = "application/json", verb: str = "generate") -> Answer:
    """The content as the whole answer, or as the one event of a stream."""
    if verb == "stream":
        return Answer(body=b"data: " + content + b"\n\n", type="text/event-stream")
    return Answer(body=content, type=type)


# ------------------------------------------------------------------------------------------------------------- numbers

NUMBERS = ["-1", "1.5", "3.0", "true", '"3"', str(MAX_TOKENS + 1), str(10**30), "1e999", "1" * 5000, "NaN"]
FIELDS = ["prompt_tokens", "completion_tokens", "cached_tokens"]


def counted(field: str, number: str, verb: str) -> Answer:
    """An answer like any other, but that one of its numbers is as given."""
    made = completion("An answer.", details={"cached_tokens": 4}) if verb == "generate" else usage(Usage(9, 3, 4))
    if field == "cached_tokens":
        made["usage"]["prompt_tokens_details"][field] = "NUMBER"
    else:
        made["usage"][field] = "NUMBER"
    text = json.dumps(made).replace('"NUMBER"', number).encode()
    if verb == "generate":
        return body(text)
    begun = b"".join(b"data: %s\n\n" % json.dumps(each).encode() for each in (chunk(content="An "), chunk("stop")))
    return Answer(body=begun + b"data: " + text + b"\n\n", type="text/event-stream")


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number[:20])
async def test_a_number_that_makes_no_sense_is_an_error(server: FakeServer, field: str, number: str, verb: str) -> None:
    said = await refused(server, counted(field, number, verb), verb)
    assert field in said or "not JSON" in said


@pytest.mark.parametrize("verb", VERBS)
async def test_more_cached_tokens_than_the_prompt_has_are_an_error(server: FakeServer, verb: str) -> None:
    assert "more cached tokens" in await refused(server, counted("cached_tokens", "10", verb), verb)


# ------------------------------------------------------------------------------------------------------------ shapes

PLACES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "choices": lambda value: completion("x") | {"choices": value},
    "choice": lambda value: completion("x") | {"choices": [value]},
    "message": lambda value: completion("x") | {"choices": [{"message": value, "finish_reason": "stop"}]},
    "content": lambda value: completion(value),
    "reason": lambda value: completion("x", value),
    "usage": lambda value: completion("x") | {"usage": value},
    "details": lambda value: completion("x", details=value or [0]),
}
STREAMED: dict[str, Callable[[Any], dict[str, Any]]] = {
    "choices": lambda value: chunk() | {"choices": value},
    "choice": lambda value: chunk() | {"choices": [value]},
    "delta": lambda value: chunk() | {"choices": [{"delta": value}]},
    "index": lambda value: chunk() | {"choices": [{"index": value, "delta": {"content": "x"}}]},
    "content": lambda value: chunk(content=value),
    "reason": lambda value: chunk(value),
    "usage": lambda value: chunk("stop") | {"usage": value},
}


async def sane(server: FakeServer, answer: Answer | Raw, verb: str, **options: Any) -> Generation | BackendError:
    """What an answer becomes, a Generation or an error, checked; afterwards the backend works as before."""
    server.then(answer, answer)
    async with aclosing(client(server, **options)) as backend:  # the body of a 204 spoils the next try: it has two
        try:
            made: Generation | BackendError = await replied(backend, verb)
        except BackendError as raised:
            made = raised
        server.forget()
        assert (await replied(backend, verb)).text == "An answer."
    if isinstance(made, BackendError):
        check_sentence(made)
    else:
        check_generation(made)
    return made


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**40), 10**40) | st.floats() | st.text(max_size=8)
    | st.sampled_from(["stop", "length", "\ud83d", "\x00", "error", KEY]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["choices", "message", "content", "usage", "error", "delta", "index", "finish_reason", "x"]),
        inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
places = st.lists(st.tuples(st.sampled_from(sorted({*PLACES, *STREAMED, "body", "error"})), json_values), max_size=2)
fast = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def altered(base: dict[str, Any], shapes: dict[str, Callable[[Any], dict[str, Any]]], changes: Any) -> Any:
    made: Any = base
    for place, value in changes:
        if place == "body":
            made = value
        elif isinstance(made, dict):
            made = made | ({"error": value} if place == "error" else shapes.get(place, lambda _: {})(value))
    return made


@fast
@given(places)
async def test_any_json_as_a_reply(changes: Any) -> None:
    async with FakeServer() as server:
        await sane(server, Answer(body=altered(completion("x"), PLACES, changes)), "generate")


@fast
@given(st.lists(places, max_size=4), st.booleans())
async def test_any_json_as_the_events_of_a_stream(changes: list[Any], ends: bool) -> None:
    sent = [altered(chunk(content="x"), STREAMED, each) for each in changes]
    last = [chunk("stop"), usage(Usage(9, 3))] if ends else []
    async with FakeServer() as server:
        await sane(server, events(*sent, *last), "stream")


@fast
@given(json_values)
@example({"choices": None, "error": "\ud7c7"})
async def test_any_json_as_the_list_of_models(value: Any) -> None:
    async with FakeServer() as server:
        server.then(Answer(body=value), Answer(body={"data": value}), Answer(body={"data": [{"id": value}]}))
        for _ in range(3):
            try:
                backend = await OpenAIBackend.open(None, base_url=server.url, tries=1)
            except BackendError as raised:
                check_sentence(raised)
            else:
                assert backend.model.isprintable() and 0 < len(backend.model) <= 200
                await backend.aclose()


@fast
@given(st.integers(200, 599), json_values | st.binary(max_size=40), st.sampled_from(VERBS))
@example(204, None, "generate")
async def test_any_status_with_any_body(status: int, content: Any, verb: str) -> None:
    async with FakeServer() as server:
        await sane(server, Answer(status, content), verb)


@fast
@given(st.binary(max_size=60), st.sampled_from(VERBS))
async def test_any_bytes_as_a_body(content: bytes, verb: str) -> None:
    async with FakeServer() as server:
        assert isinstance(await sane(server, body(content, verb=verb), verb), BackendError)


@fast
@given(st.binary(max_size=60))
async def test_any_bytes_in_place_of_http(content: bytes) -> None:
    async with FakeServer() as server:
        assert isinstance(await sane(server, Raw(lambda: [content]), "generate"), BackendError)


# --------------------------------------------------------------------------------------------------- JSON that is none

GOOD = json.dumps(completion("TEXT")).encode()
BODIES = {
    "nested deep": b"[" * 100_000 + b"]" * 100_000,
    "cut UTF-8": GOOD[:-20] + b"\xe2\x82",
    "a raw control character": GOOD.replace(b"TEXT", b"a\x00b"),
    "two values": GOOD * 2,
    "blanks": b" \n" * 1000,
    "a list": b"[" + GOOD + b"]",
    "XML": b"<?xml version='1.0'?><a/>",
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", BODIES)
async def test_json_that_is_none_is_an_error(server: FakeServer, name: str, verb: str) -> None:
    content = BODIES[name]
    if verb == "stream":
        content = content.replace(b"\n", b"").replace(b'"message"', b'"delta"')
    await refused(server, body(content, verb=verb), verb)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    "text", ["\x00\x01\x1b[31m\x7f", "\u202e\u2066", "\ufeff\ufffe\uffff", "😀" * 100, "\r\n\u2028"]
)
async def test_any_text_that_is_one_is_kept_as_it_is(server: FakeServer, text: str, verb: str) -> None:
    server.then(
        Answer(body=completion(text))
        if verb == "generate"
        else events(*[chunk(content=each) for each in text], chunk("stop"), usage(Usage(9, 3)))
    )
    async with aclosing(client(server)) as backend:
        assert (await replied(backend, verb)).text == text


# ---------------------------------------------------------------------------------------------------------------- time

EVENTS = "Content-Type: text/event-stream"
BEGUN = b"data: %s\n\n" % json.dumps(chunk(content="x")).encode()
SILENT = {
    "no head": ("generate", HANG),
    "no body": ("generate", Answer(body=b"", then="hang")),
    "a body drop by drop": ("generate", Raw.body(lambda: itertools.repeat(b" "), "Content-Type: application/json",
                                                 pause=0.02)),
    "a stream that stops": ("stream", events(chunk(content="x"), done=False, then="hang")),
    "a stream drop by drop": ("stream", Raw.body(lambda: itertools.chain([BEGUN], itertools.repeat(b":")), EVENTS,
                                                 pause=0.02)),
}  # fmt: skip


@pytest.mark.parametrize("name", SILENT)
async def test_a_server_that_takes_too_long_is_given_up(server: FakeServer, name: str) -> None:
    verb, answer = SILENT[name]
    server.then(answer)
    async with asyncio.timeout(30), aclosing(client(server, timeout=SLOW, tries=1)) as backend:
        with pytest.raises(BackendUnavailable, match=f"timed out after {SLOW} s") as caught:
            await replied(backend, verb)
    check_sentence(caught.value)


# ---------------------------------------------------------------------------------------------------------------- HTTP

HTTP = {
    "nothing": b"",
    "a status that is none": b"HTTP/1.1 abc X\r\n\r\n",
    "switching protocols": b"HTTP/1.1 101 X\r\nUpgrade: evil\r\nConnection: Upgrade\r\n\r\nevil",
    "no content": b"HTTP/1.1 204 X\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 X\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "chunks that are none": b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n{}",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("name", HTTP)
async def test_http_that_is_none_is_an_error(server: FakeServer, name: str) -> None:
    await refused(server, Raw(lambda: [HTTP[name]]), "generate")


# ----------------------------------------------------------------------------------------------------------- redirects


@pytest.mark.parametrize("status", [302, 307])
@pytest.mark.parametrize("verb", VERBS)
async def test_a_redirect_to_another_host_is_refused(server: FakeServer, status: int, verb: str) -> None:
    async with FakeServer() as other:
        target = other.url.replace("127.0.0.1", "localhost") + "/chat/completions"
        said = await refused(server, Answer(status, headers={"Location": target}), verb, api_key=KEY)
        assert not other.seen, "neither the question nor the key goes there"
    assert target in said and "--base-url" in said


@pytest.mark.parametrize(
    "location",
    ["/v1/chat/completions", "file:///etc/passwd", "http://[", "x" * 50_000, f"http://evil/?key={KEY}", ""],
    ids=lambda each: each[:20],
)  # fmt: skip
async def test_a_redirect_to_anywhere_is_refused(server: FakeServer, location: str) -> None:
    said = await refused(server, Answer(302, headers={"Location": location}), "generate", api_key=KEY)
    assert KEY not in said


@pytest.mark.parametrize(
    "asked", ["1e999", "nan", "-1", "9" * 4000, "", "soon", "Fri, 31 Dec 9999 23:59:59 GMT"], ids=lambda each: each[:20]
)
async def test_a_pause_that_a_server_asks_for_is_bounded(
    server: FakeServer, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.backends.openai.MAX_PAUSE", 0.05)
    server.then(Answer(429, headers={"Retry-After": asked}))
    async with asyncio.timeout(30), aclosing(client(server)) as backend:
        [retry] = (await replied(backend, "generate")).retries
    assert 0 <= retry.waited <= 0.05 and math.isfinite(retry.waited)


# ----------------------------------------------------------------------------------------------------- the key, echoed


@pytest.mark.parametrize("echo", [KEY, json.dumps({"headers": {"authorization": f"Bearer {KEY}"}}), f"{KEY}{KEY}"])
async def test_a_key_in_a_reply_is_masked(server: FakeServer, echo: str) -> None:
    server.then(Answer(body=completion(f"You sent {echo}, didn't you?")))
    async with aclosing(client(server, api_key=KEY)) as backend:
        made = await replied(backend, "generate")
    assert KEY not in made.text and MASK in made.text
    assert made.text.startswith("You sent ") and made.text.endswith(", didn't you?")


ECHOED: dict[str, Callable[[str], Answer | Raw]] = {
    "failure": lambda key: error(503, f"bad key {key}"),
    "page": lambda key: Answer(404, f"<html>{key}</html>".encode(), type="text/html"),
    "detail": lambda key: Answer(422, {"detail": [{"input": {"headers": {"authorization": key}}}]}),
    "location": lambda key: Answer(302, headers={"Location": f"http://x/?{key}"}),
    "field of the wrong type": lambda key: Answer(body=completion("x") | {"usage": {"prompt_tokens": key}}),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("place", ECHOED)
async def test_a_key_in_an_error_is_masked(server: FakeServer, place: str, verb: str) -> None:
    said = await refused(server, ECHOED[place](KEY), verb, api_key=KEY)
    assert KEY not in said and KEY[:12] not in said


@pytest.mark.parametrize("name", [KEY, f"model-{KEY}"])
async def test_a_model_named_by_the_key_is_refused(name: str) -> None:
    async with FakeServer(models=(name,)) as server:
        with pytest.raises(BackendError, match="name cannot be shown: name one with --model") as caught:
            await OpenAIBackend.open(None, base_url=server.url, api_key=KEY)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("key", ["none", "EMPTY", "36", "answer", None])
async def test_a_short_key_changes_no_reply(server: FakeServer, key: str | None) -> None:
    server.then(Answer(body=completion("none of the EMPTY 36 is an answer")))
    async with aclosing(client(server, api_key=key)) as backend:
        assert (await replied(backend, "generate")).text == "none of the EMPTY 36 is an answer"
