"""What makes the numbers of a run is stored with it, and a resume with anything else is refused by name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from app.backends.scripted import ScriptedBackend
from app.errors import BadInput
from app.store import Store
from app.store.records import Identity, Run, RunSpec
from evals import identity
from evals.commands import main
from evals.gsm8k import TASK, GsmSource
from evals.identity import ROOT, commit, differences, item_hash, prompt_hashes, spec_of
from evals.runner import Runner, begin, check_model
from evals.task import Item
from prompts.settings import Settings

SOURCE = GsmSource(source="builtin", limit=4)
QUESTIONS = TASK.questions(SOURCE)
SPEC = spec_of(TASK, QUESTIONS, SOURCE, "cot", ScriptedBackend([]), Settings())


def known(spec: RunSpec = SPEC) -> Identity:
    assert spec.identity is not None
    return spec.identity


def test_a_run_is_stored_with_its_identity() -> None:
    with Store.open(":memory:") as store:
        run = begin(store, TASK, QUESTIONS, SOURCE, "cot", ScriptedBackend([]), Settings())
        assert store.run(run.id).spec == run.spec == SPEC
    assert len(known().items) == len(set(known().items)) == 4
    assert known().model == "scripted" and known().engine == "", "nothing runs a model"


@pytest.mark.parametrize(
    "change",
    [
        lambda item: replace(item, question=replace(item.question, text=item.question.text + " ")),
        lambda item: replace(item, question=replace(item.question, context="a page")),
        lambda item: replace(item, question=replace(item.question, answers="stated")),
        lambda item: replace(item, gold=item.gold + "0"),
        lambda item: replace(item, solution=item.solution[:-1]),
    ],
    ids=["text", "context", "answer form", "gold", "solution steps"],
)
def test_whatever_of_an_item_changes_its_hash_changes(change: Callable[[Item], Item]) -> None:
    item = QUESTIONS.items[0]
    assert item_hash(change(item)) != item_hash(item) == item_hash(replace(item))


def test_a_gold_with_sets_has_the_same_hash_in_every_process() -> None:
    program = """
from dataclasses import dataclass
from evals.identity import item_hash
from evals.task import Item
from prompts.values import Question

@dataclass(frozen=True)
class Graph:
    edges: frozenset[tuple[str, str]]

