from __future__ import annotations

from contextlib import aclosing

import pytest

from app.ablation import Removal, remove_facts, resume_with_seeds
from app.backends.scripted import ScriptedBackend
from app.errors import BackendError, BadInput
from app.fork import Fork
from app.session import Ended
from app.store import Store
from app.store.records import AttemptSpec
from app.streams import Merge
from graphs.isump import IsumpSettings
from prompts.memories import TextMemory, VectorMemory
from prompts.values import Question, Request

QUESTION = Question("q", "Ann has some apples and buys some. How many has she?")
MEMORY = TextMemory(("she had 7", "she likes green", "she bought 9"), ("add",))


@pytest.fixture
def store():
    with Store.open(":memory:") as store:
        parent = store.begin(AttemptSpec(QUESTION, "isump", "scripted", "scripted", IsumpSettings()))
        assert parent.id == 1
        yield store


def reply(request: Request) -> str:
    shown = request.prefill
    return f"Answer: {7 * ('she had 7' in shown) + 9 * ('she bought 9' in shown)}"


async def removals(store: Store, backend: ScriptedBackend, fork: Fork) -> list[Removal]:
    found = remove_facts(fork, QUESTION, "isump", backend, IsumpSettings(), store)
    return [removal async for removal in found]


async def test_only_the_facts_the_answer_needs_flip_it(store: Store) -> None:
    found = await removals(store, ScriptedBackend(reply), Fork(1, 0, MEMORY, 0))
    assert (found[0].fact, found[0].attempt.answer, found[0].flipped) == (None, "16", None)
    flips = {removal.fact: (removal.attempt.answer, removal.flipped) for removal in found[1:]}
    assert flips == {"she had 7": ("9", True), "she likes green": ("16", False), "she bought 9": ("7", True)}
    assert all(removal.attempt.spec.parent == 1 for removal in found)
    for removal in found[1:]:
        first = store.records(removal.attempt.id)[0].step.memory_before
        assert first == TextMemory(tuple(fact for fact in MEMORY.known if fact != removal.fact), MEMORY.next)


async def test_the_same_number_in_other_words_is_no_flip(store: Store) -> None:
    replies = ["Answer: 16", "Answer: 16 apples", "Answer: 16.0", "Answer: 17"]
    found = await removals(store, ScriptedBackend(replies), Fork(1, 0, MEMORY, 0))
    assert sorted(str(removal.flipped) for removal in found) == ["False", "False", "None", "True"]


async def test_a_removal_that_fails_is_shown_as_failed(store: Store) -> None:
    def broken(request: Request) -> str:
        if "she likes green" not in request.prefill:
            raise BackendError("The backend is out of order: mend it.")
        return "Answer: 16"

    found = await removals(store, ScriptedBackend(broken), Fork(1, 0, MEMORY, 0))
    (failed,) = (removal for removal in found[1:] if removal.flipped is None)
    assert (failed.fact, failed.attempt.status) == ("she likes green", "error")


async def test_a_failed_control_is_raised(store: Store) -> None:
    with pytest.raises(BackendError):
        await removals(store, ScriptedBackend([]), Fork(1, 0, MEMORY, 0))


@pytest.mark.parametrize("memory", [TextMemory(), TextMemory(next=("add",)), VectorMemory(b"", (1,), 0.0)])
async def test_a_memory_without_known_facts_is_refused(store: Store, memory: TextMemory) -> None:
    with pytest.raises(BadInput, match="Nothing is known"):
        await removals(store, ScriptedBackend(reply), Fork(1, 0, memory, 0))


async def test_closing_the_ablation_stops_every_attempt(store: Store) -> None:
    slow = ScriptedBackend(reply, delay=0.05)
    async with aclosing(remove_facts(Fork(1, 0, MEMORY, 0), QUESTION, "isump", slow, IsumpSettings(), store)) as found:
        async for removal in found:
            if removal.fact is not None:
                break
    begun = [each for each in store.attempts() if each.id != 1]
    assert len(begun) > 2
    assert all(each.status == "done" or each.error == "stopped" for each in begun)


async def test_resuming_with_seeds_shifts_the_seed(store: Store) -> None:
    settings = IsumpSettings(seed=2**31 - 2)
    streams = resume_with_seeds(Fork(1, 0, MEMORY, 0), QUESTION, "isump", ScriptedBackend(reply), settings, store, 3)
    batches = [batch async for batch in Merge(streams).batches()]
    ended = [event.attempt for batch in batches for _, event in batch if isinstance(event, Ended)]
    assert sorted(attempt.spec.settings.seed for attempt in ended) == [0, 2**31 - 2, 2**31 - 1]
