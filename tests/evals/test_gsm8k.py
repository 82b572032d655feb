import json
import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import datasets
import huggingface_hub
import pytest
from huggingface_hub import constants
from pydantic import ValidationError

from evals import gsm8k
from evals.commands import main
from evals.gsm8k import BUILTIN, VERSION, GsmSource
from evals.task import QuestionSet
from prompts.values import UserError

HANGS = 120
"""Seconds after which something hangs, however busy the machine is."""


def load(**asked: Any) -> QuestionSet:
    return gsm8k.load(GsmSource(**asked))


def line(question: str = "How many legs have 3 cats?", answer: str = "They have 3*4 = <<3*4=12>>12.\n#### 12") -> str:
    return json.dumps({"question": question, "answer": answer})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "twenty.jsonl"
    path.write_text("\n".join(line(f"What is {n} + 0?", f"It is {n}.\n#### {n}") for n in range(1, 21)) + "\n")
    return path


@pytest.fixture(autouse=True)
def no_download_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *args, **kwargs: None)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)


def ids(questions: QuestionSet) -> list[str]:
    return [item.question.id for item in questions.items]


def test_a_local_file_gives_its_lines(file: Path):
    task = load(data=file, split="train")
    assert task.name == "gsm8k/train" and task.notice == ""
    assert sorted(ids(task), key=lambda i: int(i.split("-")[1])) == [f"train-{n}" for n in range(1, 21)]
    for item in task.items:
        n = item.question.id.removeprefix("train-")
        assert (item.question.text, item.gold, item.solution) == (f"What is {n} + 0?", n, (f"It is {n}.",))


def test_a_larger_limit_extends_a_smaller_one_and_offset_continues_it(file: Path):
    everything = ids(load(data=file, sample_seed=3))
    assert ids(load(data=file, sample_seed=3, limit=5)) == everything[:5]
    assert ids(load(data=file, sample_seed=3, limit=9)) == everything[:9]
    assert ids(load(data=file, sample_seed=3, limit=5, offset=5)) == everything[5:10]
    assert ids(load(data=file, sample_seed=3, limit=99, offset=18)) == everything[18:]
    assert len(set(everything)) == 20


def test_the_seed_decides_the_order(file: Path):
    assert (
        ids(load(data=file, sample_seed=1))
        == ids(load(data=file, sample_seed=1))
        != ids(load(data=file, sample_seed=2))
    )


def test_ids_are_line_numbers_also_with_empty_lines_and_a_byte_order_mark(tmp_path: Path):
    path = tmp_path / "x.jsonl"
    path.write_bytes(("\ufeff" + line("A\u2028?") + "\r\n\r\n" + line("B?") + "\r\n").encode())
    raw = tmp_path / "raw.jsonl"
    raw.write_text(json.dumps({"question": "A\u2028?", "answer": "#### 1"}, ensure_ascii=False), encoding="utf-8")
    assert {i.question.id: i.question.text for i in load(data=path).items} == {"test-1": "A\u2028?", "test-3": "B?"}
    assert load(data=raw).items[0].question.text == "A\u2028?"


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ('{"question": "A?", ', "line 2 is not valid JSON"),
        ("[" * 100_000, "line 2 is not valid JSON"),
        ('{"question": "A?", "answer": "#### 1", "answer": "#### 2"}', "line 2 is not valid JSON: a key stands there"),
        ('{"question": "A\\ud800?", "answer": "#### 1"}', "line 2 holds half a character"),
        ('{"question": "A?", "answer": "\\ud800 #### 1"}', "line 2 holds half a character"),
        ('{"question": "A\\u0007?", "answer": "#### 1"}', "line 2: The question holds the control character U+0007"),
        (
            json.dumps({"question": "x" * 1_000_001, "answer": "#### 1"}),
            "line 2: The question has 1,000,001 characters",
        ),
        ('["A?", "#### 1"]', "line 2 is not a JSON object"),
        ('{"answer": "#### 1"}', "line 2 has no text under 'question'"),
        ('{"question": " ", "answer": "#### 1"}', "line 2 has no text under 'question'"),
        ('{"question": "A?"}', "line 2 has no text under 'answer'"),
        ('{"question": "A?", "answer": 1}', "line 2 has no text under 'answer'"),
        ('{"question": "A?", "answer": "It is 1."}', "line 2 has no '####'"),
        ('{"question": "A?", "answer": "#### many"}', "line 2 has 'many' after '####', which is not a number"),
        ('{"question": "A?", "answer": "#### "}', "line 2 has '' after '####', which is not a number"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, broken: str, says: str):
    path = tmp_path / "broken.jsonl"
    path.write_text(f"{line()}\n{broken}\n{line()}\n")
    with pytest.raises(UserError, match=r"broken\.jsonl") as caught:
        load(data=path)
    assert says in str(caught.value)


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path):
    empty, latin = tmp_path / "empty.jsonl", tmp_path / "latin.jsonl"
    empty.write_text("\n\n")
    latin.write_bytes(b'{"question": "caf\xe9"}')
    for path, says in ((empty, "has no questions"), (latin, "UTF-8"), (tmp_path, "read"), (tmp_path / "no", "No such")):
        with pytest.raises(UserError, match=says) as caught:
            load(data=path)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "says"),
    [({"offset": 64}, "skips all of the 64 questions"), ({"data": Path("x.jsonl")}, "choose one of them")],
)
def test_an_offset_beyond_the_questions_and_a_file_beside_a_source_are_refused(asked: dict[str, Any], says: str):
    with pytest.raises(UserError, match=says):
        load(source="builtin", **asked)


