"""What only the embedded engine promises; the files that are no models need no model."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_asyncio
from psutil import STATUS_ZOMBIE, NoSuchProcess, Process

from app.backends.embedded import PROGRAM, EmbeddedBackend
from app.errors import BackendError, ModelError
from prompts.memory_text import schema as memory_schema
from tests.app.backends.conftest import Ask

SCHEMA = {
    "type": "object",
    "properties": {"known": {"type": "array", "items": {"type": "string", "maxLength": 12}, "maxItems": 2}},
    "required": ["known"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"GGUF", b"GGUF\x03\0\0\0" + bytes(16), b"GGUF\x03\0\0\0" + b"\xff" * 99]
)
async def test_a_file_that_is_no_model(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"broken\.gguf cannot be loaded as a model: .*download it again\.$"):
        await EmbeddedBackend.open(path)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(smollm2: Path) -> AsyncIterator[EmbeddedBackend]:
    engine = await EmbeddedBackend.open(smollm2, slots=2, context=512)
    yield engine
    await engine.aclose()


def cpu_seconds(engine: EmbeddedBackend) -> float:
    times = Process(engine.pid).cpu_times()
    return times.user + times.system


@pytest.mark.integration
@pytest.mark.asyncio(loop_scope="module")
class TestEngine:
    async def test_a_schema_is_enforced(self, engine: EmbeddedBackend, ask: Ask) -> None:
        for seed in range(3):
            request = ask("List ten animals as JSON.", 120, temperature=1.0, seed=seed, schema=SCHEMA)
            made = await engine.generate(request)
            assert made.finish_reason == "stop"
            reply = json.loads(made.text)
            assert reply.keys() == {"known"}
            assert len(reply["known"]) <= 2
            assert all(len(line) <= 12 for line in reply["known"])

    async def test_the_schema_of_a_memory_is_taken(self, engine: EmbeddedBackend, ask: Ask) -> None:
        made = await engine.generate(ask("Ann has 12 eggs.", 8, schema=memory_schema()))
        assert made.usage.completion == 8, "llama.cpp refuses a grammar that repeats too often"

    async def test_a_schema_that_is_none_is_refused(self, engine: EmbeddedBackend, ask: Ask) -> None:
        with pytest.raises(BackendError, match="banana"):
            await engine.generate(ask("Why?", schema={"type": "banana"}))

    async def test_seeds_differ_when_sampling_and_not_when_greedy(self, engine: EmbeddedBackend, ask: Ask) -> None:
        async def texts(temperature: float) -> set[str]:
            requests = [ask("Tell me a story.", 16, temperature=temperature, seed=seed) for seed in (1, 2, 3)]
            return {(await engine.generate(request)).text for request in requests}

        assert len(await texts(1.0)) > 1
        assert len(await texts(0.0)) == 1

    async def test_a_context_that_fills_while_generating_ends_with_length(
        self, engine: EmbeddedBackend, ask: Ask
    ) -> None:
        schema = {"type": "string", "minLength": 1900}
        made = await engine.generate(ask("words " * 400, 400, schema=schema))
        assert made.finish_reason == "length"
        assert made.usage.completion < 400
        assert made.usage.prompt + made.usage.completion <= 512

    async def test_cancelling_stops_the_work(self, engine: EmbeddedBackend, ask: Ask) -> None:
        schema = {"type": "string", "minLength": 1900}
        tasks = [asyncio.create_task(engine.generate(ask(f"Story {i}", 450, schema=schema))) for i in range(2)]
        await asyncio.sleep(0.5)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(4)  # llama.cpp looks for lost clients once a second
        before = cpu_seconds(engine)
        await asyncio.sleep(0.5)
        assert cpu_seconds(engine) - before < 0.1, "the engine still computes"

    async def test_only_its_own_client_may_ask(self, engine: EmbeddedBackend) -> None:
        assert engine.base_url.startswith("http://127.0.0.1:")
        request = urllib.request.Request(f"{engine.base_url}/chat/completions", b'{"messages": []}')
        with pytest.raises(urllib.error.HTTPError, match="401") as caught:
            urllib.request.urlopen(request)
        caught.value.close()


EXIT = """
import asyncio, os, signal, sys
from pathlib import Path
from app.backends.embedded import PROGRAM, EmbeddedBackend
from prompts.values import Message, Request

async def main():
    backend = await EmbeddedBackend.open(Path(sys.argv[1]), context=512)
    print(backend.pid, flush=True)
    if sys.argv[2] == "closed":
        await backend.aclose()
    if sys.argv[2] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if sys.argv[2] == "busy":
        asyncio.create_task(backend.generate(Request((Message("user", ("Tell a story",)),), 400)))
        await asyncio.sleep(0.3)
        raise KeyboardInterrupt

try:
    asyncio.run(main())
except KeyboardInterrupt:
    pass
"""


def gone(pid: int, *, within: float = 5) -> bool:
    """Whether the process ends in time; one that nobody has waited for yet has ended."""
    until = time.monotonic() + within
    while time.monotonic() < until:
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
async def test_loading_leaves_the_event_loop_free(smollm2: Path) -> None:
    loading = asyncio.create_task(EmbeddedBackend.open(smollm2, context=512))
    ticks = 0
    while not loading.done():
        await asyncio.sleep(0.01)
        ticks += 1
    await loading.result().aclose()
    assert ticks >= 5


@pytest.mark.integration
async def test_a_loading_that_is_given_up_leaves_no_process(smollm2: Path) -> None:
    mine = {child.pid for child in Process().children()}
    loading = asyncio.create_task(EmbeddedBackend.open(smollm2, context=512))
    await asyncio.sleep(0.05)
    (started,) = {child.pid for child in Process().children()} - mine
    loading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loading
    assert gone(started)


@pytest.mark.integration
def test_a_process_whose_parent_is_gone_before_it_has_loaded_ends_quietly(smollm2: Path) -> None:
    settings = {"path": str(smollm2), "slots": 1, "context": 512, "prompt_cache_mib": 64, "api_key": "k"}
    process = subprocess.Popen(
        [sys.executable, "-P", str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin and process.stdout and process.stderr
    process.stdout.close()
    process.stdin.write(json.dumps(settings).encode() + b"\n")
    process.stdin.close()
    assert (process.wait(60), process.stderr.read()) == (0, b"")
    process.stderr.close()


@pytest.mark.integration
async def test_an_engine_that_died_is_one_sentence(smollm2: Path, ask: Ask) -> None:
    engine = await EmbeddedBackend.open(smollm2, context=512)
    Process(engine.pid).kill()
    assert gone(engine.pid)
    with pytest.raises(BackendError, match=r"^The embedded engine ended \(exit code -9\).*smaller model\.$"):
        await engine.generate(ask("Why?"))
    assert not engine.alive
    await engine.aclose()
