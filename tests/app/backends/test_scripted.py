from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.backends.config import BackendConfig
from app.backends.open import open_backend
from app.backends.scripted import Reply, ScriptedBackend
from app.errors import BackendError, BadInput
from prompts.values import Request
from tests.app.backends.conftest import Ask, message
from tests.prompts.checks.work import count_calls


async def test_replies_come_in_order_and_run_out(ask: Ask) -> None:
    backend = ScriptedBackend(["one", Reply("two", finish_reason="length", cached=3)])
    assert (await backend.generate(ask("a"))).text == "one"
    second = await backend.generate(ask("b"))
    assert (second.text, second.finish_reason, second.usage.cached) == ("two", "length", 3)
    with pytest.raises(BackendError, match=r"ran out after 2: add more to the list of replies\."):
        await backend.generate(ask("c"))


async def test_a_function_answers_the_request(ask: Ask) -> None:
    backend = ScriptedBackend(lambda request: request.messages[-1].content.upper())
    assert (await backend.generate(ask("why"))).text == "WHY"
    assert [request.messages[-1].content for request in backend.requests] == ["why"]


async def test_a_token_is_four_characters() -> None:
    backend = ScriptedBackend(["12345"])
    made = await backend.generate(Request((message("user", "abc", "d"), message("user", "abcde")), 9))
    assert made.usage.prompt == 4 + 3, (
        '"user: abc", a blank line and "d" are 13 characters with their end, the other 12'
    )
    assert made.usage.completion == 2


async def test_max_tokens_cuts(ask: Ask) -> None:
    backend = ScriptedBackend(["12345678", "12345678"])
    cut, whole = await backend.generate(ask("a", 1)), await backend.generate(ask("a", 2))
    assert (cut.text, cut.finish_reason, cut.usage.completion) == ("1234", "length", 1)
    assert (whole.text, whole.finish_reason, whole.usage.completion) == ("12345678", "stop", 2)


@given(st.lists(st.lists(st.text("ab", max_size=12), min_size=1, max_size=3), min_size=2, max_size=8))
async def test_cached_is_the_longest_prefix_shared_with_any_earlier_prompt(prompts: list[list[str]]) -> None:
    backend = ScriptedBackend(lambda request: "x")
    earlier: list[str] = []
    for contents in prompts:
        made = await backend.generate(Request(tuple(message("user", content) for content in contents), 1))
        text = "".join(f"user: {content}\n" for content in contents)
        shared = max((sum(all_equal(text, known)) for known in earlier), default=0)
        expected, rest = 0, shared
        for content in contents:
            size = len(f"user: {content}\n")
            if rest < size:
                expected += rest // 4
                break
            expected, rest = expected + -(-size // 4), rest - size
        assert made.usage.cached == min(expected, made.usage.prompt - 1)
        earlier.append(text)


def all_equal(a: str, b: str) -> list[bool]:
    same = [x == y for x, y in zip(a, b, strict=False)]
    return same[: same.index(False)] if False in same else same


def test_the_work_of_a_call_does_not_grow_with_the_calls_before_it() -> None:
    """An orchestration benchmark runs 64 attempts side by side, and its numbers must be those of our own code."""
    backend = ScriptedBackend(lambda request: "a thought")
    question = "word " * 1000

    async def ask(first: int, last: int) -> None:
        for i in range(first, last):
            await backend.generate(Request((message("user", f"{i % 64} {question}", f"memory {i}"),), 64))

    def work(first: int, last: int) -> int:
        return count_calls(lambda: asyncio.run(ask(first, last)))

    early, late = work(0, 100), work(1000, 1100)
    assert late < 2 * early
    assert late / 100 < 200, "a prefix is found by halving, not by comparing with every prompt before"


async def test_replies_from_a_file(tmp_path: Path, ask: Ask) -> None:
    path = tmp_path / "replies.jsonl"
    path.write_text('"one\u2028line"\n\n{"text": "two", "finish_reason": "length", "cached": 1}\n', encoding="utf-8")
    backend = await open_backend(BackendConfig(backend="scripted", replies=path))
    assert (await backend.generate(ask("a"))).text == "one\u2028line"
    assert (await backend.generate(ask("b"))).finish_reason == "length"
    with pytest.raises(BackendError, match=r"replies\.jsonl"):
        await backend.generate(ask("c"))


async def test_its_fingerprint_is_that_of_the_replies(tmp_path: Path) -> None:
    first, same, other = (tmp_path / name for name in ("a.jsonl", "b.jsonl", "c.jsonl"))
    first.write_text('"one"\n')
    same.write_text('"one"\n')
    other.write_text('"two"\n')
    prints = [ScriptedBackend.from_file(path).fingerprint for path in (first, same, other)]
    assert prints[0] == prints[1] == f"sha256:{hashlib.sha256(first.read_bytes()).hexdigest()}" != prints[2]
    assert ScriptedBackend([]).fingerprint == "scripted"


@pytest.mark.parametrize(
    "line",
    ["not json", "3", '{"txt": "x"}', '{"text": 3}', '{"text": "x", "cached": -1}',
     '{"text": "x", "finish_reason": "end"}', '{"text": "x", "more": 1}', '{"text": "x", "cached": true}',
     '{"text": "x", "seconds": -1}', '{"text": "x", "seconds": "long"}'],
)  # fmt: skip
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "replies.jsonl"
    path.write_text(f'"fine"\n{line}\n', encoding="utf-8")
    with pytest.raises(BadInput, match=r"replies\.jsonl, line 2 is not "):
        ScriptedBackend.from_file(path)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"cannot be read .*--replies"):
        ScriptedBackend.from_file(tmp_path / "absent")
    (tmp_path / "latin").write_bytes(b'"\xe9"')
    with pytest.raises(BadInput, match="not UTF-8"):
        ScriptedBackend.from_file(tmp_path / "latin")


async def test_a_stream_comes_word_by_word_with_the_blanks_as_they_are(ask: Ask) -> None:
    backend = ScriptedBackend([" 48 + 24\n\n= 72. "])
    assert [item async for item in backend.stream(ask("Why?"))][:-1] == [" ", "48 ", "+ ", "24\n\n", "= ", "72. "]
