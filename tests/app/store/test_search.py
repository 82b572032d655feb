from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest

from app.errors import BadInput
from app.store import Store
from app.store.records import AttemptSpec, CallUsage, Record, RunSpec
from app.store.search import SHOWN, AttemptFilter, AttemptSummary, FirstFault, StepSummary
from graphs.isump import IsumpSettings
from prompts.memories import TextMemory
from prompts.settings import Settings
from prompts.steps import Step
from prompts.values import (
    Answer,
    Call,
    Ending,
    Finding,
    Generation,
    Message,
    Part,
    Question,
    Request,
    Score,
    Thought,
    Usage,
)

EMPTY, MEMORY = TextMemory(), TextMemory(("left = 7",))
WRONG = ("equations", "wrong")
INVENTED = ("fidelity", "invented")


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:") as opened:
        yield opened


def begin_run(store: Store, task: str = "gsm8k", strategy: str = "isump", primary: str = "numeric") -> int:
    return store.begin_run(RunSpec(task, f"{task}/test", "1", primary, strategy, "scripted", "m", Settings(), {}, 1)).id


def call(reply: str) -> Call:
    parts = (Part("question", "Question: ?"), Part("instruction", "Go on."))
    messages = (Message("system", (Part("system", "Be careful."),)), Message("user", parts))
    return Call(Request(messages, 64), Generation(reply, Usage(10, 4, 2), "stop", 0.5, 1.0))


def findings(fault: tuple[str, str], texts: Iterable[str]) -> tuple[Finding, ...]:
    return tuple(Finding(*fault, text) for text in texts)


def solved(
    store: Store,
    text: str = "How many?",
    *,
    id: str = "q",
    run: int | None = None,
    strategy: str = "isump",
    answer: str | None = "7",
    value: float | None = None,
    ending: Ending = Ending.ANSWERED,
    thought: str = "12 - 5 = 7.",
    memory: TextMemory = MEMORY,
    wrong: tuple[str, ...] = (),
    invented: tuple[str, ...] = (),
    parent: int | None = None,
) -> int:
    attempt = store.begin(AttemptSpec(Question(id, text), strategy, "scripted", "m", Settings(), run, parent))
    step = Step("step", 1, EMPTY, EMPTY, (call(thought),), thought=Thought(thought))
    store.write(attempt.id, Record(0, step, (Finding("equations", "right", "5 = 5"), *findings(WRONG, wrong))))
    summary = Step("summarize", 1, EMPTY, memory, (call("..."), call("...")), ("asked again",))
    store.write(attempt.id, Record(1, summary, (Finding("fidelity", "kept", "7"), *findings(INVENTED, invented))))
    store.finish(attempt, Answer(answer, "so"), ending)
    if value is not None:
        scores = {"numeric": Score(value, answer, "match"), "a-strict": Score(1 - value, answer, "match")}
        store.score(attempt.id, scores)
    return attempt.id


def numbers(store: Store, **wanted: Any) -> list[int]:
    found = [one.attempt for one in store.find(AttemptFilter(**wanted))]
    assert store.count(AttemptFilter(**wanted)) == len(found)
    return found


def found_by_number(store: Store) -> Mapping[int, AttemptSummary]:
    return {one.attempt: one for one in store.find(AttemptFilter())}


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


def test_a_text_that_is_question_thought_and_memory_at_once_is_indexed_once(store: Store) -> None:
    note = TextMemory(("walnut",))
    one = solved(store, "A walnut.", thought="A walnut.", memory=TextMemory(("x",)))
    two = solved(store, "A pear.", thought="A walnut.")
    three = solved(store, "A walnut.", thought="A pear.")
    assert numbers(store, words="walnut") == [three, two, one]
    assert indexed(store, "walnut") == 1
    assert numbers(store, words="pear") == [three, two]
    four = solved(store, thought=note.encode().text, memory=note)
    five = solved(store, note.encode().text, memory=note)
    assert numbers(store, words="walnut") == [five, four, three, two, one]
    assert indexed(store, "walnut") == 2


