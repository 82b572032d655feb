"""Bad input is one clear sentence on standard error, exit code 2, no traceback, and nothing lost."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import Isump, Solve, command, main
from app.models import CATALOGUE, DEFAULT
from app.store import Store
from prompts.values import UserError

QUESTION = "Ann has 12 apples and gives 5 away. How many are left?"


@pytest.fixture
def replies(tmp_path: Path) -> Path:
    path = tmp_path / "replies.jsonl"
    path.write_text('"12 - 5 = 7 apples.\\nAnswer: 7"\n')
    return path


def ran(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["isump", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


BAD = {
    "no question": (("solve", ""), "question is empty"),
    "only spaces": (("solve", " \n "), "question is empty"),
    "an enormous one": (("solve", "x" * 1_000_001), "1,000,001 characters"),
    "control characters": (("solve", "a\x1b[2Jb"), "U\\+001B at 1"),
    "a strategy that is none": (("solve", "Why?", "--strategy", "magic"), "'magic'.*cot.*direct.*isump"),
    "a backend that is none": (("solve", "Why?", "--backend", "magic"), "magic.*embedded.*openai.*scripted"),
    "a model that is none": (("solve", "Why?", "--model", "magic"), "magic.*qwen2.5-coder-1.5b"),
    "a setting out of bounds": (("solve", "Why?", "--step-tokens", "0"), "step-tokens cannot be 0.*isump solve --help"),
    "a setting that is no number": (("solve", "Why?", "--step-tokens", "many"), "many"),
    "a memory mode that is none": (("solve", "Why?", "--memory", "triple"), "triple.*keep.*fused"),
    "an option that is none": (("solve", "Why?", "--magic"), "--magic"),
    "replies that are missing": (("solve", "Why?", "--backend", "scripted", "--replies", "no.jsonl"), "no\\.jsonl"),
    "a server without an address": (("solve", "Why?", "--backend", "openai"), "base-url|BASE_URL"),
    "no such attempt": (("show", "99"), "no attempt 99"),
    "an attempt that is no number": (("show", "first"), "first"),
    "no such model": (("models", "path", "magic"), "magic"),
    "no command": ((), "There is no command.*solve.*doctor"),
    "a command that is none": (("sovle",), "sovle.*did you mean solve"),
    "a missing value": (("solve", "Why?", "--model"), "--model"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words, says = BAD[case]
    store = tmp_path / "t.sqlite"
    Store.open(store).close()
    where = ("--store", str(store)) if {"solve", "show"} & {*words} and words[-1] != "--model" else ()
    assert ran(monkeypatch, *words, *where) == 2
    said = capsys.readouterr().err.strip()
    assert re.search(says, said), said
    assert "\n" not in said
    with Store.open(store) as opened:
        assert opened.attempts() == [], "nothing was begun"


@pytest.mark.parametrize("content", [b"", b"GGUF", b"no model at all" * 99])
def test_a_model_file_that_is_none(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "fake.gguf"
    model.write_bytes(content)
    assert ran(monkeypatch, "solve", "Why?", "--model", str(model), "--store", str(tmp_path / "t.sqlite")) == 2
    assert re.fullmatch(
        r"\S*fake\.gguf (is not a GGUF file|cannot be loaded as a model).*\.", capsys.readouterr().err.strip()
    )


@pytest.mark.parametrize("kind", ["foreign", "damaged", "a folder", "in a file", "read-only"])
def test_a_store_that_cannot_be_used(
    kind: str, tmp_path: Path, replies: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "t.sqlite"
    match kind:
        case "foreign":
            sqlite3.connect(place).execute("CREATE TABLE theirs (x)").connection.close()
        case "damaged":
            place.write_bytes(b"this is no database" * 99)
        case "a folder":
            place.mkdir()
        case "in a file":
            place = replies / "t.sqlite"
        case _:
            (tmp_path / "locked").mkdir(mode=0o555)
            place = tmp_path / "locked" / "t.sqlite"
    words = ("solve", QUESTION, "--backend", "scripted", "--replies", str(replies), "--store", str(place))
    root = os.geteuid() == 0
    if root and kind == "read-only":  # root may write anywhere
        tmp_path.chmod(0o755)
        os.seteuid(65534)
    try:
        code = ran(monkeypatch, *words)
    finally:
        if root:
            os.seteuid(0)
    said = capsys.readouterr().err.strip()
    assert (code, said.count("\n")) == (2, 0)
    assert str(place) in said and "--store" in said


def test_the_real_program_ends_with_the_sentence_and_the_code(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "app", "solve", "--strategy", "magic", "-", "--store", str(tmp_path / "t.sqlite"))
    ended = subprocess.run(command, input="Why?", capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert "isump" in ended.stderr


def test_every_command_has_help_and_every_option_says_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    for name, field in Isump.model_fields.items():
        assert field.description
        with pytest.raises(SystemExit) as ended:
            command([name, "--help"])
        said = capsys.readouterr().out
        assert ended.value.code == 0 and f"isump {name}" in said
        assert "null" not in said and "api-key" not in said, "no key belongs on a command line"


def test_the_environment_stands_behind_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISUMP_MODEL", "theirs")
    monkeypatch.setenv("ISUMP_STEP_TOKENS", "77")
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    first, second = command(["solve", "Why?"]), command(["solve", "Why?", "--model", "mine", "--step-tokens", "33"])
    assert isinstance(first, Solve) and isinstance(second, Solve)
    assert (first.backend_config.model, first.settings.model_dump()["step_tokens"]) == ("theirs", 77)
    assert (second.backend_config.model, second.settings.model_dump()["step_tokens"]) == ("mine", 33)
    assert first.backend_config.api_key is not None and "secret" not in repr(first)


def test_solve_prints_steps_and_json(
    tmp_path: Path, replies: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--backend", "scripted", "--replies", str(replies), "--store", str(tmp_path / "t.sqlite"))
    assert ran(monkeypatch, "solve", QUESTION, *where) == 0
    shown = capsys.readouterr().out
    assert QUESTION in shown and "12 - 5 = 7 apples." in shown and "Answer: 7" in shown
    assert ran(monkeypatch, "solve", QUESTION, *where, "--json") == 0
    *steps, result = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert [step["verb"] for step in steps] == ["step", "conclude"]
    assert steps[0]["findings"] == [{"check": "equations", "kind": "right", "text": "12 - 5 = 7 apples", "detail": ""}]
    assert steps[0]["memory"] == {"known": [], "next": []}
    assert (result["event"], result["attempt"], result["answer"]) == ("result", 2, "7")
    assert result["generated"] == sum(step["generated"] for step in steps)


def test_show_replays_what_solve_printed(
    tmp_path: Path, replies: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--store", str(tmp_path / "t.sqlite"))
    assert ran(monkeypatch, "solve", QUESTION, "--backend", "scripted", "--replies", str(replies), *where) == 0
    live = capsys.readouterr().out
    assert ran(monkeypatch, "show", "1", *where) == 0
    assert capsys.readouterr().out == live
    assert ran(monkeypatch, "show", "1", "--prompts", *where) == 0
    prompts = capsys.readouterr().out
    assert "system │" in prompts and "Let's think step by step." in prompts


def test_runs_lists_runs_and_attempts(
    tmp_path: Path, replies: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--store", str(tmp_path / "t.sqlite"))
    for _ in range(3):
        assert ran(monkeypatch, "solve", QUESTION, "--backend", "scripted", "--replies", str(replies), *where) == 0
    capsys.readouterr()
    monkeypatch.setenv("COLUMNS", "160")
    assert ran(monkeypatch, "runs", "--limit", "2", *where) == 0
    *_, first, second = capsys.readouterr().out.rstrip().splitlines()
    assert first.split()[:4] == ["3", "isump", "done", "7"] and second.split()[0] == "2"


def test_models_list_says_which_are_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    cache = tmp_path / "models"
    assert ran(monkeypatch, "models", "list", "--cache-dir", str(cache)) == 0
    said = capsys.readouterr().out
    for name in CATALOGUE:
        assert name in said
    assert f"{DEFAULT} (default)" in said and "1,117 MB" in said and f"isump models pull {DEFAULT}" in said
    assert ran(monkeypatch, "models", "path", "--cache-dir", str(cache)) == 2
    assert "isump models pull" in capsys.readouterr().err


def test_doctor_without_a_model_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    code = ran(monkeypatch, "doctor", "--store", str(tmp_path / "t.sqlite"), "--cache-dir", str(tmp_path))
    said = capsys.readouterr().out
    assert code == 0, said
    assert "isump models pull" in said and "will be made" in said and "xllamacpp" in said
    assert not (tmp_path / "t.sqlite").exists(), "nothing is changed"


def test_doctor_fails_when_the_store_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    place = tmp_path / "t.sqlite"
    place.write_bytes(b"this is no database" * 99)
    assert ran(monkeypatch, "doctor", "--store", str(place)) == 1
    assert "cannot be used" in capsys.readouterr().out


def test_a_reader_that_has_seen_enough_does_not_end_the_attempt(tmp_path: Path) -> None:
    replies, store = tmp_path / "slow.jsonl", tmp_path / "t.sqlite"
    replies.write_text('{"text": "3 + 4 = 7.", "seconds": 0.2}\n' * 9)
    words = f"solve Q? --backend scripted --replies {replies} --store {store} --max-steps 3"
    for more in ("", " --json"):
        command = f"{sys.executable} -m app {words}{more} | head -1"
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=True)
        assert done.stdout.count("\n") == 1 and "Traceback" not in done.stderr
    with Store.existing(store) as opened:
        assert [attempt.status for attempt in opened.attempts()] == ["done", "done"]


def test_a_text_is_what_the_question_is_about_and_one_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, replies: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "story.txt").write_text("Mary went to the garden.")
    where = ["--backend", "scripted", "--replies", str(replies), "--store", str(tmp_path / "t.sqlite")]
    asked = command(["solve", "Where is Mary?", "--text", str(tmp_path / "story.txt"), *where])
    assert isinstance(asked, Solve) and asked.run() == 0
    with Store.existing(tmp_path / "t.sqlite") as store:
        assert store.attempt(1).spec.question.context == "Mary went to the garden."
    gone = command(["solve", "Where is Mary?", "--text", str(tmp_path / "none.txt"), *where])
    with pytest.raises(UserError, match=r"none\.txt cannot be read"):
        gone.run()
