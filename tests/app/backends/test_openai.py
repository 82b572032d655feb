from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from typing import Any

import pytest

from app.backends.openai import OpenAIBackend
from app.errors import BackendError, BackendUnavailable, BadInput, ContextOverflow, MissingKey
from prompts.backend import Capability
from prompts.values import Generation, Request, Usage
from tests.app.backends.conftest import Ask, message
from tests.app.backends.fake_server import DROP, HANG, Answer, FakeServer, chunk, completion, error, events, usage

HANGS = 120
"""Seconds after which something hangs, however busy the machine is."""
SCHEMA = {"type": "object", "properties": {"known": {"type": "array", "maxItems": 2}}, "required": ["known"]}


async def generate(server: FakeServer, request: Request, **options: Any) -> Generation:
    backend = OpenAIBackend("tiny", **({"base_url": server.url, "pause": 0.001} | options))
    try:
        return await backend.generate(request)
    finally:
        await backend.aclose()


async def test_sends_what_was_asked(server: FakeServer, ask: Ask) -> None:
    await generate(server, ask("Why?", 32, temperature=0.7, seed=5, schema=SCHEMA), api_key="sk-1")
    [seen] = server.seen
    assert seen.headers["authorization"] == "Bearer sk-1"
    assert seen.body == {
        "model": "tiny",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}],
        "max_tokens": 32,
        "temperature": 0.7,
        "seed": 5,
        "response_format": {"type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": SCHEMA}},
    }


@pytest.mark.parametrize(
    ("owner", "given", "options"),
    [
        ("llamacpp", None, {}),
        ("vllm", None, {"continue_final_message": True, "add_generation_prompt": False}),
        ("somebody", None, None),
        ("llamacpp", "none", None),
        ("somebody", "prefill", {}),
    ],
)
async def test_how_a_server_continues_is_what_it_says_of_itself_or_what_is_given(
    owner: str, given: str | None, options: dict[str, bool] | None
) -> None:
    async with FakeServer(owner=owner) as server:
        backend = await OpenAIBackend.open("tiny", base_url=server.url, continuation=given)
        assert (Capability.CONTINUE in backend.capabilities) == (options is not None)
        if options is not None:
            await backend.generate(Request((message("user", "Why?"), message("assistant", "Because")), 9, stop=("\n",)))
            asked = server.seen[-1].body
            assert asked.pop("stop") == ["\n"]
            assert {name: asked.get(name) for name in options} == options
        await backend.aclose()


async def test_a_template_that_changes_the_beginning_of_a_reply_is_an_error(server: FakeServer) -> None:
    request = Request((message("user", "Why?"), message("assistant", "\nBecause of ")), 9)
    server.then(Answer(body=completion("Because of it.")))
    with pytest.raises(BackendError, match="--continuation none"):
        await generate(server, request, continuation="prefill")
    server.then(Answer(body={"choices": [{"message": {"content": " it"}, "finish_reason": "stop", "stop_reason": "."}],
                             "usage": {"prompt_tokens": 9, "completion_tokens": 1}}))  # fmt: skip
    made = await generate(server, request, continuation="vllm")
    assert (made.text, made.stop_reason) == (" it", ".")


@pytest.mark.parametrize("details", [None, {}, {"cached_tokens": None}])
async def test_no_cached_tokens_count_as_none(server: FakeServer, ask: Ask, details: Any) -> None:
    server.then(Answer(body=completion("x", details=details)))
    assert (await generate(server, ask("Why?"))).usage.cached == 0


async def test_asks_for_the_model_once_when_none_is_named(ask: Ask) -> None:
    async with FakeServer(models=("first", "second")) as server:
        backend = await OpenAIBackend.open(None, base_url=server.url)
        await backend.generate(ask("Why?"))
        await backend.generate(ask("How?"))
        await backend.aclose()
    assert backend.model == "first"
    assert [seen.path.rpartition("/")[2] for seen in server.seen] == ["models", "completions", "completions"]
    assert server.seen[1].body["model"] == "first"


@pytest.mark.parametrize(
    ("models", "fingerprint"),
    [
        (("mine",), "mine"),
        (("other", "mine"), "mine"),
        (("other",), "other"),
        (("other", "more"), "mine"),
        ((), "mine"),
    ],
)
async def test_the_model_that_answers_is_known_by_the_servers_own_name(
    models: tuple[str, ...], fingerprint: str
) -> None:
    async with FakeServer(models=models) as server:
        backend = await OpenAIBackend.open("mine", base_url=server.url)
        assert (backend.model, backend.fingerprint) == ("mine", fingerprint)
        await backend.aclose()