golds = {"red", "crimson", "rose"}, {"any": frozenset("xyz")}, Graph(frozenset({("a", "b"), ("b", "c"), ("c", "d")}))
print([item_hash(Item(Question("q", "Which?"), gold)) for gold in golds])
"""
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "12"
    }
    assert len(said) == 1


def test_every_text_that_is_sent_to_a_model_is_hashed_and_no_code() -> None:
    texts = {str(path.relative_to(identity.ROOT)) for path in (identity.ROOT / "prompts").rglob("*.txt")}
    assert prompt_hashes().keys() == texts and "prompts/isump/system.txt" in texts
    assert all(len(digest) == 32 for digest in prompt_hashes().values())


def test_the_commit_is_that_of_the_program_and_not_of_a_repository_around_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def git(*words: str) -> str:
        named = ("-c", "user.name=n", "-c", "user.email=e@example.org")
        return subprocess.run(
            ("git", "-C", str(tmp_path), *named, *words), capture_output=True, text=True, check=True
        ).stdout.strip()

    git("init", "--quiet")
    (tmp_path / "inner").mkdir()
    (tmp_path / "file").write_text("1")
    git("add", "file")
    git("commit", "--quiet", "-m", "one")
    found: dict[str, str] = {}
    for name, root in (("inside", tmp_path / "inner"), ("clean", tmp_path)):
        monkeypatch.setattr(identity, "ROOT", root)
        found[name] = commit.__wrapped__()
    (tmp_path / "file").write_text("2")
    found["dirty"] = commit.__wrapped__()
    head = git("rev-parse", "HEAD")
    assert found == {"inside": "", "clean": head, "dirty": f"{head}-dirty"}


def changed_prompts(*paths: str) -> RunSpec:
    return replace(SPEC, identity=replace(known(), prompts={**known().prompts, **dict.fromkeys(paths, "0" * 32)}))


def changed_items(count: int) -> RunSpec:
    items = tuple("0" * 32 if place < count else old for place, old in enumerate(known().items))
    return replace(SPEC, identity=replace(known(), items=items))


def of_model(fingerprint: str) -> RunSpec:
    return replace(SPEC, identity=replace(known(), model=fingerprint))


@pytest.mark.parametrize(
    ("now", "named"),
    [
        (SPEC, []),
        (replace(SPEC, identity=replace(known(), commit="another")), []),
        (replace(SPEC, model="the same file under another name"), []),
        (replace(SPEC, strategy="isump"), ["strategy was cot and is isump"]),
        (replace(SPEC, backend="openai"), ["backend was scripted and is openai"]),
        (replace(SPEC, task_version="9"), ["task version was 2 and is 9"]),
        (replace(SPEC, settings=Settings(max_steps=4, temperature=0.5)), 2),
        (replace(SPEC, settings=Settings(seed=7)), ["seed was 0 and is 7"]),
        (replace(SPEC, n=5), ["it asked 4 questions of gsm8k-builtin and 5 of gsm8k-builtin are found now"]),
        (changed_items(2), ["question 1, 2 or what is right there was changed"]),
        (changed_items(4), ["question 1, 2, 3 and 1 more or what is right there was changed"]),
        (changed_prompts("prompts/isump/system.txt"), ["prompts/isump/system.txt was changed"]),
        (changed_prompts("graphs/new.py"), ["graphs/new.py was changed"]),
        (of_model("sha256:" + 64 * "a"), [f"model was scripted and is sha256:{12 * 'a'}"]),
        (replace(SPEC, identity=replace(known(), engine="xllamacpp 1")), ["engine was none and is xllamacpp 1"]),
        (replace(SPEC, identity=replace(known(), program="9")), 1),
    ],
)
def test_differences_are_named(now: RunSpec, named: list[str] | int) -> None:
    found = differences(SPEC, now)
    assert found == named if isinstance(named, list) else len(found) == named


def test_a_run_is_not_resumed_with_another_model() -> None:
    run = Run(1, replace(of_model("sha256:" + 64 * "a"), backend="scripted"), 0.0)
    with pytest.raises(BadInput, match=r"Run 1 cannot be resumed.*model was sha256:aaaaaaaaaaaa and is scripted"):
        check_model(run, ScriptedBackend([]))


async def test_a_run_has_one_writer_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    with Store.open(path) as first, Store.open(path) as second:
        run = begin(first, TASK, QUESTIONS, SOURCE, "cot", ScriptedBackend([]), Settings())
        holder = Runner(first, TASK, QUESTIONS, run, ScriptedBackend(lambda _: "Answer: 1", delay=0.01), 1)
        other = Runner(second, TASK, QUESTIONS, run, ScriptedBackend([]), 1)
        async with aclosing(holder.progress()) as updates:
            await anext(updates)
            with pytest.raises(BadInput, match="Run 1 is being written already"):
                async with aclosing(other.progress()) as refused:
                    await anext(refused)
            assert [progress.done async for progress in updates][-1] == 4
        async with aclosing(other.progress()) as updates:
            assert [progress.kept async for progress in updates] == [4], "free again, and nothing is left to do"


def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: Sequence[str]
) -> tuple[object, str]:
    monkeypatch.setattr(sys, "argv", ["evals.gsm8k", *words])
    with pytest.raises(SystemExit) as ended:
        main("gsm8k")
    said = capsys.readouterr()
    return ended.value.code, " ".join((said.out + said.err).split())


LINES = [{"question": f"How many are {n} and 1?", "answer": f"{n}+1={n + 1}\n#### {n + 1}"} for n in range(1, 6)]


@pytest.fixture
def half_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The words that resume a run of which two items failed."""
    data, replies = tmp_path / "data.jsonl", tmp_path / "replies.jsonl"
    data.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    replies.write_text("".join(f'"Answer: {n}"\n' for n in range(3)))
    where = ["--store", str(tmp_path / "t.sqlite"), "--backend", "scripted", "--replies", str(replies)]
    asked = ["--data", str(data), "--strategy", "direct", "--limit", "5", "--concurrency", "1"]
    code, said = command(monkeypatch, capsys, [*where, *asked])
    assert code == 1 and "ran out" in said
    return ["--resume", "1", "--store", str(tmp_path / "t.sqlite"), "--replies", str(replies)]


@pytest.mark.parametrize(
    ("more", "names"),
    [
        (["--max-steps", "4"], "max steps was"),
        (["--temperature", "0.7"], "temperature was 0.0 and is 0.7"),
        (["--seed", "1"], "seed was 0 and is 1"),
        (["--limit", "3"], "it asked 5 questions of gsm8k/test and 3"),
        (["--sample-seed", "1"], "question 1"),
        (["--split", "train"], "of gsm8k/test and 5 of gsm8k/train"),
        (["--strategy", "cot"], "strategy was direct and is cot"),
    ],
    ids=lambda value: value[0].strip("-") if isinstance(value, list) else "",
)
def test_an_option_that_differs_is_refused_on_resume(
    more: list[str],
    names: str,
    half_run: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, said = command(monkeypatch, capsys, [*half_run, *more])
    assert code == 2 and names in said and "start a new run" in said


def test_the_same_options_and_another_concurrency_or_timeout_are_no_difference(
    half_run: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--limit", "5", "--strategy", "direct", "--temperature", "0", "--concurrency", "2", "--timeout", "9"]
    code, said = command(monkeypatch, capsys, [*half_run, *more])
    assert code == 0 and "5 questions judged" in said


def test_a_data_file_that_was_moved_is_no_difference_and_one_that_was_rewritten_is(
    half_run: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data.jsonl"
    kept = data.read_text()
    data.write_text(kept.replace("#### 3", "#### 4"))
    code, said = command(monkeypatch, capsys, half_run)
    assert code == 2 and "or what is right there was changed" in said
    moved = tmp_path / "moved.jsonl"
    moved.write_text(kept)
    code, said = command(monkeypatch, capsys, [*half_run, "--data", str(moved)])
    assert code == 0 and "5 questions judged" in said