IMPOSSIBLE = [
    ("limit", 0, "--limit cannot be 0"),
    ("limit", -3, "--limit cannot be -3"),
    ("offset", -1, "--offset cannot be -1"),
    ("split", "validation", "'train' or 'test'"),
    ("source", "web", "'auto', 'hub', 'builtin' or 'gym'"),
]


@pytest.mark.parametrize(("name", "value", "says"), IMPOSSIBLE)
def test_a_value_out_of_bounds_is_refused_and_on_the_command_line_in_one_sentence(
    name: str, value: object, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(ValidationError):
        GsmSource.model_validate({name: value})
    monkeypatch.setattr(sys, "argv", ["evals.gsm8k", f"--{name}", str(value)])
    with pytest.raises(SystemExit) as ended:
        main("gsm8k")
    said = capsys.readouterr()
    assert (ended.value.code, said.out, said.err.count("\n")) == (2, "", 1)
    assert says in said.err and "see python -m evals.gsm8k --help" in said.err


def test_builtin_questions_carry_a_notice_that_they_are_not_gsm8k():
    task = load(source="builtin", limit=5)
    assert task.name == "gsm8k-builtin" and "not GSM8K" in task.notice
    assert len(task.items) == 5
    assert set(ids(load(source="builtin"))) == {
        json.loads(text)["id"] for text in BUILTIN.read_text("utf-8").splitlines()
    }


@pytest.fixture
def silent_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A hub that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.setattr(gsm8k, "HUB_SECONDS", 0.5)
        yield


@pytest.mark.usefixtures("silent_hub")
def test_a_hub_that_never_answers_is_given_up():
    outcome: Future[QuestionSet] = Future()
    threading.Thread(target=lambda: outcome.set_result(load(source="auto")), daemon=True).start()
    task = outcome.result(HANGS)
    assert task.name == "gsm8k-builtin" and "not GSM8K" in task.notice


class FakeRemote:
    """Stands for ``HfFileSystem``: every file starts with ``head``."""

    head = b"PAR1"

    def open(self, path: str, **kwargs: object) -> "FakeRemote":
        assert path == "datasets/openai/gsm8k/main/test-00000-of-00001.parquet"
        return self

    def __enter__(self) -> "FakeRemote":
        return self

    def __exit__(self, *args: object) -> None:
        pass

    def read(self, length: int) -> bytes:
        return self.head[:length]


@pytest.fixture
def answering_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", lambda *args, **kwargs: None)
    monkeypatch.setattr(huggingface_hub, "HfFileSystem", FakeRemote)
    rows = [json.loads(line(f"Question {n}?")) for n in (1, 2, 3)]
    monkeypatch.setattr(datasets, "load_dataset", lambda repo, name, split: rows)


@pytest.mark.usefixtures("answering_hub")
@pytest.mark.parametrize("source", ["auto", "hub"])
def test_the_hub_gives_the_real_set(source: str):
    task = load(source=source)
    assert task.name == "gsm8k/test" and task.notice == ""
    assert sorted(ids(task)) == ["test-1", "test-2", "test-3"]


@pytest.mark.usefixtures("answering_hub")
def test_a_login_page_is_not_taken_for_the_hub(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(FakeRemote, "head", b"<html>")
    assert "not the data set" in load(source="auto").notice


@pytest.mark.usefixtures("answering_hub")
def test_a_download_that_breaks_off_is_told(monkeypatch: pytest.MonkeyPatch):
    def broken(*args: object, **kwargs: object) -> None:
        raise OSError("connection reset\nby peer")

    monkeypatch.setattr(datasets, "load_dataset", broken)
    task = load(source="auto")
    assert task.name == "gsm8k-builtin" and "connection reset" in task.notice
    with pytest.raises(UserError, match="connection reset"):
        load(source="hub")


@pytest.mark.usefixtures("silent_hub")
def test_an_earlier_download_needs_no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    parquet = tmp_path / "test.parquet"
    datasets.Dataset.from_list([json.loads(line())]).to_parquet(parquet)
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *args, **kwargs: str(parquet))
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path)
    task = load(source="auto")
    assert (task.name, task.notice, ids(task), task.items[0].gold) == ("gsm8k/test", "", ["test-1"], "12")


