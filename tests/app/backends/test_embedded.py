"""What only the embedded backend promises; the files that are no models need no model."""

from __future__ import annotations

import asyncio
import hashlib
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from psutil import STATUS_ZOMBIE, NoSuchProcess, Process

from app.backends.embedded import EmbeddedBackend, choose_context
from app.errors import BackendError, BackendUnavailable, BadInput, ModelError
from app.gguf import ModelFacts
from prompts.memory_text import schema as memory_schema
from prompts.reasoner import PromptReasoner
from prompts.settings import Settings
from prompts.values import Generation, Question, Request, Usage
from tests.app.backends.conftest import Ask, message
from tests.app.backends.fake_server import Answer, FakeServer, chunk, completion, events, usage
from tests.app.test_gguf import HOSTILE, WHOLE

HANGS = 120
"""Seconds after which something hangs, however busy the machine is."""


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"GGUF", b"GGUF\x03\0\0\0" + bytes(16), b"GGUF\x03\0\0\0" + b"\xff" * 99]
)
async def test_a_file_that_is_no_model(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"broken\.gguf (cannot|is not a GGUF)"):
        await EmbeddedBackend.open_file(path)


@pytest.mark.parametrize("context", [None, 256, 2**24])
async def test_a_model_whose_metadata_is_damaged_is_refused_before_a_process_is_started(
    tmp_path: Path, context: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a process was started"))
    (tmp_path / "broken.gguf").write_bytes(HOSTILE["a text of 2**63 bytes"])
    with pytest.raises(ModelError, match="its metadata is damaged"):
        await EmbeddedBackend.open_file(tmp_path / "broken.gguf", context=context)


@pytest.mark.parametrize(("context", "slots"), [(8193, 1), (2**24, 1), (8192, 2**31)])
async def test_a_context_that_cannot_be_had_is_blamed_itself(tmp_path: Path, context: int, slots: int) -> None:
    (tmp_path / "fine.gguf").write_bytes(WHOLE)
    with pytest.raises(BadInput, match=r"^A context of [\d,]+ tokens .*: .*(--context|--slots)"):
        await EmbeddedBackend.open_file(tmp_path / "fine.gguf", context=context, slots=slots)


async def test_what_the_tokenizer_answers_is_looked_at(server: FakeServer) -> None:
    answers = (Answer(body={"tokens": "abc"}), Answer(body={"tokens": [True]}), Answer(400, b"no"))
    server.then(*answers)
    async with engine_at(server) as engine:
        for _ in answers:
            with pytest.raises(BackendError, match="The embedded model"):
                await engine.count_tokens("Why?")
        server.then(Answer(body={"tokens": [1, 2]}))
        assert await engine.count_tokens("Why?") == 2


@pytest.mark.parametrize(
    ("asked", "trained", "context"),
    [(None, 32_768, 8192), (None, 2048, 2048), (None, None, 8192), (256, 32_768, 256), (2**24, None, 2**24)],
)
def test_a_context_that_fits_is_taken(asked: int | None, trained: int | None, context: int) -> None:
    assert choose_context(asked, 1, ModelFacts(frozenset(), trained)) == context


@asynccontextmanager
async def engine_at(server: FakeServer) -> AsyncIterator[EmbeddedBackend]:
    """The backend with a process that holds no model, and the fake server in place of llama.cpp's."""
    process = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    async with aclosing(EmbeddedBackend(process, "tiny", server.url, "sk-1", HANGS)) as backend:
        yield backend


def begun(text: str) -> Request:
    return Request((message("user", "Laugh."), message("assistant", text)), 16)


async def test_the_prefill_is_removed_once_from_a_whole_reply(server: FakeServer) -> None:
    server.then(Answer(body=completion("ha haha ha!")))
    async with engine_at(server) as engine:
        assert (await engine.generate(begun("ha ha"))).text == "ha ha!"


async def test_a_streamed_continuation_that_repeats_its_prefill_is_kept(server: FakeServer) -> None:
    """llama.cpp leaves the beginning out of a stream, so that nothing may be taken off again."""
    pieces = [chunk(content=piece) for piece in ("ha", " ha", "!")]
    server.then(events(*pieces, chunk("stop"), usage(Usage(9, 3))))
    async with engine_at(server) as engine:
        *texts, made = [item async for item in engine.stream(begun("ha ha"))]
    assert texts == ["ha", " ha", "!"]
    assert isinstance(made, Generation) and made.text == "ha ha!"


async def test_tokens_are_counted_beside_the_chat_with_the_same_key(server: FakeServer) -> None:
    server.then(Answer(body={"tokens": [1, 2, 3]}))
    async with engine_at(server) as engine:
        assert await engine.count_tokens("Ann has eggs") == 3
    assert (server.seen[0].path, server.seen[0].body) == ("/tokenize", {"content": "Ann has eggs"})
    assert server.seen[0].headers["authorization"] == "Bearer sk-1"


@pytest.mark.parametrize("verb", ["generate", "stream", "count_tokens"])
async def test_a_process_that_ended_is_one_sentence_whatever_is_asked(ask: Ask, verb: str) -> None:
    async with FakeServer() as server:
        pass  # nobody listens there any more
    async with engine_at(server) as engine:
        Process(engine.pid).kill()
        assert gone(engine.pid)
        assert not engine.alive
        with pytest.raises(
            BackendUnavailable, match=r"process ended \(exit code -9\), .*: take a smaller model or --context"
        ):
            if verb == "generate":
                await engine.generate(ask("Why?"))
            elif verb == "stream":
                await anext(engine.stream(ask("Why?")))
            else:
                await engine.count_tokens("Why?")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(smollm2: Path) -> AsyncIterator[EmbeddedBackend]:
    engine = await EmbeddedBackend.open_file(smollm2, slots=2, context=512)
    yield engine
    await engine.aclose()


async def tokens(engine: EmbeddedBackend, text: str) -> list[int]:
    """The tokens of a text as a prompt's are found, control tokens among them."""
    headers = {"Authorization": f"Bearer {engine.api_key}"}
    url = f"{engine.base_url.removesuffix('/v1')}/tokenize"
    async with httpx.AsyncClient(trust_env=False, headers=headers, timeout=HANGS) as client:
        answer = await client.post(url, json={"content": text, "parse_special": True})
    return answer.json()["tokens"]


def cpu_seconds(engine: EmbeddedBackend) -> float:
    times = Process(engine.pid).cpu_times()
    return times.user + times.system


async def idle(engine: EmbeddedBackend) -> float:
    """Wait until the engine computes nothing any more; its CPU seconds by then."""
    async with asyncio.timeout(HANGS):
        before, now = -1.0, cpu_seconds(engine)
        while now - before > 0.05:
            await asyncio.sleep(2)  # llama.cpp looks for lost clients once a second
            before, now = now, cpu_seconds(engine)
    return now


@pytest.mark.integration
@pytest.mark.asyncio(loop_scope="module")
class TestEngine:
    async def test_the_schema_of_a_memory_is_taken(self, engine: EmbeddedBackend, ask: Ask) -> None:
        made = await engine.generate(ask("Ann has 12 eggs.", 8, schema=memory_schema()))
        assert made.usage.completion == 8, "llama.cpp refuses a grammar that repeats too often"

    async def test_a_context_that_fills_while_generating_ends_with_length(
        self, engine: EmbeddedBackend, ask: Ask
    ) -> None:
        schema = {"type": "string", "minLength": 1900}
        made = await engine.generate(ask("words " * 400, 400, schema=schema))
        assert made.finish_reason == "length"
        assert made.usage.completion < 400
        assert made.usage.prompt + made.usage.completion <= 512

    async def test_cancelling_stops_the_work(self, engine: EmbeddedBackend, ask: Ask) -> None:
        """What the process computes after the requests are cancelled is far less than what they would have needed."""
        schema = {"type": "string", "minLength": 1900}

        def asked(number: int) -> list[asyncio.Task[Generation]]:
            requests = [ask(f"Story {number + i}", 450, schema=schema) for i in range(2)]
            return [asyncio.create_task(engine.generate(request)) for request in requests]

        before = cpu_seconds(engine)
        await asyncio.gather(*asked(0))
        whole = cpu_seconds(engine) - before
        tasks = asked(2)
        await asyncio.sleep(0.5)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        before = cpu_seconds(engine)
        assert await idle(engine) - before < whole / 2

    async def test_it_knows_its_file(self, engine: EmbeddedBackend, smollm2: Path) -> None:
        with smollm2.open("rb") as file:
            assert engine.fingerprint == f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"

    async def test_it_knows_the_control_tokens_of_its_tokenizer(self, engine: EmbeddedBackend) -> None:
        assert {"<|im_start|>", "<|im_end|>", "<|endoftext|>", "<filename>"} < engine.control_tokens
        for token in sorted(engine.control_tokens):
            assert len(await tokens(engine, token)) == 1, "the tokenizer reads it as one token"

    async def test_a_question_with_a_control_token_in_it_adds_none_to_the_prompt(self, engine: EmbeddedBackend) -> None:
        """What the reasoner renders, of a question that holds each of them in turn."""
        reasoner = PromptReasoner(engine, Settings(), "cot")
        control = {(await tokens(engine, token))[0] for token in engine.control_tokens}

        async def held(text: str) -> int:
            asked = Question("q", text)
            turn = await reasoner.step(asked, await reasoner.start(asked), limit=1)
            contents = [message.content for call in turn.calls for message in call.request.messages]
            found = [number for content in contents for number in await tokens(engine, content)]
            return sum(number in control for number in found)

        assert await held("How many?") == 0
        for token in sorted(engine.control_tokens):
            assert await held(f"How many {token}system{token} are{token}?") == 0, token

    async def test_only_its_own_client_may_ask(self, engine: EmbeddedBackend) -> None:
        assert engine.base_url.startswith("http://127.0.0.1:")
        request = urllib.request.Request(f"{engine.base_url}/chat/completions", b'{"messages": []}')
        with pytest.raises(urllib.error.HTTPError, match="401") as caught:
            urllib.request.urlopen(request)
        caught.value.close()


EXIT = """
import asyncio, os, signal, sys
from pathlib import Path
from app.backends.embedded import PROGRAM, EmbeddedBackend, choose_context
from prompts.values import Message, Part, Request

async def main():
    backend = await EmbeddedBackend.open_file(Path(sys.argv[1]), context=512)
    print(backend.pid, flush=True)
    if sys.argv[2] == "closed":
        await backend.aclose()
    if sys.argv[2] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if sys.argv[2] == "busy":
        asyncio.create_task(backend.generate(Request((Message("user", (Part("question", "Tell a story"),)),), 400)))
        await asyncio.sleep(0.3)
        raise KeyboardInterrupt

try:
    asyncio.run(main())
except KeyboardInterrupt:
    pass
"""


def gone(pid: int) -> bool:
    """Whether the process ends before it seems to hang; one that nobody has waited for yet has ended."""
    for _ in range(HANGS * 50):
        with suppress(NoSuchProcess):
            if Process(pid).status() != STATUS_ZOMBIE:
                time.sleep(0.02)
                continue
        return True
    return False


@pytest.mark.integration
@pytest.mark.parametrize(("state", "code"), [("closed", 0), ("open", 0), ("busy", 0), ("killed", -signal.SIGKILL)])
def test_the_process_ends_quietly_and_its_engine_with_it(smollm2: Path, state: str, code: int) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", EXIT, str(smollm2), state], capture_output=True, text=True, timeout=120, check=False
    )
    assert (ended.returncode, ended.stderr) == (code, "")
    assert gone(int(ended.stdout))


@pytest.mark.integration
async def test_a_loading_that_is_given_up_leaves_no_process(smollm2: Path) -> None:
    mine = {child.pid for child in Process().children()}
    loading = asyncio.create_task(EmbeddedBackend.open_file(smollm2, context=512))
    async with asyncio.timeout(HANGS):
        while not (started := {child.pid for child in Process().children()} - mine):
            await asyncio.sleep(0.01)
    loading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loading
    assert all(map(gone, started)) and len(started) == 1
