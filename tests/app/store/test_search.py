from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from app.errors import BadInput, StoreError
from app.store import Store
from app.store.records import AttemptSpec, Record, RunSpec, Score
from app.store.search import SHOWN, Fault, Only, Wanted
from graphs.reasoner import Ending, Step
from prompts.checks.equations import claims
from prompts.checks.fidelity import Fidelity
from prompts.settings import Settings
from prompts.values import Answer, Call, Generation, Message, Question, Request, TextMemory, Thought, Usage

MEMORY = TextMemory(("left = 7",))


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:") as opened:
        yield opened


def begin_run(store: Store, task: str = "gsm8k", strategy: str = "isump") -> int:
    return store.begin_run(RunSpec(task, "1", strategy, "scripted", "m", Settings(), {}, 1))


def call(reply: str) -> Call:
    messages = (Message("system", ("Be careful.",)), Message("user", ("Question: ?", "Go on.")))
    return Call(Request(messages, 64), Generation(reply, Usage(10, 4, 2), "stop", 0.5, 1.0))


def solved(
    store: Store,
    text: str = "How many?",
    *,
    id: str = "q",
    run: int | None = None,
    strategy: str = "isump",
    answer: str | None = "7",
    value: float | None = None,
    ending: Ending = "answered",
    thought: str = "12 - 5 = 7.",
    memory: TextMemory = MEMORY,
    invented: tuple[str, ...] = (),
    parent: int | None = None,
) -> int:
    spec = AttemptSpec(Question(id, text), strategy, "scripted", "m", Settings(), run, parent)
    number, empty = store.begin(spec), TextMemory()
    step = Step("step", 1, empty, empty, (call(thought),), thought=Thought(thought))
    store.write(number, Record(0, step, claims=claims(thought)))
    summary = Step("summarize", 1, empty, memory, (call("..."), call("...")), ("asked again",))
    store.write(number, Record(1, summary, Fidelity(("7",), (), invented)))
    store.finish(number, Answer(answer, "so"), ending)
    if value is not None:
        store.score(number, [Score("numeric", value, answer, "match"), Score("a-strict", 1 - value, answer, "match")])
    return number


def numbers(store: Store, **wanted: Any) -> list[int]:
    found = [one.attempt for one in store.find(Wanted(**wanted))]
    assert store.count(Wanted(**wanted)) == len(found)
    return found


def test_attempts_come_newest_first_a_page_at_a_time(store: Store) -> None:
    made = [solved(store) for _ in range(5)]
    assert numbers(store) == made[::-1]
    assert [one.attempt for one in store.find(Wanted(), limit=2, offset=1)] == [made[3], made[2]]
    assert store.count(Wanted()) == 5


def test_words_are_found_in_questions_thoughts_and_memories(store: Store) -> None:
    asked = solved(store, "How many walnuts are left?")
    thought = solved(store, thought="The walnuts are counted.")
    noted = solved(store, memory=TextMemory(("walnuts in the bag = 7",), ("go on",)))
    assert numbers(store, words="walnut") == [noted, thought, asked]
    assert numbers(store, words="walnuts counted") == [thought], "all the words, in one text"
    assert numbers(store, words="hazelnut") == []


@pytest.mark.parametrize("words", ['"', "*", "a AND", "NEAR(", "(", "x\0y", "-", "text:x", "^", "{", "'; --", "𝄞", "?"])
def test_no_words_are_read_as_a_query_language(store: Store, words: str) -> None:
    solved(store, "Plain words.")
    assert numbers(store, words=words) in ([], [1])


def test_a_text_that_is_question_and_thought_at_once_is_indexed_once(store: Store) -> None:
    one = solved(store, "A walnut.", thought="A walnut.", memory=TextMemory(("x",)))
    two = solved(store, "A pear.", thought="A walnut.")
    three = solved(store, "A walnut.", thought="A pear.")
    assert numbers(store, words="walnut") == [three, two, one]
    rows = store._rows("SELECT count(*) AS n FROM texts_fts WHERE texts_fts MATCH 'walnut'")
    assert rows[0]["n"] == 1
    assert numbers(store, words="pear") == [three, two]


