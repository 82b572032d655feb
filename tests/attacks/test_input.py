"""No command line, environment, stream or terminal gives a traceback or a hang: a sentence and code 2, or it works."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.store import Store
from prompts.clean import MAX_QUESTION, check_question
from prompts.values import UserError
from tests.attacks.command_lines import COMMANDS, OPTIONS, QUESTION, every_option, is_of, run, words_of, write_replies

NO_NUMBERS = ("9" * 30, "-" + "9" * 30, "1" * 5000, "1e400", "nan", "-inf", "0x10", "٣٤", "1,000", "many\x1b[31m")
LONG = "x" * 5000


@pytest.fixture
def scripted(tmp_path: Path) -> list[str]:
    """Options under which questions are answered from a file, and traces go to a new store."""
    where = ["--replies", str(write_replies(tmp_path)), "--store", str(tmp_path / "t.sqlite")]
    return ["--backend", "scripted", *where]


# Numbers


@pytest.mark.parametrize("value", NO_NUMBERS, ids=range(len(NO_NUMBERS)))
@pytest.mark.parametrize(("command", "option"), [*every_option(int), *every_option(float)])
def test_a_number_that_cannot_be(command: str, option: str, value: str) -> None:
    said = run(words_of(command, f"{option}={value}")).check(2)
    assert said.startswith(f"{option} cannot be ") and f"{_prog(command)} --help" in said
    assert len(said) < 400


@pytest.mark.parametrize("value", [*NO_NUMBERS[:5], "0", "-1", "", "1.5"])
@pytest.mark.parametrize(
    "words", [("show", "{}"), ("evals.compare", "{}", "1"), ("evals.compare", "1", "{}")], ids=["show", "a", "b"]
)
def test_a_row_that_cannot_be(words: tuple[str, ...], value: str, tmp_path: Path) -> None:
    store = tmp_path / "t.sqlite"
    Store.open(store).close()
    run([*(word.format(value) for word in words), "--store", str(store)]).check(2)


def _prog(command: str) -> str:
    return f"python -m {command}" if command.startswith("evals.") else f"isump {command}"


# Paths


def _odd_path(kind: str, folder: Path) -> str:
    match kind:
        case "pipe":
            os.mkfifo(folder / "pipe")
            return str(folder / "pipe")
        case "folder":
            return str(folder)
        case "link to itself":
            (folder / "loop").symlink_to("loop")
            return str(folder / "loop")
        case "in a file":
            (folder / "file").write_text("x")
            return str(folder / "file" / "below")
        case "not readable as text":
            (folder / "bytes").write_bytes(bytes(range(256)))
            return str(folder / "bytes")
        case _:
            return kind


KINDS = (
    *("pipe", "folder", "link to itself", "in a file", "not readable as text"),
    *("/dev/zero", "/dev/full", "/dev/random", "/dev/stdin", "/proc/self/mem", "~nobody-at-all/x", "/nonexistent/x"),
    *(LONG, "/".join(["x" * 200] * 30), "a\0b", "\ud800", "\udcff\udcfe", " ", "-", "//", "x\n/\x1b[2Jy"),
)


@pytest.mark.parametrize("kind", KINDS, ids=[repr(kind[:20]) for kind in KINDS])
@pytest.mark.parametrize("option", ["--store", "--store of runs", "--replies", "--data", "--model", "--cache-dir"])
def test_a_path_that_cannot_be(
    option: str, kind: str, tmp_path: Path, scripted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    path, asked = _odd_path(kind, tmp_path), ["evals.gsm8k", "--limit", "1", *scripted]
    match option:
        case "--store":
            words = ["solve", QUESTION, *scripted, f"--store={path}"]
        case "--store of runs":
            words = ["runs", f"--store={path}"]
        case "--replies":
            words = ["solve", QUESTION, *scripted, f"--replies={path}"]
        case "--data":
            words = [*asked, f"--data={path}"]
        case "--model":
            words = ["solve", QUESTION, "--store", str(tmp_path / "t.sqlite"), f"--model={path}"]
        case _:
            words = ["models", "path", f"--cache-dir={path}"]
    said = run(words).check(*((0, 2) if option == "--store" and kind in (" ", "-", "x\n/\x1b[2Jy") else (2,)))
    assert "\x1b" not in said and "No such file or directory:" not in said


# Words


@pytest.mark.parametrize(
    ("command", "option"), list(every_option(object)) or sorted({(c, o) for c in OPTIONS for o in OPTIONS[c]})
)
def test_an_empty_value(command: str, option: str, scripted: list[str]) -> None:
    more = scripted if command in ("solve", "evals.gsm8k") else []
    said = run([*words_of(command), *more, *_few(command), f"{option}="]).check(2)
    assert said.startswith(f"{option} has no value")


ODD_WORDS: dict[str, list[str]] = {
    "a similar command": ["sovle", "Why?"],
    "no command at all": [LONG],
    "an option for a command": ["--store", "x", "runs"],
    "an option for a value": ["solve", QUESTION, "--model", "--seed", "1"],
    "an option twice": ["solve", QUESTION, "--backend", "magic", "--backend", "scripted", "--replies", "none.jsonl"],
    "a flag with a value": ["solve", QUESTION, "--drop-question=maybe"],
    "a flag and its opposite": ["solve", QUESTION, "--drop-question", "--no-drop-question", "--strategy", "magic"],
    "an option without a name": ["solve", QUESTION, "--=1"],
    "ten thousand options": ["solve", QUESTION, *["--seed=1"] * 10_000, "--strategy", "magic"],
    "a million letters": ["solve", QUESTION, f"--{'x' * 1_000_000}"],
    "braces": ["solve", QUESTION, "--settings", '{"seed": 1}'],
    "deep json": ["solve", QUESTION, "--seed", "[" * 100_000],
    "a key on the command line": ["solve", QUESTION, "--api-key", "sk-secret"],
    "an unknown action": ["models", "eat"],
    "a model that climbs": ["models", "pull", "../../etc/passwd"],
    "a line break in a name": ["models", "path", "a\nb\r\x1b[2J"],
    "a scorer of no run": ["evals.compare", "1", "2", "--scorer", "\udcff"],
    "data and a source": ["evals.gsm8k", "--source", "builtin", "--data", "x"],
    "a run of none": ["evals.gsm8k", "--resume", "7"],
    "an offset past the end": ["evals.gsm8k", "--source", "builtin", "--offset", "9999999"],
    "too much at once": ["evals.gsm8k", "--concurrency", "1000000000"],
    "too much context": ["solve", QUESTION, "--context", "999999999"],
    "one token of context": ["solve", QUESTION, "--context", "1"],
    "a server that is none": ["solve", QUESTION, "--backend", "openai", "--base-url", "http://[::bad"],
    "a server without a scheme": ["solve", QUESTION, "--backend", "openai", "--base-url", "localhost:1"],
    "a server with a long name": ["solve", QUESTION, "--backend", "openai", "--base-url", f"http://{'a' * 300}/v1"],
    "a server with a lone surrogate": ["solve", QUESTION, "--backend", "openai", "--base-url", "http://\udcff/v1"],
}


@pytest.mark.parametrize("case", ODD_WORDS)
def test_an_odd_command_line(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = run(ODD_WORDS[case]).check(2)
    assert "\x1b" not in said and "sk-secret" not in said


@pytest.mark.parametrize("command", COMMANDS)
def test_help_needs_nothing(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for option in OPTIONS[command]:
        monkeypatch.setenv(f"ISUMP_{option[2:].replace('-', '_').upper()}", "[\udcff")
    ended = run([command, "--help"])
    ended.check(0)
    assert "--help" in ended.out and not ended.err


# Environment


GARBAGE = ("abc", "[", "9" * 30, LONG, "\udcff", "")


@pytest.mark.parametrize(
    "option", sorted({option for options in OPTIONS.values() for option in options} | {"--api-key"})
)
def test_garbage_in_the_environment(option: str, tmp_path: Path, scripted: list[str]) -> None:
    variable = f"ISUMP_{option[2:].replace('-', '_').upper()}"
    for value in GARBAGE:
        environment = {"ISUMP_STORE": str(tmp_path / "t.sqlite"), variable: value}
        run(["--help"], environment).check(0)
        for command in COMMANDS:
            uses = option in OPTIONS[command]
            if not uses and command in ("runs", "models", "evals.compare"):
                ended = run(
                    [command, *(["list"] if command == "models" else ["1", "1"][: 2 * (command != "runs")])],
                    environment,
                )
                assert variable not in ended.check(0, 2), "it does not use it"
    ended = run(["solve", QUESTION, *scripted], {variable: GARBAGE[0]})
    said = ended.check(0, 2)
    assert ended.code == 0 or variable in said or value_is_named(said), said


def value_is_named(said: str) -> bool:
    return "'abc'" in said or " abc" in said


# Questions


STANDARD_INPUTS = {
    "nothing": (b"", 2),
    "white space": (b" \n\t\r\n", 2),
    "invalid UTF-8": (b"How many \xff?", 2),
    "UTF-16": ("How many?".encode("utf-16"), 2),
    "half a character": ("How many é".encode()[:-1], 2),
    "an encoded surrogate": (b"How \xed\xa0\x80 many?", 2),
    "NUL": (b"How\0many?", 2),
    "escape": (b"How\x1b[2J many?", 2),
    "a byte order mark": (b"\xef\xbb\xbfHow many?", 0),
    "line ends of Windows": (b"How\r\nmany?\r\n", 0),
    "directions": ("How \u202emany?".encode(), 0),
    "a million and one": (b"x" * (MAX_QUESTION + 1), 2),
    "five million": (b"x" * (5 * MAX_QUESTION), 2),
}


@pytest.mark.parametrize("case", STANDARD_INPUTS)
def test_standard_input(case: str, scripted: list[str]) -> None:
    data, code = STANDARD_INPUTS[case]
    run(["solve", *scripted], stdin=data).check(code)
    run(["solve", "-", *scripted, "--json"], stdin=data).check(code)


@given(st.text(st.characters(), max_size=60))
@example("\ud800")
@example("a\x00b")
def test_a_question_is_taken_or_refused_in_a_sentence(text: str) -> None:
    try:
        assert check_question(text) == check_question(check_question(text))
    except UserError as error:
        assert str(error).endswith(".")


# Anything


def _few(command: str) -> list[str]:
    return ["--source", "builtin", "--limit", "2"] if command == "evals.gsm8k" else []


def _values(hint: object) -> st.SearchStrategy[str]:
    odd = st.sampled_from(
        ["", "-", "--", "0", "-1", "1.5", "nan", "9" * 30, "null", "[1]", "{}", "~x/y", "\ud800", "a\0b"]
    )
    if is_of(hint, int) or is_of(hint, float):
        return st.integers(-3, 40).map(str) | odd | st.integers().map(str) | st.floats().map(str)
    return odd | st.text(max_size=12)


@st.composite
def command_lines(draw: st.DrawFn, command: str) -> list[str]:
    """Any words and options behind a command, but none that would ask the network."""
    options = OPTIONS[command]
    words = draw(st.lists(st.text(max_size=12).filter(lambda word: word not in ("pull", "add", "remove")), max_size=3))
    for option in draw(st.lists(st.sampled_from(sorted(options)), max_size=4)) if options else []:
        value = draw(_values(options[option]))
        words += [f"{option}={value}"] if draw(st.booleans()) else [option, value]
    words += draw(
        st.lists(
            st.sampled_from(["--on-wrong=ask", "--json", "--no-json", "--prompts", "--drop-question", "--nix"]),
            max_size=1,
        )
    )
    return words


@pytest.mark.parametrize("command", COMMANDS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_command_line(command: str, scripted: list[str], data: st.DataObject) -> None:
    words = data.draw(command_lines(command))
    if command == "user" or (command == "models" and words[:1] == ["pull"]):
        words = words[1:]
    safe = [word for word in (*scripted, *_few(command))]
    ours = [each for pair in zip(safe[::2], safe[1::2], strict=True) for each in pair if pair[0] in OPTIONS[command]]
    run([command, *words, *ours]).check(0, 1, 2)
