"""Debian's Chromium against the real server, which answers from a script; nothing is fetched from the network."""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

from app.backends.config import BackendConfig
from app.backends.scripted import Reply, ScriptedBackend
from app.store import Store
from app.store.records import AttemptSpec, RunSpec, record
from app.ui.access import address, listen
from app.ui.backends import Backends
from app.ui.server import asgi
from app.ui.site import Site
from evals.bench_app import BROWSERS
from evals.tasks import TASKS
from graphs import STRATEGIES
from prompts import values
from prompts.backend import Backend
from prompts.checks import DEFAULT_CHECKS
from prompts.memories import TextMemory
from prompts.steps import Step
from prompts.values import Answer, Ending, Generation, Message, Part, Question, Score, Thought, Usage
from tests.app.ui.scripts import CONFIG

ASKED = "Mira plants 4 rows of 12 tulips. A third do not come up, and she gives 5 away. How many are left?"
HOSTILE = (
    "<script>window.hit = 1</script> <img src=x onerror='window.hit = 2'> <think>hidden</think> **bold** [a](b)"
    " $$\\frac{1}{2}$$ \\(x^2\\) \u202egnp.exe"
)
LONG = f"{HOSTILE} " + "9" * 1_000_000


@dataclass(frozen=True, slots=True)
class Served:
    """A server that answers at ``url``, and the store behind it."""

    url: str
    store: Store


def answer(request: values.Request) -> Reply:
    """Tulips: planted, come up, left. An edited memory is believed, one without a planted number is guessed from."""
    asked, written = request.messages[1].content, request.prefill
    hostile = f" {HOSTILE}" if "hostile" in asked else ""
    heading = request.stop == ("\n",)
    slow = "slowly" in asked and "planted" in written and not heading
    seconds = 30.0 if slow else 0.3 if "a while" in asked else 0.02  # most of it is half a second after the click
    planted = int(found[1]) if (found := re.search(r"planted = (\d+)", written)) else 48
    up = planted - planted // 3
    if written.endswith("Answer:"):
        return Reply(f" {up - 5}\n", seconds=seconds)
    if heading:
        return Reply(f" take away what is gone{hostile}\n", seconds=seconds)
    if written.startswith("Step 1:") and not written.removeprefix("Step 1:"):
        return Reply(f" plant{hostile}\n4 * 12 = 48, so tulips planted = 48{hostile}\n", seconds=seconds)
    if not written and "all at once" not in asked:
        return Reply(f"4 * 12 = 48, so tulips planted = 48{hostile}", seconds=seconds)
    if written and not found:
        return Reply(f"Perhaps none are.{hostile}\nAnswer: 0", seconds=seconds)
    if written and "tulips up" not in written:
        return Reply(f"{planted} - {planted // 3} = {up}, so tulips up = {up}{hostile}\n", seconds=seconds)
    return Reply(f"{up} - 5 = {up - 5} tulips are left.{hostile}\nAnswer: {up - 5}", seconds=seconds)


def filled(store: Store) -> None:
    """Two runs of three questions that flip on one, an attempt with a walnut, and one whose every text is hostile."""
    for strategy, right in (("cot", (True, False, True)), ("isump", (True, True, False))):
        source, version = {"source": "builtin", "limit": len(right)}, TASKS["gsm8k"].version
        about = (
            "gsm8k",
            "gsm8k-builtin",
            version,
            "numeric",
            strategy,
            "scripted",
            "scripted",
            STRATEGIES[strategy].settings(),
        )
        run = store.begin_run(RunSpec(*about, source, len(right))).id
        for place, good in enumerate(right):
            question = Question(f"q{place}", f"Bo has {place} pears and a plum in mind. How many?")
            _attempt(store, question, strategy, "7" if good else "8", run, Score(float(good), "7", "compared"))
    _attempt(store, Question("asked", "How many walnuts are there?"), "isump", "7")
    _attempt(store, Question("asked", LONG[:900_000]), "isump", LONG, words=LONG)