def test_attempts_are_filtered_by_run_task_and_strategy(store: Store) -> None:
    first, second = begin_run(store, "gsm8k"), begin_run(store, "walks", "cot")
    a, b, c = solved(store, run=first), solved(store, run=second, strategy="cot"), solved(store)
    assert numbers(store, run=first) == [a]
    assert numbers(store, task="walks") == [b]
    assert numbers(store, strategy="isump") == [c, a]
    assert numbers(store, strategy="isump", run=second) == []
    assert store.strategies() == ["cot", "isump"]
    assert [(one.run, one.task) for one in store.find(Wanted())] == [(None, None), (second, "walks"), (first, "gsm8k")]


def test_what_went_wrong_is_told_apart(store: Store) -> None:
    right, wrong = solved(store, value=1), solved(store, value=0)
    unanswered = solved(store, answer=None, ending="steps spent", value=0)
    late = solved(store, ending="steps spent")
    made_up = solved(store, invented=("99",))
    failed, running = (store.begin(AttemptSpec(Question("q", "?"), "cot", "b", "m", Settings())) for _ in range(2))
    store.fail(failed, "The server is gone.")
    assert numbers(store, only="wrong") == [wrong]
    assert numbers(store, only="unanswered") == [unanswered]
    assert numbers(store, only="error") == [failed]
    assert numbers(store, only="steps spent") == [late, unanswered]
    assert numbers(store, only="invented") == [made_up]
    assert numbers(store)[0] == running
    found = {one.attempt: one for one in store.find(Wanted())}
    assert [found[n].right for n in (right, wrong, late)] == [True, False, None], "the numeric scorer's word counts"
    assert (found[made_up].invented, found[made_up].steps) == (1, 2)
    assert found[failed].error == "The server is gone."


def test_without_the_numeric_scorer_the_first_by_name_counts(store: Store) -> None:
    number = solved(store)
    store.score(number, [Score("chain", 0, None, ""), Score("answer", 1, "7", "")])
    assert store.find(Wanted())[0].right is True
    assert [score.scorer for score in store.scores(number)] == ["answer", "chain"]
    judged = solved(store, value=0)
    assert [score.scorer for score in store.scores(judged)] == ["numeric", "a-strict"]
    assert store.scores(solved(store)) == []


def test_flips_are_the_questions_right_in_one_run_only(store: Store) -> None:
    one, two, third = (begin_run(store) for _ in range(3))
    lost = [solved(store, id="lost", run=one, value=1), solved(store, id="lost", run=two, value=0)]
    same = [solved(store, id="same", run=one, value=1), solved(store, id="same", run=two, value=1)]
    none = [solved(store, id="none", run=one, answer=None), solved(store, id="none", run=two, value=1)]
    solved(store, id="redone", run=one, value=0)
    solved(store, id="redone", run=two, value=1)
    store.fail(store.begin(AttemptSpec(Question("redone", "?"), "isump", "b", "m", Settings(), two)), "gone")
    solved(store, id="lost", run=third, value=1)
    fork = solved(store, id="same", run=two, value=0, parent=same[1])
    assert numbers(store, only="flipped", run=one, other=two) == sorted(lost + none, reverse=True)
    assert numbers(store, only="flipped", run=two, other=one) == sorted(lost + none, reverse=True)
    assert fork not in numbers(store, only="flipped", run=one, other=two), "a fork is not an item of its run"
    assert numbers(store, only="flipped", run=one, other=third) == []


@pytest.mark.parametrize("runs", [{}, {"run": 1}, {"other": 1}, {"run": 1, "other": 1}])
def test_flips_need_two_runs(store: Store, runs: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="two different runs"):
        store.find(Wanted(only="flipped", **runs))


def test_long_texts_are_cut_in_the_list(store: Store) -> None:
    solved(store, "x" * 5000, answer="y" * 5000)
    (found,) = store.find(Wanted())
    assert (found.question, found.answer) == ("x" * SHOWN, "y" * SHOWN)