def test_gym_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "reasoning_gym", None)
    with pytest.raises(UserError, match=r"pip install '.\[gym\]'"):
        load(source="gym")


def test_questions_can_be_chosen_by_the_number_of_their_calculations() -> None:
    chosen = load(source="builtin", calculations="4-5").items
    assert chosen and {sum(step.count("<<") for step in item.solution) for item in chosen} <= {4, 5}
    assert load(source="builtin", calculations="0-999").items == load(source="builtin").items
    with pytest.raises(UserError, match="choose another range"):
        load(source="builtin", calculations="99-99")


def test_gym_items_do_not_depend_on_the_limit(monkeypatch: pytest.MonkeyPatch):
    def create_dataset(name: str, size: int, seed: int) -> list[dict[str, Any]]:
        assert name == "gsm_symbolic"
        solution = "It is {0}*1 = {0}.\n\n#### {0}"
        return [
            {"question": f"{n}?", "answer": f"{n}", "metadata": {"answer_cot": solution.format(n)}} for n in range(size)
        ]

    gym = ModuleType("reasoning_gym")
    vars(gym).update(SimpleNamespace(create_dataset=create_dataset).__dict__)
    monkeypatch.setitem(sys.modules, "reasoning_gym", gym)
    monkeypatch.setattr(gsm8k, "version", lambda package: "0.1.25")
    task = load(source="gym", limit=3, sample_seed=7, offset=2)
    assert (task.name, task.version) == ("gsm-symbolic", f"{VERSION}+0.1.25")
    assert ids(task) == ["gym-7-2", "gym-7-3", "gym-7-4"]
    assert (task.items[0].gold, task.items[0].solution) == ("2", ("It is 2*1 = 2.",))
    assert len(load(source="gym").items) == gsm8k.GYM_SIZE


SVAMP = [
    {"ID": "1", "Body": "Ann has 3 cats", "Question": "How many legs have they?", "Equation": "3*4", "Answer": 12.0},
    {"ID": "2", "Body": "", "Question": "What is 1.5 + 1?", "Answer": "2.5"},
    {"ID": "3", "Body": "", "Question": "What is 1234567 * 2?", "Answer": 2469134.0},
    {"ID": "4", "Body": "", "Question": "What is 1234567 / 8?", "Answer": 154320.875},
]
ASDIV = """<?xml version="1.0" encoding="UTF-8"?>
<Machine-Reading-Corpus-File><ProblemSet>
<Problem ID="nluds-1"><Body>Ann has 3 cats.</Body><Solution-Type>Mul</Solution-Type><Question>How many legs have they?
</Question><Answer>12 (legs)</Answer><Formula>3*4=12</Formula></Problem>
<Problem ID="nluds-2"><Body>Is it?</Body><Question>Who?</Question><Answer>Ann; Bob</Answer><Formula/></Problem>
</ProblemSet></Machine-Reading-Corpus-File>"""


@pytest.mark.parametrize(
    ("text", "golds"),
    [(json.dumps(SVAMP), ["12", "2.5", "2469134", "154320.875"]), (ASDIV, ["12"])],
    ids=["SVAMP", "ASDiv"],
)
def test_problems_of_other_sets_are_read_into_the_same_form(text: str, golds: list[str], tmp_path: Path) -> None:
    (tmp_path / "problems").write_text(text)
    items = sorted(load(data=tmp_path / "problems").items, key=lambda item: item.question.id)
    assert [item.gold for item in items] == golds
    assert items[0].question.text == "Ann has 3 cats. How many legs have they?" and items[0].solution[0][:3] == "3*4"


@pytest.mark.parametrize("text", ["[3]", '[{"Body": "x"}]', "[", "<a", "<a><Problem/></a>", "<a/>", "[]"])
def test_a_file_of_no_known_form_is_one_sentence(text: str, tmp_path: Path) -> None:
    (tmp_path / "problems").write_text(text)
    with pytest.raises(UserError, match="problems"):
        load(data=tmp_path / "problems")