async def test_a_server_without_models_is_an_error() -> None:
    async with FakeServer(models=()) as server:
        with pytest.raises(BackendError, match="lists no model: name one with --model"):
            await OpenAIBackend.open(None, base_url=server.url)


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (error(429, "slow down"), "HTTP 429: slow down"),
        (error(500, "oops"), "HTTP 500: oops"),
        (Answer(502, b"<html>bad\n gateway</html>", type="text/html"), "HTTP 502: <html>bad gateway</html>"),
        (error(503, "Loading model"), "HTTP 503: Loading model"),
        (DROP, "no connection: "),
    ],
)
async def test_a_transient_failure_is_retried_and_recorded(
    server: FakeServer, ask: Ask, failure: Answer, said: str
) -> None:
    server.then(failure, failure)
    made = await generate(server, ask("Why?"))
    assert made.text == "An answer."
    assert len(made.retries) == 2
    assert all(retry.error.startswith(said) and retry.waited > 0 for retry in made.retries)
    assert made.seconds >= sum(retry.waited for retry in made.retries)


async def test_the_retry_after_header_is_obeyed(server: FakeServer, ask: Ask) -> None:
    server.then(
        Answer(429, headers={"Retry-After": "0.05"}),
        Answer(429, headers={"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}),
    )
    first, second = (await generate(server, ask("Why?"))).retries
    assert first.waited == 0.05
    assert second.waited < 0.05


async def test_the_last_retry_that_fails_is_raised(server: FakeServer, ask: Ask) -> None:
    server.then(*[error(503, "busy")] * 3)
    with pytest.raises(
        BackendUnavailable, match=r"^The server at http://\S+/v1 failed 3 times \(HTTP 503: busy\): try"
    ):
        await generate(server, ask("Why?"), tries=3)
    assert len(server.seen) == 3


async def test_an_absent_server_is_named(ask: Ask) -> None:
    async with FakeServer() as server:
        pass
    with pytest.raises(BackendUnavailable, match=rf"{server.url} gave no answer .*is it running\?"):
        await generate(server, ask("Why?"), tries=2)


@pytest.mark.parametrize(
    ("refusal", "kind", "sentence"),
    [
        (error(400, "bad\n seed."), BackendError, r"refused the request \(HTTP 400: bad seed\): "),
        (error(422, "no"), BackendError, r"refused the request \(HTTP 422: no\): "),
        (Answer(400, {"detail": "odd"}), BackendError, r"HTTP 400: odd"),
        (error(404, "no model tiny"), BackendError, r"no such page or model \(HTTP 404: no model tiny\): .*--model"),
        (error(400, "response_format is not supported"), BackendError, r"takes no JSON schema .*--memory-form text"),
        (error(401, "sk-1 is wrong"), MissingKey, r"wants an API key that may use tiny: set OPENAI_API_KEY\.$"),
        (error(403, "not yours"), MissingKey, r"set OPENAI_API_KEY\.$"),
        (
            error(400, "too long", type="exceed_context_size_error", n_prompt_tokens=99, n_ctx=64),
            ContextOverflow,
            r"\(HTTP 400: too long\)",
        ),
        (error(400, "too long", code="context_length_exceeded"), ContextOverflow, r"\(HTTP 400: too long\)"),
        (error(400, "maximum context length is 64 tokens"), ContextOverflow, r"length is 64 tokens\)"),
        (error(500, "Context size has been exceeded."), ContextOverflow, r"does not fit"),
    ],
)
async def test_a_refusal_is_one_sentence_at_once(
    server: FakeServer, ask: Ask, refusal: Answer, kind: type[BackendError], sentence: str
) -> None:
    server.then(refusal)
    with pytest.raises(kind, match=sentence) as caught:
        await generate(server, ask("Why?"))
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    assert len(server.seen) == 1, "a refusal is not tried again"


async def test_a_budget_spent_before_the_first_word_is_an_empty_text(server: FakeServer, ask: Ask) -> None:
    server.then(Answer(body=completion(None, "length", made=16)))
    made = await generate(server, ask("Why?"))
    assert (made.text, made.finish_reason, made.usage.completion) == ("", "length", 16)


async def test_cancelling_closes_the_connection_without_a_retry(server: FakeServer, ask: Ask) -> None:
    server.then(HANG)
    task = asyncio.create_task(generate(server, ask("Why?")))
    async with asyncio.timeout(HANGS):
        while not server.seen:
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.hung_up.acquire()
    assert len(server.seen) == 1


BEGUN = (chunk(role="assistant", content=None), chunk(content="An "), chunk(content="answer."))


async def streamed(server: FakeServer, request: Request, **options: Any) -> list[str | Generation]:
    backend = OpenAIBackend("tiny", **({"base_url": server.url, "pause": 0.001} | options))
    async with aclosing(backend), aclosing(backend.stream(request)) as items:
        return [item async for item in items]


async def test_a_stream_is_asked_for_with_its_usage(server: FakeServer, ask: Ask) -> None:
    *pieces, made = await streamed(server, ask("Why?", 32, temperature=0.7, seed=5, schema=SCHEMA))
    assert pieces == ["An ", "answer."]
    assert isinstance(made, Generation) and made.text == "An answer."
    body = server.seen[0].body
    assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})
    assert (body["max_tokens"], body["temperature"], body["seed"]) == (32, 0.7, 5)
    assert body["response_format"]["json_schema"]["schema"] == SCHEMA