def indexed(store: Store, word: str) -> int:
    """How many indexed texts have the word; no text may have been indexed a second time."""
    documents = store.rows("SELECT count(*) AS n FROM texts_fts_docsize")[0]["n"]
    insertions = store.rows("SELECT block FROM texts_fts_data WHERE id = 1")[0]["block"][0]  # a varint below 128
    assert insertions == documents
    return store.rows("SELECT count(*) AS n FROM texts_fts WHERE texts_fts MATCH ?", word)[0]["n"]


def test_attempts_are_filtered_by_run_task_and_strategy(store: Store) -> None:
    first, second = begin_run(store, "gsm8k"), begin_run(store, "walks", "cot")
    a, b, c = solved(store, run=first), solved(store, run=second, strategy="cot"), solved(store)
    assert numbers(store, run=first) == [a]
    assert numbers(store, task="walks") == [b]
    assert numbers(store, strategy="isump") == [c, a]
    assert numbers(store, strategy="isump", run=second) == []
    assert store.strategies() == ["cot", "isump"]
    assert [(one.run, one.task) for one in store.find(AttemptFilter())] == [
        (None, None),
        (second, "walks"),
        (first, "gsm8k"),
    ]


def test_what_went_wrong_is_told_apart(store: Store) -> None:
    run = begin_run(store)
    right, wrong = solved(store, id="right", run=run, value=1), solved(store, id="wrong", run=run, value=0)
    unanswered = solved(store, answer=None, ending=Ending.STEP_LIMIT, value=0)
    late = solved(store, ending=Ending.STEP_LIMIT)
    made_up = solved(store, invented=("99", "98"))
    miscounted = solved(store, wrong=("12 - 5 = 8", "1 + 1 = 3"), invented=("99",))
    failed, running = (store.begin(AttemptSpec(Question("q", "?"), "cot", "b", "m", Settings())) for _ in range(2))
    store.fail(failed, "The server is gone.")
    assert numbers(store, outcome="wrong") == [wrong]
    half = solved(store, id="half", run=run, value=0.5)
    assert numbers(store, outcome="wrong") == [half, wrong], "what is not all right is wrong"
    assert numbers(store, outcome="unanswered") == [unanswered]
    assert numbers(store, outcome="error") == [failed.id]
    assert numbers(store, outcome="step_limit") == [late, unanswered]
    assert numbers(store, fault=INVENTED) == [miscounted, made_up]
    assert numbers(store, fault=WRONG) == [miscounted]
    assert numbers(store, fault=("equations", "unheard of")) == []
    assert running.id in numbers(store)
    found = found_by_number(store)
    assert [found[n].right for n in (right, half, wrong, late)] == [True, False, False, None]
    assert (found[made_up].faults, found[made_up].steps) == ((("invented number", 1),), 2), "steps, not findings"
    assert found[miscounted].faults == (("wrong equation", 1), ("invented number", 1))
    assert found[right].faults == ()
    assert found[failed.id].error == "The server is gone."


def test_the_primary_scorer_of_the_run_says_what_is_right(store: Store) -> None:
    strict, numeric = begin_run(store, primary="a-strict"), begin_run(store, primary="numeric")
    absent = begin_run(store, primary="chain")
    by_strict, by_numeric = solved(store, run=strict, value=0), solved(store, run=numeric, value=0)
    unjudged, alone = solved(store, run=absent, value=0), solved(store, value=0)
    found = found_by_number(store)
    assert [found[n].right for n in (by_strict, by_numeric, unjudged, alone)] == [True, False, None, True]
    assert numbers(store, outcome="wrong") == [by_numeric]
    assert numbers(store, outcome="flipped", run=strict, other=numeric) == [by_numeric, by_strict]
    assert [list(store.scores(n)) for n in (by_strict, by_numeric)] == [
        ["a-strict", "numeric"],
        ["numeric", "a-strict"],
    ]
    assert list(store.scores(alone)) == ["a-strict", "numeric"], "without a run the first by name counts"
    assert store.scores(by_numeric)["numeric"] == Score(0.0, "7", "match")
    assert store.scores(solved(store)) == {}


def test_a_score_replaces_that_scorers_score_before(store: Store) -> None:
    number = solved(store)
    store.score(number, {"chain": Score(None, None, "no chain"), "answer": Score(0, "8", "expected 7")})
    store.score(number, {"answer": Score(1, "7", "match")})
    store.score(number, {})
    assert store.scores(number) == {"answer": Score(1, "7", "match"), "chain": Score(None, None, "no chain")}
    assert store.find(AttemptFilter())[0].right is True


