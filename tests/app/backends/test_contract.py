"""What every backend promises, asked of each in the same words; the embedded engine only with -m integration."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from app.backends.registry import BACKENDS, BackendOptions, open_backend

from app.backends.embedded import EmbeddedBackend
from app.backends.openai_http import OpenAIBackend
from app.backends.scripted import ScriptedBackend
from app.errors import ContextOverflow, ModelError
from prompts.values import Request
from tests.app.backends.conftest import Ask
from tests.app.backends.fake_server import FakeServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONTEXT = 512
FACTS = " ".join(f"Box {i} holds {i * 7 % 13} balls." for i in range(30))


def _reply(request: Request) -> str:
    return "Paris." if "capital" in request.messages[-1].content else "Once upon a time there was a story. " * 40


def _scripted() -> ScriptedBackend:
    return ScriptedBackend(_reply, structured=True, delay=0.02, context=CONTEXT)


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
            server = await stack.enter_async_context(FakeServer(_scripted()))
            made = await OpenAIBackend.open(None, base_url=server.url)
        else:
            path: Path = request.getfixturevalue("smollm2")
            made = engine = await EmbeddedBackend.open(path, slots=2, context=CONTEXT)
            stack.push_async_callback(engine.aclose)
            if request.param == "openai on embedded":
                made = await OpenAIBackend.open(None, base_url=engine.base_url, api_key=engine.api_key)
        stack.push_async_callback(made.aclose)
        yield made


async def test_says_who_answers(backend: Backend) -> None:
    assert backend.name in BACKENDS
    assert backend.model
    assert isinstance(backend.structured, bool)


async def test_counts_tokens_and_time(backend: Backend, ask: Ask) -> None:
    before = time.time()
    made = await backend.generate(ask("Tell me a long story.", 12))
    assert made.text
    assert made.usage.prompt > made.usage.cached >= 0
    assert made.usage.completion == 12
    assert before <= made.started <= time.time()
    assert 0 < made.seconds <= time.time() - before + 0.01
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


async def test_a_prefix_is_cached_again_after_other_prompts(backend: Backend, ask: Ask) -> None:
    await backend.generate(ask(f"{FACTS} How many are in box 4?", 4))
    for animal in ("Cats", "Dogs", "Birds"):
        await backend.generate(ask(f"{animal} are animals. " * 20, 4))
    again = await backend.generate(ask(f"{FACTS} Which box is full?", 4))
    assert again.usage.cached > again.usage.prompt * 0.8


async def test_the_same_request_gets_the_same_text(backend: Backend, ask: Ask) -> None:
    request = ask("Tell me a story about a ship.", 20, temperature=1.0, seed=7)
    assert (await backend.generate(request)).text == (await backend.generate(request)).text


async def test_answers_side_by_side(backend: Backend, ask: Ask) -> None:
    many = await asyncio.gather(*(backend.generate(ask(f"Tell me story {i}.", 8)) for i in range(5)))
    assert [made.usage.completion for made in many] == [8] * 5


async def test_cancelling_is_prompt_and_leaves_the_backend_working(backend: Backend, ask: Ask) -> None:
    task = asyncio.create_task(backend.generate(ask("Tell me a very long story.", 400)))
    await asyncio.sleep(0.01)
    task.cancel()
    clock = time.perf_counter()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.perf_counter() - clock < 1
    assert (await backend.generate(ask("Tell me a story.", 3))).usage.completion == 3


async def test_a_prompt_that_does_not_fit_is_refused(backend: Backend, ask: Ask) -> None:
    with pytest.raises(ContextOverflow, match=r"^The prompt .*context.*shorten it or raise --context\.$") as caught:
        await backend.generate(ask("many words " * CONTEXT))
    assert "\n" not in str(caught.value)


async def test_opened_by_name(tmp_path: Path, ask: Ask) -> None:
    async with FakeServer() as server:
        opened = await open_backend("openai", BackendOptions(base_url=server.url, api_key="sk-1", timeout=5))
        assert (await opened.generate(ask("Why?"))).text == "An answer."
        await opened.aclose()
        assert {seen.headers["authorization"] for seen in server.seen} == {"Bearer sk-1"}
    with pytest.raises(ModelError, match="smollm2-135m-instruct is not downloaded"):
        await open_backend("embedded", BackendOptions(model="smollm2-135m-instruct", cache=tmp_path))


async def test_closing_twice_is_harmless() -> None:
    async with FakeServer() as server:
        for backend in (_scripted(), OpenAIBackend("tiny", base_url=server.url)):
            await backend.aclose()
            await backend.aclose()
