"""The strategies that a bounded context is compared with, and those that spend more calls on one step."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import pytest

from app.backends.scripted import CAPABILITIES, Reply, ScriptedBackend
from app.session import solve
from app.store import Store
from app.store.records import Attempt, Record
from graphs import STRATEGIES
from graphs.isump import IsumpSettings
from graphs.strategy import settings_for
from prompts.memories import TextMemory
from prompts.values import Ending, Question, Request, Thought, UserError, VerbResult
from prompts.voting import elect
from tests.prompts.conftest import CLIPS


async def attempt(strategy: str, backend: ScriptedBackend, **given: Any) -> tuple[Attempt, list[Record]]:
    with Store.open(":memory:") as store:
        async for _ in solve(CLIPS, strategy, backend, settings_for(STRATEGIES[strategy], given), store):
            pass
        return store.attempt(1), list(store.records(1))


def counting(request: Request) -> Reply:
    """Goes on counting from the end of its own text, eight words a reply; ends at 40."""
    last = int(([word for word in request.prefill.split() if word.isdigit()] or ["0"])[-1])
    words = [str(n) for n in range(last + 1, min(last + 8, 40) + 1)]
    ended = last + 8 >= 40
    text = f"{' ' if last else ''}{' '.join(words)}" + ("\nAnswer: 40" if ended else "")
    return Reply(text, finish_reason="stop" if ended else "length")


async def test_markovian_goes_on_from_the_end_of_its_text_word_for_word() -> None:
    backend = ScriptedBackend(counting, capabilities=CAPABILITIES)
    ended, records = await attempt("markovian", backend, memory_tokens=16, step_tokens=32)
    assert ended.answer == "40" and len(backend.requests) == 5
    memories = [r.step.memory_after for r in records if r.step.verb == "summarize"]
    assert memories[-1] != memories[0]
    for before, request in zip(memories, list(backend.requests)[1:], strict=True):
        assert isinstance(before, TextMemory) and (request.prefill,) == before.known
        numbers = [int(word) for word in request.prefill.split()]
        assert numbers == list(range(numbers[0], numbers[-1] + 1)) and len(request.prefill) <= 16 * 4
    assert len({len(request.messages[1].content) for request in backend.requests}) == 1, "nothing else is carried"


@pytest.mark.parametrize("tokens", [16, 64, 9999])
async def test_the_truncated_baseline_sees_the_end_of_the_text_in_its_budget(tokens: int) -> None:
    text = " ".join(f"Ann has {n} hats." for n in range(99))
    backend = ScriptedBackend(["Answer: 72"])
    settings = settings_for(STRATEGIES["truncated"], {"context_tokens": tokens})
    with Store.open(":memory:") as store:
        async for _ in solve(Question("q", "How many?", text), "truncated", backend, settings, store):
            pass
    (shown,) = [part.text for part in backend.requests[0].messages[1].parts if part.kind == "context"]
    assert text.endswith(shown) and len(shown) <= 4 * tokens and shown.startswith("Ann")
    assert len(shown) >= min(len(text), 2 * tokens)


async def test_a_budget_of_tokens_draws_chains_until_it_is_spent() -> None:
    replies = cycle(["So 72.\nAnswer: 72", "So 70.\nAnswer: 70", "So 72.\nAnswer: 72"])
    one = len("So 72.\nAnswer: 72") // 4
    ended, records = await attempt("self_consistency", ScriptedBackend(replies), token_budget=10 * one)
    spent = sum(call.generation.usage.completion for record in records for call in record.step.calls)
    assert ended.answer == "72"
    assert 10 * one - 8 < spent <= 10 * one
    assert len([r for r in records if r.step.verb == "step"]) > 3


async def test_a_budget_ends_with_the_time() -> None:
    slow = ScriptedBackend(cycle([Reply("Answer: 1", seconds=30)]))
    ended, _ = await attempt("self_consistency", slow, token_budget=9999, max_seconds=0.05)
    assert ended.answer is None and ended.ending == Ending.TIME_LIMIT


@pytest.mark.parametrize(("drafts", "loops"), [(["72", "72.0", "$72"], False), (["72", "70", "72"], True)])
async def test_adaptive_reasons_step_by_step_only_where_drafts_disagree(drafts: list[str], loops: bool) -> None:
    rest = cycle([" Add up.\n48 + 24 = 72\nAnswer: 72"])
    replies = iter([*(f"48+24\nAnswer: {draft}" for draft in drafts), *(next(rest) for _ in range(9))])
    backend = ScriptedBackend(replies, capabilities=CAPABILITIES)
    ended, records = await attempt("adaptive", backend)
    assert ended.answer in ("72", drafts[0])
    assert [request.temperature for request in backend.requests] == [0.7] * 3 + [0.0] * loops
    assert [record.step.round for record in records][:2] == [1, 2 if loops else 1]


def drawn(*texts: str) -> list[VerbResult[Thought]]:
    made = list[VerbResult[Thought]]()
    for text in texts:
        body, _, answer = text.partition(" Answer: ")
        made.append(VerbResult(Thought(body, answer or None, result=body)))
    return made


@pytest.mark.parametrize(
    ("texts", "elected"),
    [
        (("3 * 12 = 36", "3 + 12 = 15", "12 * 3 = 36"), "3 * 12 = 36"),
        (("3 * 12 = 35", "3 * 12 = 35", "3 * 12 = 36"), "3 * 12 = 36"),  # a wrong equation has no vote
        (("3 * 12 = 35", "3 * 12 = 34"), "3 * 12 = 35"),  # the first, where nobody has one
        (("", "2 + 2 = 4"), "2 + 2 = 4"),
        (("", ""), ""),
        (("2 + 2 = 4", "2 + 2 = 4 Answer: 4", "4 = 2 + 2 Answer: 4"), "2 + 2 = 4"),
    ],
)
def test_the_result_that_most_share_is_elected(texts: tuple[str, ...], elected: str) -> None:
    result = elect(Question("q", "?"), drawn(*texts))
    assert result.value.text == elected
    assert result.marks


def test_those_that_agree_also_vote_on_the_end() -> None:
    most = elect(Question("q", "?"), drawn("2 + 2 = 4", "2 + 2 = 4 Answer: 4", "2 + 2 = 4 Answer: 4"))
    assert most.value.answer == "4"
    few = elect(Question("q", "?"), drawn("2 + 2 = 4 Answer: 4", "2 + 2 = 4", "2 + 2 = 4"))
    assert few.value.answer is None


async def test_voted_steps_keep_the_majoritys_result_and_count_every_call() -> None:
    steps = [" Eggs\n3 * 12 = 36\n", " Eggs\n3 * 12 = 37\n", " Eggs\n12 * 3 = 36\n"]
    heading, last = " Sell them", [" 36 - 6 = 30\nAnswer: 30"] * 3
    backend = ScriptedBackend([*steps, heading, *last], capabilities=CAPABILITIES)
    ended, records = await attempt("isump", backend, votes=3, temperature=0.7)
    assert ended.answer == "30" and len(records[0].step.calls) == 3
    assert len({call.request.seed for call in records[0].step.calls}) == 3
    memory = records[1].step.memory_after
    assert isinstance(memory, TextMemory) and memory.known == ("Eggs: 3 * 12 = 36",)
    assert any("2 of 3 votes" in mark for mark in records[0].step.marks)


async def test_greedy_steps_cannot_vote() -> None:
    with pytest.raises(UserError, match="--temperature"):
        await attempt("isump", ScriptedBackend(["x"], capabilities=CAPABILITIES), votes=3)
    assert STRATEGIES["isump"].parallel_calls(IsumpSettings(votes=3)) == 3
