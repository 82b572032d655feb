from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from app.backends.openai_http import OpenAIBackend
from app.errors import BackendError, BackendUnavailable, BadInput, ContextOverflow, MissingKey
from tests.app.backends.conftest import Ask
from tests.app.backends.fake_server import DROP, HANG, Answer, FakeServer, completion, error

SCHEMA = {"type": "object", "properties": {"known": {"type": "array", "maxItems": 2}}, "required": ["known"]}


async def generate(server: FakeServer, request: Any, **options: Any) -> Any:
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


async def test_without_a_schema_none_is_sent(server: FakeServer, ask: Ask) -> None:
    await generate(server, ask("Why?"))
    assert "response_format" not in server.seen[0].body


async def test_text_comes_as_it_is(server: FakeServer, ask: Ask) -> None:
    server.then(Answer(body=completion(" \n two lines\n\n")))
    assert (await generate(server, ask("Why?"))).text == " \n two lines\n\n"


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
        (HANG, "timed out after 0.4 s"),
        (DROP, "no connection: "),
    ],
)
async def test_a_passing_failure_is_tried_again_and_recorded(
    server: FakeServer, ask: Ask, failure: Answer, said: str
) -> None:
    server.then(failure, failure)
    made = await generate(server, ask("Why?"), timeout=0.4)
    assert made.text == "An answer."
    assert len(made.retries) == 2
    assert all(retry.error.startswith(said) and retry.waited > 0 for retry in made.retries)
    assert made.seconds >= sum(retry.waited for retry in made.retries)


async def test_the_servers_own_pause_is_kept(server: FakeServer, ask: Ask) -> None:
    server.then(
        Answer(429, headers={"Retry-After": "0.05"}),
        Answer(429, headers={"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}),
    )
    first, second = (await generate(server, ask("Why?"))).retries
    assert first.waited == 0.05
    assert second.waited < 0.05


async def test_pauses_grow(server: FakeServer, ask: Ask) -> None:
    server.then(*[error(503, "busy")] * 5)
    made = await generate(server, ask("Why?"), tries=6)
    assert made.retries[4].waited > 4 * made.retries[0].waited


async def test_gives_up_after_the_last_try(server: FakeServer, ask: Ask) -> None:
    server.then(*[error(503, "busy")] * 3)
    with pytest.raises(
        BackendUnavailable, match=r"^The server at http://\S+/v1 failed 3 times \(HTTP 503: busy\): try"
    ):
        await generate(server, ask("Why?"), tries=3)
    assert len(server.seen) == 3


async def test_a_server_that_says_nothing_times_out(server: FakeServer, ask: Ask) -> None:
    server.then(HANG, HANG)
    with pytest.raises(
        BackendUnavailable, match=r"gave no answer in 2 tries \(timed out after 0.1 s\): .*longer timeout"
    ):
        await generate(server, ask("Why?"), timeout=0.1, tries=2)


async def test_an_absent_server_is_named(ask: Ask) -> None:
    async with FakeServer() as server:
        pass
    with pytest.raises(BackendUnavailable, match=rf"{server.url} gave no answer .*is it running\? .*--base-url"):
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
            r"\(it has 99 tokens, the context 64\)",
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


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Answer(body={}), "no choices"),
        (Answer(body={"choices": []}), "no choices"),
        (Answer(body={"error": {"message": "no credit"}}), "no credit"),
        (Answer(body=b"<html>hello</html>", type="text/html"), "does --base-url end in /v1"),
        (Answer(body=b'{"choices": ['), "not JSON"),
        (Answer(body=completion(None)), "without any text"),
        (Answer(body=completion("half", "content_filter")), "broke off its answer .*content_filter"),
        (Answer(body=completion("x") | {"usage": None}), "does not count tokens"),
    ],
)
async def test_an_answer_that_is_none_is_an_error(server: FakeServer, ask: Ask, answer: Answer, sentence: str) -> None:
    server.then(answer)
    with pytest.raises(BackendError, match=sentence):
        await generate(server, ask("Why?"))


async def test_a_budget_spent_before_the_first_word_is_an_empty_text(server: FakeServer, ask: Ask) -> None:
    server.then(Answer(body=completion(None, "length", made=16)))
    made = await generate(server, ask("Why?"))
    assert (made.text, made.finish_reason, made.usage.completion) == ("", "length", 16)


async def test_cancelling_hangs_up(server: FakeServer, ask: Ask) -> None:
    server.then(HANG)
    task = asyncio.create_task(generate(server, ask("Why?")))
    while not server.seen:
        await asyncio.sleep(0.005)
    clock = time.perf_counter()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(server.hung_up.acquire(), 1)
    assert time.perf_counter() - clock < 2
    assert len(server.seen) == 1


async def test_no_key_for_openai_itself_is_said_before_any_request() -> None:
    with pytest.raises(MissingKey, match="set OPENAI_API_KEY"):
        OpenAIBackend("gpt")


async def test_half_a_character_is_the_users_to_mend(server: FakeServer, ask: Ask) -> None:
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