def test_an_outline_says_what_each_step_did_and_cost(store: Store) -> None:
    number = solved(store, thought="12 - 5 = 8.", invented=("99", "98"))
    first, second = store.outline(number)
    assert (first.index, first.verb, first.round, first.wrong, first.invented, first.marked) == (
        0,
        "step",
        1,
        1,
        0,
        False,
    )
    assert (first.generated, first.seconds) == (4, 0.5)
    assert (second.verb, second.generated, second.seconds) == ("summarize", 8, 1.0)
    assert (second.wrong, second.invented, second.marked) == (0, 2, True)
    assert store.outline(number, 1, 1) == [second]
    assert store.step_count(number) == 2


def test_the_first_fault_of_each_kind_is_found(store: Store) -> None:
    number = solved(store, thought='7 is "wrong"]. 1 + 1 = 2. 12 - 5 = 8. 1 + 1 = 3.', invented=("99", "98"))
    assert store.first_faults(number) == [
        Fault("wrong equation", 0, "12 - 5 = 8"),
        Fault("invented number", 1, "99"),
    ]
    assert store.first_faults(solved(store, thought='7 is "wrong"], but 1 + 1 = 2.')) == []


def test_one_step_is_read_as_among_all(store: Store) -> None:
    number = solved(store)
    assert [store.record(number, index) for index in (0, 1)] == store.records(number)
    with pytest.raises(StoreError, match="no step 2"):
        store.record(number, 2)


@pytest.fixture(scope="module")
def big() -> Iterator[tuple[Store, int, int]]:
    """1,250 attempts of two runs and 10,000 steps, all with a common word and few with a rare one."""
    with Store.open(":memory:") as store:
        runs = begin_run(store), begin_run(store)
        empty = TextMemory()
        for i in range(1250):
            spec = AttemptSpec(
                Question(f"q{i // 2}", f"How many apples has {i}?"), "isump", "s", "m", Settings(), runs[i % 2]
            )
            number = store.begin(spec)
            for k in range(0, 8, 2):
                words = f"Attempt {i} thought {k}: some apples are left" + (", a walnut too." if i % 100 == 0 else ".")
                step = Step("step", k, empty, empty, (call(words),), thought=Thought(words))
                memory = TextMemory((f"apples of {i} after {k} = 7",))
                invented = ("99",) if i % 7 == 0 else ()
                store.write(number, Record(k, step))
                store.write(
                    number,
                    Record(k + 1, Step("summarize", k, empty, memory, (call(words),)), Fidelity((), (), invented)),
                )
            store.finish(number, Answer(None if i % 11 == 0 else "7"), "steps spent" if i % 5 == 0 else "answered")
            store.score(number, [Score(name, float(i % 3 == 0), "7", "") for name in ("numeric", "strict", "flexible")])
        assert store._rows("SELECT count(*) AS n FROM steps")[0]["n"] == 10_000
        yield store, *runs


def fastest(work: Any) -> float:
    best = 1.0
    for _ in range(5):
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return best


@pytest.mark.parametrize("offset", [0, 1000])
@pytest.mark.parametrize("words", ["", "apples", "walnut", "apples left"])
def test_words_are_found_fast_in_a_store_of_10_000_steps(big: tuple[Store, int, int], words: str, offset: int) -> None:
    seconds = fastest(lambda: big[0].find(Wanted(words), 50, offset))
    assert seconds < 0.05, f"{seconds * 1000:.0f} ms"


@pytest.mark.parametrize("only", get_args(Only))
def test_filters_are_fast_in_a_store_of_10_000_steps(big: tuple[Store, int, int], only: Only) -> None:
    store, one, two = big
    wanted = Wanted("apples", one, "gsm8k", "isump", only, two)
    assert store.find(wanted) or only == "error"
    seconds = fastest(lambda: (store.find(wanted), store.count(wanted)))
    assert seconds < 0.05, f"{seconds * 1000:.0f} ms"


def test_a_step_and_its_costs_are_read_fast_from_a_store_of_10_000_steps(big: tuple[Store, int, int]) -> None:
    store = big[0]
    seconds = fastest(lambda: (store.attempt(600), store.costs(600), store.outline(600), store.record(600, 5)))
    assert seconds < 0.02, f"{seconds * 1000:.0f} ms"