async def test_a_stream_is_retried_until_it_begins(server: FakeServer, ask: Ask) -> None:
    server.then(error(503, "busy"), DROP)
    made = (await streamed(server, ask("Why?")))[-1]
    assert isinstance(made, Generation)
    assert [retry.error.partition(":")[0] for retry in made.retries] == ["HTTP 503", "no connection"]


@pytest.mark.parametrize(
    ("answer", "kind", "sentence"),
    [
        (events(*BEGUN), BackendUnavailable, r"broke off its answer"),
        (events(*BEGUN, then="drop", done=False), BackendUnavailable, r"gave no answer in 1 tries \(no connection: "),
        (events(*BEGUN, then="hang", done=False), BackendUnavailable, r"\(timed out after 2 s\)"),
        (events(*BEGUN, {"error": {"message": "out of\nmemory."}}), BackendError, r"broke off .*\(out of memory\)"),
        (
            events(*BEGUN, {"error": {"code": 500, "message": "Context size has been exceeded."}}),
            ContextOverflow,
            r"does not fit the model's context \(Context size has been exceeded\)",
        ),
        (events(*BEGUN, chunk("content_filter"), usage(Usage(9, 3))), BackendError, r"finish reason 'content_filter'"),
        (events(*BEGUN, chunk("stop")), BackendError, r"does not count tokens"),
    ],
    ids=["ends early", "connection lost", "silence", "error event", "context full", "filtered", "no usage"],
)
async def test_a_stream_that_breaks_off_is_one_sentence_after_its_pieces(
    server: FakeServer, ask: Ask, answer: Answer, kind: type[BackendError], sentence: str
) -> None:
    server.then(answer)
    timeout = 2 if answer.then == "hang" else HANGS
    backend = OpenAIBackend("tiny", base_url=server.url, timeout=timeout, pause=0.001)
    async with aclosing(backend), aclosing(backend.stream(ask("Why?"))) as items:
        pieces: list[str | Generation] = []
        with pytest.raises(kind, match=sentence) as caught:
            async for item in items:
                pieces.append(item)
    assert type(caught.value) is kind
    assert pieces == ["An ", "answer."]
    assert "\n" not in str(caught.value)
    assert len(server.seen) == 1, "what has begun is not tried again"


async def test_closing_a_stream_closes_its_connection(server: FakeServer, ask: Ask) -> None:
    server.then(events(*BEGUN, done=False, then="hang"))
    backend = OpenAIBackend("tiny", base_url=server.url)
    async with asyncio.timeout(HANGS), aclosing(backend):
        async with aclosing(backend.stream(ask("Why?"))) as items:
            assert await anext(items) == "An "
        await server.hung_up.acquire()


async def test_no_key_for_openai_itself_is_said_before_any_request() -> None:
    with pytest.raises(MissingKey, match="set OPENAI_API_KEY"):
        OpenAIBackend("gpt")


async def test_a_lone_surrogate_in_the_prompt_is_bad_input(server: FakeServer, ask: Ask) -> None:
    with pytest.raises(BadInput, match="lone surrogate"):
        await generate(server, ask(json.loads('"\\ud83d"')))


@pytest.mark.parametrize(
    "url", ["", "localhost:8000", "ftp://x/v1", "http://", "http://x:port/v1", "http://a b/v1", "http://[/"]
)
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(BadInput, match=r"is no server address: write one like http://127\.0\.0\.1:8000/v1\."):
        OpenAIBackend("tiny", base_url=url)


def test_secrets_stay_out_of_addresses_and_headers() -> None:
    with pytest.raises(BadInput, match="holds a password") as caught:
        OpenAIBackend("tiny", base_url="http://me:hunter2@127.0.0.1/v1")
    assert "hunter2" not in str(caught.value)
    with pytest.raises(BadInput, match="check OPENAI_API_KEY") as caught:
        OpenAIBackend("tiny", base_url="http://127.0.0.1/v1", api_key="sk\n1")
    assert "sk" not in str(caught.value)