def test_flips_are_the_questions_right_in_one_run_only(store: Store) -> None:
    one, two, third = (begin_run(store) for _ in range(3))
    lost = [solved(store, id="lost", run=one, value=1), solved(store, id="lost", run=two, value=0)]
    same = [solved(store, id="same", run=one, value=1), solved(store, id="same", run=two, value=1)]
    none = [solved(store, id="none", run=one, answer=None), solved(store, id="none", run=two, value=1)]
    redone = [solved(store, id="redone", run=one, value=0), solved(store, id="redone", run=two, value=1)]
    store.fail(store.begin(AttemptSpec(Question("redone", "?"), "isump", "b", "m", IsumpSettings(), two)), "gone")
    solved(store, id="lost", run=third, value=1)
    fork = solved(store, id="same", run=two, value=0, parent=same[1])
    flipped = sorted(lost + none + redone, reverse=True)
    assert numbers(store, outcome="flipped", run=one, other=two) == flipped, "what failed after it was done is done"
    assert numbers(store, outcome="flipped", run=two, other=one) == flipped
    assert fork not in numbers(store, outcome="flipped", run=one, other=two), "a fork is not an item of its run"
    assert numbers(store, outcome="flipped", run=one, other=third) == []


@pytest.mark.parametrize("runs", [{}, {"run": 1}, {"other": 1}, {"run": 1, "other": 1}])
def test_flips_need_two_runs(store: Store, runs: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="two different runs"):
        store.find(AttemptFilter(outcome="flipped", **runs))


def test_long_texts_are_cut_in_the_list(store: Store) -> None:
    number = solved(store, "x" * 5000, answer="y" * 5000, wrong=("z" * 5000,))
    (found,) = store.find(AttemptFilter())
    assert (found.question, found.answer) == ("x" * SHOWN, "y" * SHOWN)
    assert store.first_faults(number)[0].text == "z" * SHOWN


def test_an_outline_says_what_each_step_did_and_cost(store: Store) -> None:
    number = solved(store, wrong=("12 - 5 = 8",), invented=("99", "98"))
    first, second = store.outline(number)
    assert first == StepSummary(0, "step", 1, 4, 0.5, (("wrong equation", 1),), False)
    assert second == StepSummary(1, "summarize", 1, 8, 1.0, (("invented number", 2),), True)
    assert store.outline(number, 1, 1) == [second]
    assert store.step_count(number) == 2


def test_the_first_fault_of_each_kind_is_found(store: Store) -> None:
    number = solved(store, wrong=("12 - 5 = 8", "1 + 1 = 3"), invented=("99", "98"))
    assert store.first_faults(number) == [
        FirstFault("equations", "wrong", "wrong equation", 0, "12 - 5 = 8"),
        FirstFault("fidelity", "invented", "invented number", 1, "99"),
    ]
    assert store.first_faults(solved(store)) == [], "what is kept or right is no fault"


def test_findings_are_counted_for_every_attempt_of_a_run(store: Store) -> None:
    run = begin_run(store)
    clean, two = solved(store, id="a", run=run), solved(store, id="b", run=run, invented=("99", "98"))
    empty = store.begin(AttemptSpec(Question("c", "?"), "isump", "b", "m", IsumpSettings(), run)).id
    solved(store, invented=("97",))
    assert store.finding_counts(run, "fidelity", "invented") == {clean: 0, two: 2, empty: 0}
    assert store.finding_counts(run, "fidelity", "kept") == {clean: 1, two: 1, empty: 0}
    assert store.finding_counts(run, "route", "blocked") == {clean: 0, two: 0, empty: 0}
    assert store.finding_counts(run + 1, "fidelity", "kept") == {}


def test_token_counts_are_read_without_the_texts(store: Store) -> None:
    one, two = solved(store), solved(store)
    store.write(two, Record(2, Step("conclude", 1, EMPTY, EMPTY)))
    usages = [CallUsage("step", ((10, 4),)), CallUsage("summarize", ((10, 4), (10, 4)))]
    assert store.usages([two, one]) == {two: [*usages, CallUsage("conclude", ())], one: usages}
    assert store.usages([999]) == {999: []}
    assert store.usages([]) == {}
