"""What is exported and imported is what was written, under other numbers; what is no export changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import StoreError
from app.store import Store
from app.store.check import check
from app.store.export import export
from app.store.importing import import_traces
from app.store.lines import parse_line, read_record, step_line
from app.store.records import Attempt, Record
from prompts.checks import Finding
from prompts.memories import Memory, TextMemory, VectorMemory
from prompts.steps import Step
from prompts.values import Answer, Call, Generation, Message, Part, Request, Retry, Score, Thought, Usage
from tests.app.store.stores import contents, failed, fill, filled, read, run_spec, solved, spec

texts = st.text(st.characters(codec="utf-8"), max_size=30)
counts = st.integers(0, 2**53 - 1)
seconds = st.floats(0, 1e9)
lines = st.lists(texts, max_size=3).map(tuple)
memories: st.SearchStrategy[Memory] = st.builds(TextMemory, lines, lines) | st.builds(
    VectorMemory, st.binary(max_size=50), st.lists(st.integers(0, 99), max_size=3).map(tuple), st.floats(0, 1e300)
)
parts = st.builds(Part, st.sampled_from(["system", "question", "context", "memory", "thought", "instruction"]), texts)
messages = st.builds(Message, st.sampled_from(["system", "user", "assistant"]), st.lists(parts, max_size=3).map(tuple))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
schemas = st.none() | st.dictionaries(texts, json_values, max_size=3)
requests = st.builds(Request, st.lists(messages, max_size=3).map(tuple), counts, seconds, counts, schemas)
retries = st.lists(st.builds(Retry, texts, seconds), max_size=2).map(tuple)
usages = st.builds(Usage, counts, counts, counts)
generations = st.builds(Generation, texts, usages, texts, seconds, seconds, retries)
calls = st.lists(st.builds(Call, requests, generations), max_size=2).map(tuple)
thoughts = st.builds(Thought, texts, st.none() | texts)
answers = st.builds(Answer, st.none() | texts, texts)
found = st.lists(st.builds(Finding, texts, texts, texts, texts), max_size=3).map(tuple)
endings = st.none() | st.sampled_from(["answered", "no progress", "steps spent", "tokens spent", "time spent"])
steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(Step, st.sampled_from(["step"]), counts, memories, memories, calls, lines, thoughts),
    st.builds(Step, st.sampled_from(["read", "summarize"]), counts, memories, memories, calls, lines),
    st.builds(Step, st.just("conclude"), counts, memories, memories, calls, lines, st.none(), answers, endings),
)
traces = st.lists(st.builds(lambda step, found: Record(0, step, found), steps, found), max_size=4)


def numbered(trace: list[Record]) -> list[Record]:
    return [replace(record, index=index) for index, record in enumerate(trace)]


@given(st.builds(lambda step, findings: Record(3, step, findings), steps, found))
def test_a_line_holds_every_field_of_a_record(record: Record) -> None:
    line = parse_line(step_line(7, record).model_dump_json())
    assert read_record(line) == record  # pyright: ignore[reportArgumentType]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(traces, min_size=1, max_size=3), st.none() | texts, st.dictionaries(texts, st.floats(0, 1), max_size=3))
def test_what_is_imported_is_what_was_exported(
    tmp_path_factory: pytest.TempPathFactory, trace: list[list[Record]], answer: str | None, scores: dict[str, float]
) -> None:
    folder = tmp_path_factory.mktemp("carried")
    with Store.open(":memory:") as one, Store.open(":memory:") as two:
        run = one.begin_run(run_spec()).id
        parent = None
        for number, records in enumerate(map(numbered, trace)):
            attempt = one.begin(spec(str(number), run if number else None, parent))
            for record in records:
                one.write(attempt.id, record)
            one.finish(attempt, Answer(answer, answer or ""), "answered")
            one.score(attempt.id, {name: Score(value, answer, name) for name, value in scores.items()})
            parent = attempt.id
        export(one, folder / "t.jsonl")
        import_traces(two, folder / "t.jsonl")
        assert contents(two) == contents(one)


def same_but_numbers(attempt: Attempt) -> Attempt:
    return replace(attempt, id=0, spec=replace(attempt.spec, run=None, parent=None))


def test_numbers_are_new_and_what_is_linked_stays_linked(tmp_path: Path) -> None:
    source = filled(tmp_path / "one.sqlite")
    with Store.open(source) as store:
        export(store, tmp_path / "t.jsonl")
    target = filled(tmp_path / "two.sqlite")
    before = read(target)
    with Store.open(target) as store:
        done = import_traces(store, tmp_path / "t.jsonl")
    assert (done.runs, done.attempts) == ({1: 3, 2: 4}, {number: number + 9 for number in range(1, 10)})
    runs, attempts = read(target)
    assert (runs[:2], attempts[:9]) == before, "what was there is what it was"
    assert [replace(run, id=0) for run in runs[2:]] == [replace(run, id=0) for run in read(source)[0]]
    for (old, steps, scores), new in zip(read(source)[1], attempts[9:], strict=True):
        assert (same_but_numbers(old), steps, scores) == (same_but_numbers(new[0]), *new[1:])
        assert new[0].spec.run == (None if old.spec.run is None else old.spec.run + 2)
        assert new[0].spec.parent == (None if old.spec.parent is None else old.spec.parent + 9)
        assert new[0].spec.forked_at_step == old.spec.forked_at_step
    assert not check(target).problems


def exported(path: Path, target: Path, **which: int) -> tuple[list[int], list[int]]:
    """The runs and the attempts in an export."""
    with Store.open(path) as store:
        export(store, target, **which)
    read_lines = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    return [one["run"] for one in read_lines if one["line"] == "run"], [
        one["attempt"] for one in read_lines if one["line"] == "attempt"
    ]


def test_a_part_of_a_store_comes_with_what_it_is_linked_to(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    with Store.open(path) as store:
        fill(store)
        of_run_2 = solved(store, parent=5)  # attempt 10, a fork of one of run 2
        solved(store, run=1, parent=of_run_2)  # attempt 11, of run 1
        empty = store.begin_run(run_spec()).id
    files = iter(range(99))

    def parts_of(**which: int) -> tuple[list[int], list[int]]:
        target = tmp_path / f"{next(files)}.jsonl"
        held = exported(path, target, **which)
        with Store.open(":memory:") as other:
            import_traces(other, target)
        return held

    assert parts_of() == ([1, 2, 3], list(range(1, 12)))
    assert parts_of(run=1) == ([1, 2], [1, 2, 3, 4, 5, 10, 11])
    assert parts_of(run=2) == ([1, 2], [5, 6, 10, 11])
    assert parts_of(run=empty) == ([3], [])
    assert parts_of(attempt=9) == ([], [7, 8, 9])
    assert parts_of(attempt=7) == ([], [7])
    assert parts_of(attempt=2) == ([1], [2])
    for which in ({"run": 9}, {"attempt": 99}):
        with Store.open(path) as store, pytest.raises(StoreError, match="are numbered 1 to"):
            export(store, tmp_path / "none.jsonl", **which)
    assert not (tmp_path / "none.jsonl").exists()


def test_a_store_that_can_only_be_read_is_exported(tmp_path: Path) -> None:
    path = filled(tmp_path / "t.sqlite")
    with Store.open(path, read_only=True) as store:
        assert export(store, tmp_path / "t.jsonl").attempts == 9


def test_what_is_being_written_is_not_exported(tmp_path: Path) -> None:
    path = filled(tmp_path / "t.sqlite")
    with Store.open(path) as writing, Store.open(path) as store:
        with writing.run_lock(1):
            for which in ({}, {"run": 1}):
                with pytest.raises(StoreError, match="Run 1 is being written by this process since"):
                    export(store, tmp_path / "t.jsonl", **which)
            assert export(store, tmp_path / "run-2.jsonl", run=2).attempts == 2
        attempt = writing.begin(spec())
        with pytest.raises(StoreError, match=f"Attempt {attempt.id} is being written"):
            export(store, tmp_path / "t.jsonl")
        assert not [file.name for file in tmp_path.glob("t.jsonl*")], "nothing half is left"
        writing.fail(attempt, "stopped")
        assert export(store, tmp_path / "t.jsonl").attempts == 10


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path, target = filled(tmp_path / "t.sqlite"), tmp_path / "t.jsonl"
    target.write_text("mine")
    with Store.open(path) as store:
        for taken in (target, path, tmp_path):
            with pytest.raises(StoreError, match="is there already"):
                export(store, taken)
        with pytest.raises(StoreError, match="cannot be written"):
            export(store, tmp_path / "no folder" / "t.jsonl")
    assert target.read_text() == "mine"


Change = Callable[[list[Any]], Any]
_WRONG: dict[str, tuple[Change, str]] = {
    "no beginning": (lambda file: file.pop(0), "Line 1 .*an export begins with"),
    "another version": (lambda file: file[0].update(version=2), "Line 1 .*version"),
    "another format": (lambda file: file[0].update(format="theirs"), "Line 1 .*format"),
    "two beginnings": (lambda file: file.insert(2, file[0]), "Line 3 .*second beginning"),
    "no end": (lambda file: file.pop(), r"Line \d+ .*without the line that says that nothing is missing"),
    "another count": (lambda file: file[-1].update(steps=1), "should say"),
    "a line after the end": (lambda file: file.append(file[1]), "comes after the last line"),
    "an unknown line": (lambda file: file[3].update(line="thing"), "Line 4 "),
    "an unknown field": (lambda file: file[3].update(more=1), "Line 4 .*more"),
    "a missing field": (lambda file: file[3].pop("status"), "Line 4 .*status"),
    "a wrong type": (lambda file: file[3].update(status=1), "Line 4 .*status"),
    "a running attempt": (lambda file: file[3].update(status="running"), "Line 4 .*status"),
    "an unknown setting": (lambda file: file[3]["spec"]["settings"].update(haste=1), "Line 4 .*haste"),
    "a run twice": (lambda file: file.insert(2, file[1]), "Line 3 .*a second run 1"),
    "an attempt twice": (lambda file: file.insert(-1, file[3]), "a second attempt 1"),
    "an attempt of no run": (lambda file: file[3]["spec"].update(run=9), "run 9, which does not come before"),
    "a fork of nothing": (
        lambda file: file[3]["spec"].update(parent=9, forked_at_step=0),
        "a fork of attempt 9, which does not come before",
    ),
    "a fork of itself": (lambda file: file[3]["spec"].update(parent=1, forked_at_step=0), "a fork of attempt 1"),
    "a fork of no step": (lambda file: file[3]["spec"].update(forked_at_step=1), "a fork has a parent and a step"),
    "an item done twice": (
        lambda file: file[3].update(status="done"),
        r"Line \d+ .*a second result of question",
    ),
    "a step of another attempt": (lambda file: file[4].update(of=2), "Line 5 .*does not follow"),
    "a step left out": (lambda file: file.pop(6), "Line 7 .*step 1 .*does not follow"),
    "a step twice": (lambda file: file.insert(5, file[4]), "Line 6 .*does not follow"),
    "a memory of no kind": (lambda file: file[4]["memory_after"].update(kind="smoke"), "Line 5 .*smoke"),
    "a memory that is none": (lambda file: file[4]["memory_after"].update(text="[]"), "Line 5 .*no text memory"),
    "no base64": (lambda file: file[4]["memory_after"].update(data="?"), "Line 5 .*memory_after"),
    "negative tokens": (
        lambda file: file[4]["calls"][0]["generation"]["usage"].update(prompt=-1),
        "Line 5 .*-1 is no number that a trace can hold",
    ),
    "tokens beyond all bounds": (
        lambda file: file[4]["calls"][0]["generation"]["usage"].update(prompt=10**40),
        "Line 5 .*is no number that a trace can hold",
    ),
    "half a token": (lambda file: file[4]["calls"][0]["generation"]["usage"].update(prompt=0.5), "Line 5 .*usage"),
    "a time that is none": (lambda file: file[3].update(started=float("nan")), "Line 4 .*nan"),
    "an endless time": (lambda file: file[3].update(started=float("inf")), "Line 4 .*inf"),
    "an endless score": (
        lambda file: file[5]["scores"].update(a={"value": float("inf"), "extracted": None, "why": ""}),
        "Line 6 .*inf",
    ),
    "an unknown role": (
        lambda file: file[4]["calls"][0]["request"]["messages"][0].update(role="root"),
        "Line 5 .*role",
    ),
    "an unknown verb": (lambda file: file[4].update(verb="dance"), "Line 5 .*verb"),
    "a list for an object": (lambda file: file.__setitem__(3, []), "Line 4 "),
    "nothing in a line": (lambda file: file.__setitem__(3, None), "Line 4 "),
}


@pytest.mark.parametrize("wrong", _WRONG)
def test_what_is_no_export_is_refused_by_line_and_changes_nothing(tmp_path: Path, wrong: str) -> None:
    change, reason = _WRONG[wrong]
    with Store.open(filled(tmp_path / "one.sqlite")) as store:
        export(store, tmp_path / "good.jsonl")
    file = [json.loads(line) for line in (tmp_path / "good.jsonl").read_text(encoding="utf-8").splitlines()]
    change(file)
    (tmp_path / "bad.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in file), encoding="utf-8")
    target = filled(tmp_path / "two.sqlite")
    before = read(target)
    with Store.open(target) as store:
        with pytest.raises(StoreError, match=reason) as refused:
            import_traces(store, tmp_path / "bad.jsonl")
        assert "cannot be imported, and nothing was" in str(refused.value)
        assert failed(store) == 10, "the next number is free"
        assert import_traces(store, tmp_path / "good.jsonl").runs == {1: 3, 2: 4}
    assert (read(target)[0][:2], read(target)[1][:9]) == before
    assert not check(target).problems


def test_a_number_of_the_format_is_told_in_its_head(tmp_path: Path) -> None:
    with Store.open(filled(tmp_path / "t.sqlite")) as store:
        export(store, tmp_path / "t.jsonl")
    head, *_, end = (json.loads(line) for line in (tmp_path / "t.jsonl").read_text(encoding="utf-8").splitlines())
    assert (head["format"], head["version"]) == ("isump traces", 1)
    assert end == {"line": "end", "runs": 2, "attempts": 9, "steps": 27}