def _attempt(
    store: Store,
    question: Question,
    strategy: str,
    said: str,
    run: int | None = None,
    score: Score | None = None,
    words: str = "So 3 + 4 = 7.",
) -> None:
    attempt = store.begin(AttemptSpec(question, strategy, "scripted", "scripted", STRATEGIES[strategy].settings(), run))
    parts = (Part("question", f"Question: {question.text}"), Part("instruction", "Go on."))
    messages = (Message("system", (Part("system", "Be careful."),)), Message("user", parts))
    call = values.Call(values.Request(messages, 64), Generation(words, Usage(40, 12, 10), "stop", 0.5, 1.0))
    memory = TextMemory((f"pears = 7 {words}",), (f"say it {words}",))
    steps = [
        Step("step", 1, TextMemory(), TextMemory(), (call,), thought=Thought(words)),
        Step("summarize", 1, TextMemory(), memory, (call,)),
        Step("conclude", 1, memory, memory, (call,), answer=Answer(said, said), ending=Ending.ANSWERED),
    ]
    for index, step in enumerate(steps):
        store.write(attempt.id, record(index, step, question, words, DEFAULT_CHECKS))
    store.finish(attempt, Answer(said, said), Ending.ANSWERED)
    if score is not None:
        store.score(attempt.id, {"numeric": score})


@contextmanager
def serving(
    store: Store,
    *,
    read_only: bool = False,
    backends: Backends | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Iterator[Served]:
    """The real server, in a thread; the script answers where no ``backends`` are given."""

    async def scripted(config: BackendConfig) -> Backend:
        return ScriptedBackend(answer)

    with listen("127.0.0.1", 0) as listener:
        site = Site(store, backends or Backends(CONFIG, scripted), settings or {}, read_only)
        app = asgi(site)
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            until = time.monotonic() + 20
            while not server.started and time.monotonic() < until:
                time.sleep(0.02)
            assert server.started, "the server does not start"
            yield Served(address("127.0.0.1", listener).rstrip("/"), store)
        finally:
            server.should_exit = True
            thread.join(20)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser; without one the tests are skipped, or fail where ISUMP_BROWSER_TESTS=required says so."""
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        not_run("the browser tests did not run: `apt install chromium`, then `pytest tests/browser`")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=sandbox)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def served(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Store.open(tmp_path_factory.mktemp("store") / "t.sqlite") as store:
        filled(store)
        with serving(store) as found:
            yield found


@pytest.fixture(scope="module")
def read_only(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Store.open(tmp_path_factory.mktemp("read") / "t.sqlite") as store:
        filled(store)
        with serving(store, read_only=True) as found:
            yield found


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page as a new visitor, with ``script`` run before it is loaded.

    In the end no page may have met an error, nor asked another host for anything.
    """
    contexts, problems = list[BrowserContext](), list[str]()

    def begin(url: str, width: int = 1280, script: str = "") -> Page:
        context = chromium.new_context(viewport={"width": width, "height": 900}, bypass_csp=True)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.add_init_script(script)
        host = re.match(r"http://[^/]+", url)
        assert host

        def asked(request: Request) -> None:
            if not request.url.startswith((host[0], "data:", "blob:")):
                problems.append(f"asked for {request.url}")

        page.on("request", asked)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(url)
        return page

    yield begin
    for context in contexts:
        context.close()
    assert not problems


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, which is not ours to carry."""
    given, root = os.environ.get("ISUMP_AXE"), Path(__file__).parents[2]
    path = Path(given or root / "node_modules" / "axe-core" / "axe.min.js")
    if not path.is_file():
        not_run("accessibility was not tested: `npm install --no-save axe-core`, then `pytest tests/browser`")
    return path.read_text(encoding="utf-8")


def not_run(why: str) -> NoReturn:
    """Skip what a newcomer's machine lacks, and say how to have it; where ISUMP_BROWSER_TESTS=required, fail."""
    if os.environ.get("ISUMP_BROWSER_TESTS") == "required":
        pytest.fail(why)
    pytest.skip(why)
