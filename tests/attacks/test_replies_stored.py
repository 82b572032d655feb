"""What hostile replies leave behind: one error on one item, no number of theirs, and the key nowhere."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.backends.openai import MASK
from app.cli import main as isump
from app.store import Store
from app.ui.html.attempt import header_html, step_html
from app.ui.html.calls import outputs_html, prompts_html
from app.ui.html.steps import answer_html
from evals.commands import main as measure
from tests.app.backends.fake_server import Answer, FakeServer, Seen, completion, error

KEY = "sk-S3cret-Key-0123456789"
HOSTILE: dict[str, Answer] = {
    "choices.0: input should be a valid dictionary": Answer(body=completion("x") | {"choices": [None]}),
    "choices: input should be a valid list": Answer(body=completion("x") | {"choices": "x"}),
    "usage.prompt_tokens: input should be less than": Answer(body=completion("Answer: 1", prompt=10**30)),
    "usage.completion_tokens: input should be greater": Answer(body=completion("Answer: 1", made=-1)),
    "more cached tokens than the prompt has": Answer(body=completion("Answer: 1", details={"cached_tokens": 10})),
    "maximum recursion depth exceeded": Answer(body=b"[" * 100_000),
    "it holds half a character": Answer(body=json.dumps(completion("\ud83d!")).encode()),
    "sends requests on to": Answer(307, headers={"Location": "http://localhost:9/v1"}),
    "refused the request (HTTP 400: no [API key])": error(400, f"no {KEY}"),
}


def asked(seen: Seen) -> int:
    """The number in the question: What is {number} + 0?"""
    return int(seen.body["messages"][-1]["content"].partition("What is ")[2].partition(" ")[0])


def hostile_every_other(seen: Seen) -> Answer | None:
    """An answer of ``HOSTILE`` to every even question, the right one to the odd ones."""
    if seen.path == "/v1/models":
        return None
    number = asked(seen)
    return Answer(body=completion(f"Answer: {number}")) if number % 2 else [*HOSTILE.values()][number // 2]


Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs a command against a server that answers as told: its exit code, and what it printed as one line."""

    async def ran(command: Callable[[], object], judge: Callable[[Seen], Answer | None], *words: str) -> Any:
        async with FakeServer(judge=judge) as server:
            where = ["--backend", "openai", "--base-url", server.url, "--store", str(tmp_path / "t.sqlite")]
            monkeypatch.setattr(sys, "argv", ["isump", *words, *where])
            monkeypatch.setenv("OPENAI_API_KEY", KEY)
            monkeypatch.setenv("COLUMNS", "200")

            def call() -> object:
                with pytest.raises(SystemExit) as ended:
                    command()
                return ended.value.code

            code = await asyncio.to_thread(call)
        said = capfd.readouterr()
        return code, said.out + said.err

    return ran


async def test_each_hostile_reply_is_one_error_on_one_item_of_an_eval(tmp_path: Path, run: Run) -> None:
    n = 2 * len(HOSTILE)
    lines = ({"question": f"What is {i} + 0?", "answer": f"#### {i}"} for i in range(n))
    (tmp_path / "data.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    words = ("--data", str(tmp_path / "data.jsonl"), "--strategy", "direct", "--concurrency", "3", "--json")
    code, said = await run(lambda: measure("gsm8k"), hostile_every_other, *words)
    assert code == 1
    assert "Traceback" not in said and KEY not in said
    flat = " ".join(said.split())
    for reason in HOSTILE:
        assert reason in flat, "the table lists the reason"
    with Store.existing(tmp_path / "t.sqlite") as store:
        items = store.items(1)
        assert sorted(item.status for item in items) == ["done"] * (n // 2) + ["error"] * (n // 2)
        attempts = [store.attempt(item.attempt) for item in items]
        for attempt in attempts:
            costs = store.costs(attempt.id)
            stored = (costs.prompt_tokens, costs.generated, costs.cached_tokens)
            assert stored == ((9, 3, 0) if attempt.error is None else (0, 0, 0)), "no hostile number is stored"
            assert attempt.error is None or (attempt.error.isprintable() and len(attempt.error) < 700)


def echo(header: str) -> Answer:
    return Answer(body=completion(f"You sent {header}. Answer: {header}"))


def refuse(header: str) -> Answer:
    return error(400, f"You sent {header}")


def fail(header: str) -> Answer:
    return error(503, f"You sent {header}")


def list_models(header: str) -> Answer:
    return Answer(body={"data": [{"id": f"model of {header}"}]})


ECHOES = {"reply": echo, "refusal": refuse, "failure": fail, "models": list_models}


@pytest.mark.parametrize("output", ["--json", "text"])
@pytest.mark.parametrize("name", ECHOES)
async def test_a_key_that_is_echoed_is_nowhere(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, name: str, output: str
) -> None:
    monkeypatch.setattr("app.backends.openai.MAX_PAUSE", 0.01)

    def judge(seen: Seen) -> Answer | None:
        if seen.path == "/v1/models":
            return list_models(seen.headers["authorization"]) if name == "models" else None
        return ECHOES[name](seen.headers["authorization"])

    words = ("solve", "How many?", "--strategy", "cot", *([output] if output == "--json" else []))
    code, said = await run(isump, judge, *words)
    assert code == (2 if name in ("refusal", "failure", "models") else 0)
    assert "Traceback" not in said
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("t.sqlite*"))
    assert KEY not in said and KEY.encode() not in stored and KEY not in page(tmp_path / "t.sqlite")
    assert name == "models" or MASK.encode() in stored, "it was echoed, and the mask is stored in its place"
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]


def page(path: Path) -> str:
    """Everything the page shows of every attempt."""
    shown: list[str] = []
    with Store.existing(path) as store:
        for number in range(1, len(store.attempts(9)) + 1):
            attempt, records = store.attempt(number), store.records(number)
            shown += [header_html(attempt), answer_html(attempt, store.costs(number))]
            for record in records:
                shown += [step_html(number, record, len(records)), prompts_html(record.step.calls)]
                shown.append(outputs_html(record.step.calls))
    return "".join(shown)
