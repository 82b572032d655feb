"""What every backend promises, asked of each in the same words; the embedded backend only with -m integration."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
import pytest_asyncio

from app.backends.config import BackendConfig
from app.backends.embedded import EmbeddedBackend
from app.backends.open import BACKENDS, open_backend
from app.backends.openai import OpenAIBackend
from app.backends.scripted import Reply, ScriptedBackend
from app.errors import ContextOverflow, ModelError
from prompts.backend import PROTOCOLS, Backend, Capability, Streamer, TokenCounter
from prompts.values import Generation, Request
from tests.app.backends.conftest import Ask, message
from tests.app.backends.fake_server import FakeServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

T = TypeVar("T")
CONTEXT = 512
HANGS = 120
"""Seconds after which something hangs, however busy the machine is."""
FACTS = " ".join(f"Box {i} holds {i * 7 % 13} balls." for i in range(30))
SCHEMA = {
    "type": "object",
    "properties": {"known": {"type": "array", "items": {"type": "string", "maxLength": 12}, "maxItems": 2}},
    "required": ["known"],
    "additionalProperties": False,
}


def _reply(request: Request) -> str | Reply:
    if request.schema is not None:
        return '{"known": ["a fact"]}'
    if request.prefill:
        return " 3, 4, 5" if "2," in request.prefill else " Paris."
    asked = request.messages[-1].content
    if "capital" in asked:
        return "Paris."
    story = "Once upon a time there was a story. " * 40
    return Reply(story, seconds=10 * HANGS) if "endless" in asked else story


def _scripted() -> ScriptedBackend:
    return ScriptedBackend(_reply, delay=0.02, context=CONTEXT)


@pytest_asyncio.fixture(
    scope="module",
    loop_scope="module",
    params=[
        "scripted",
        "openai",
        pytest.param("embedded", marks=pytest.mark.integration),
        pytest.param("openai on embedded", marks=pytest.mark.integration),
    ],
)
async def backend(request: pytest.FixtureRequest) -> AsyncIterator[Backend]:
    async with AsyncExitStack() as stack:
        if request.param == "scripted":
            made: Backend = _scripted()
        elif request.param == "openai":
            server = await stack.enter_async_context(FakeServer(_scripted(), owner="llamacpp"))
            made = await OpenAIBackend.open(None, base_url=server.url)
        else:
            path: Path = request.getfixturevalue("smollm2")
            made = engine = await EmbeddedBackend.open_file(path, slots=2, context=CONTEXT)
            stack.push_async_callback(engine.aclose)
            if request.param == "openai on embedded":
                made = await OpenAIBackend.open(None, base_url=engine.base_url, api_key=engine.api_key)
        stack.push_async_callback(made.aclose)
        yield made


async def test_says_which_model_it_is_and_what_its_tokenizer_reads_as_control_tokens(backend: Backend) -> None:
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", backend.fingerprint) or backend.fingerprint == backend.model
    assert all(isinstance(token, str) and token.strip() for token in backend.control_tokens)
    assert bool(backend.control_tokens) == (backend.name == "embedded"), "only a model's file tells them"


async def test_its_entry_says_what_it_can_do_before_it_is_opened(backend: Backend) -> None:
    of_the_server = {Capability.CONTINUE} if backend.name == "openai" else set[Capability]()
    assert BACKENDS[backend.name].capabilities == backend.capabilities - of_the_server


@pytest.mark.parametrize("capability", PROTOCOLS, ids=lambda capability: capability.name)
async def test_it_declares_a_capability_if_and_only_if_it_has_its_methods(
    backend: Backend, capability: Capability
) -> None:
    assert isinstance(backend, PROTOCOLS[capability]) == (capability in backend.capabilities)


async def test_counts_tokens_and_time(backend: Backend, ask: Ask) -> None:
    before, clock = time.time(), time.perf_counter()
    made = await backend.generate(ask("Tell me a long story.", 12))
    assert made.text
    assert made.usage.prompt > made.usage.cached >= 0
    assert made.usage.completion == 12
    assert before <= made.started <= time.time()
    assert 0 < made.seconds <= time.perf_counter() - clock
    assert made.retries == ()


async def test_finish_reason_tells_the_end_from_the_limit(backend: Backend, ask: Ask) -> None:
    ended = await backend.generate(ask("What is the capital of France? Answer in one word.", 60))
    assert (ended.finish_reason, ended.usage.completion < 60) == ("stop", True)
    cut = await backend.generate(ask("Tell me a long story.", 3))
    assert (cut.finish_reason, cut.usage.completion) == ("length", 3)


async def test_a_shared_prefix_is_cached(backend: Backend, ask: Ask) -> None:
    await backend.generate(ask(f"{FACTS} How many are in box 3?", 4))
    second = await backend.generate(ask(f"{FACTS} Which box is empty?", 4))
    assert second.usage.cached > second.usage.prompt * 0.8


async def test_the_same_request_gets_the_same_text(backend: Backend, ask: Ask) -> None:
    request = ask("Tell me a story about a ship.", 20, temperature=1.0, seed=7)
    assert (await backend.generate(request)).text == (await backend.generate(request)).text


async def test_answers_side_by_side(backend: Backend, ask: Ask) -> None:
    many = await asyncio.gather(*(backend.generate(ask(f"Tell me story {i}.", 8)) for i in range(5)))
    assert [made.usage.completion for made in many] == [8] * 5


async def test_cancelling_ends_a_request_and_leaves_the_backend_working(backend: Backend, ask: Ask) -> None:
    task = asyncio.create_task(backend.generate(ask("Tell me an endless story.", 400)))
    await asyncio.sleep(0.05)
    task.cancel()
    async with asyncio.timeout(HANGS):
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await backend.generate(ask("Tell me a story.", 3))).usage.completion == 3


async def test_a_prompt_that_does_not_fit_is_refused(backend: Backend, ask: Ask) -> None:
    with pytest.raises(ContextOverflow, match=r"^The prompt .*context.*shorten it or raise --context\.$") as caught:
        await backend.generate(ask("many words " * CONTEXT))
    assert "\n" not in str(caught.value)


def needs(backend: Backend, capability: Capability, protocol: type[T]) -> T:
    """The backend as one that has the capability; skips the test for one that has not."""
    if capability not in backend.capabilities:
        pytest.skip(f"the {backend.name} backend cannot {capability}")
    assert isinstance(backend, protocol)
    return backend


async def streamed(backend: Streamer, request: Request) -> tuple[list[str], Generation]:
    """The pieces of a streamed reply, and the Generation that ends it."""
    async with aclosing(backend.stream(request)) as items:
        *pieces, made = [item async for item in items]
    assert isinstance(made, Generation)
    texts = [piece for piece in pieces if isinstance(piece, str)]
    assert len(texts) == len(pieces), "the Generation comes once and last"
    return texts, made


class TestCountTokens:
    async def test_counts_are_positive_and_zero_for_nothing(self, backend: Backend) -> None:
        counter = needs(backend, Capability.COUNT_TOKENS, TokenCounter)
        assert await counter.count_tokens("") == 0
        for text in ("a", "48 + 24 = 72", "\n", "ä €", FACTS):
            assert 0 < await counter.count_tokens(text) <= len(text.encode())

    async def test_the_parts_of_a_text_have_about_as_many_as_the_whole(self, backend: Backend) -> None:
        counter = needs(backend, Capability.COUNT_TOKENS, TokenCounter)
        whole = await counter.count_tokens(FACTS)
        for place in (1, len(FACTS) // 3, len(FACTS) // 2, len(FACTS) - 1):
            parts = await counter.count_tokens(FACTS[:place]) + await counter.count_tokens(FACTS[place:])
            assert abs(parts - whole) <= 2

    async def test_they_are_the_tokens_that_a_prompt_is_charged_for(self, backend: Backend, ask: Ask) -> None:
        counter = needs(backend, Capability.COUNT_TOKENS, TokenCounter)
        short, long = [(await backend.generate(ask(text, 1))).usage.prompt for text in ("Why?", f"Why? {FACTS}")]
        assert abs((long - short) - await counter.count_tokens(f" {FACTS}")) <= 2


class TestStream:
    async def test_the_pieces_are_the_text_of_the_generation_that_ends_them(self, backend: Backend, ask: Ask) -> None:
        streamer = needs(backend, Capability.STREAM, Streamer)
        before, clock = time.time(), time.perf_counter()
        pieces, made = await streamed(streamer, ask("Tell me a long story.", 12))
        assert len(pieces) > 1 and all(pieces)
        assert "".join(pieces) == made.text
        assert (made.finish_reason, made.usage.completion, made.retries) == ("length", 12, ())
        assert made.usage.prompt > made.usage.cached >= 0
        assert before <= made.started <= time.time()
        assert 0 < made.seconds <= time.perf_counter() - clock

    async def test_a_streamed_reply_is_the_one_that_would_come_whole(self, backend: Backend, ask: Ask) -> None:
        streamer = needs(backend, Capability.STREAM, Streamer)
        for request in (ask("Tell me a long story.", 12, seed=3), ask("What is the capital of France?", 60)):
            whole = await backend.generate(request)
            pieces, made = await streamed(streamer, request)
            assert "".join(pieces) == made.text == whole.text
            assert (made.finish_reason, made.usage) == (
                whole.finish_reason,
                replace(whole.usage, cached=made.usage.cached),
            )

    async def test_closing_a_stream_after_the_first_piece_leaves_the_backend_working(
        self, backend: Backend, ask: Ask
    ) -> None:
        streamer = needs(backend, Capability.STREAM, Streamer)
        async with asyncio.timeout(HANGS):
            async with aclosing(streamer.stream(ask("Tell me a long story.", 200))) as items:
                assert isinstance(await anext(items), str)
            with pytest.raises(StopAsyncIteration):
                await anext(items)
            pieces, made = await streamed(streamer, ask("Tell me a story.", 3))
            assert "".join(pieces) == made.text and made.usage.completion == 3


class TestContinue:
    BEGUN = "The capital of France is"

    def request(self, begun: str) -> Request:
        return Request((message("user", "What is the capital of France?"), message("assistant", begun)), 12)

    async def test_the_continuation_alone_is_the_text(self, backend: Backend) -> None:
        needs(backend, Capability.CONTINUE, Backend)
        made = await backend.generate(self.request(self.BEGUN))
        assert made.text.startswith(" Paris") and self.BEGUN not in made.text

    async def test_the_streamed_continuation_is_the_same(self, backend: Backend) -> None:
        needs(backend, Capability.CONTINUE, Backend)
        streamer = needs(backend, Capability.STREAM, Streamer)
        for begun in (self.BEGUN, "Once upon a time, "):
            request = self.request(begun)
            await backend.generate(request)  # both read the prompt from the cache then, and round alike
            whole = await backend.generate(request)
            pieces, made = await streamed(streamer, request)
            assert "".join(pieces) == made.text == whole.text
            assert begun not in made.text

    async def test_it_ends_before_a_stop_text_and_keeps_its_leading_space(self, backend: Backend) -> None:
        needs(backend, Capability.CONTINUE, Backend)
        counting = Request((message("user", "Count to ten."), message("assistant", "1, 2,")), 30, stop=(" 5",))
        texts = [await backend.generate(counting)]
        if isinstance(backend, Streamer):
            texts.append((await streamed(backend, counting))[1])
        for made in texts:
            assert (made.text, made.finish_reason) == (" 3, 4,", "stop")


class TestSchema:
    async def test_a_reply_obeys_its_schema_whole_and_streamed(self, backend: Backend, ask: Ask) -> None:
        needs(backend, Capability.SCHEMA, Backend)
        request = ask("List ten animals as JSON.", 120, schema=SCHEMA)
        texts = [(await backend.generate(request)).text]
        if isinstance(backend, Streamer):
            texts.append((await streamed(backend, request))[1].text)
        for text in texts:
            reply = json.loads(text)
            assert reply.keys() == {"known"} and len(reply["known"]) <= 2
            assert all(isinstance(line, str) and len(line) <= 12 for line in reply["known"])


async def test_opened_by_name(tmp_path: Path, ask: Ask) -> None:
    async with FakeServer() as server:
        config = BackendConfig.model_validate(
            {"backend": "openai", "base_url": server.url, "api_key": "sk-1", "timeout": HANGS}
        )
        async with aclosing(await open_backend(config)) as opened:
            assert (await opened.generate(ask("Why?"))).text == "An answer."
        assert {seen.headers["authorization"] for seen in server.seen} == {"Bearer sk-1"}
    with pytest.raises(ModelError, match=r"no file .*absent\.gguf"):
        await open_backend(BackendConfig(backend="embedded", model=str(tmp_path / "absent.gguf")))
