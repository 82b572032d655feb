"""Runs real command lines in this process, and lists every command with its options."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args
from unittest.mock import patch

from pydantic import Field, create_model
from pydantic_settings import BaseSettings, CliSubCommand

from app import cli, program
from app.options import parse
from evals import commands, compare
from evals.bench_app import BenchApp
from evals.bench_steps import BenchSteps
from evals.gsm8k import TASK

QUESTION = "Ann has 12 apples and gives 5 away. How many are left?"
REPLY = "12 - 5 = 7 apples.\nAnswer: 7"


@dataclass(frozen=True)
class Ended:
    """How a command line ended."""

    code: int
    out: str
    err: str

    def check(self, *codes: int) -> str:
        """One of these codes; a code of 2 comes with one sentence, which is returned, and nothing with a traceback."""
        said = self.err.strip()
        assert "Traceback" not in self.out + self.err, said
        assert self.code in codes, (self.code, said[-2000:])
        if self.code == 2 and not self.out:
            assert said and "\n" not in said, said[-2000:]
            assert len(said) < 2_200 and said.endswith((".", "?")), said[-2000:]
        return said


def _options_of(model: type[BaseSettings]) -> dict[str, Any]:
    """The options of a command that take a value, by name, with the types of their values."""
    hints = {name: field.annotation for name, field in model.model_fields.items()}
    return {
        f"--{name.replace('_', '-')}": hint
        for name, hint in hints.items()
        if hint is not bool and name != "api_key" and not _is_positional(model, name)
    }


def _is_positional(model: type[BaseSettings], name: str) -> bool:
    return any(getattr(each, "__name__", "") == "_CliPositionalArg" for each in model.model_fields[name].metadata)


COMMANDS: dict[str, type[BaseSettings]] = {
    name: get_args(field.annotation)[0] for name, field in cli.Isump.model_fields.items()
} | {"evals.gsm8k": commands.options_of(TASK), "evals.compare": compare.Compare, "evals.bench_steps": BenchSteps}
COMMANDS["evals.bench_app"] = BenchApp
OPTIONS = {name: _options_of(model) for name, model in COMMANDS.items()}
"""By the name of its command: every option that takes a value, and the type of its values."""


def is_of(hint: Any, kind: type) -> bool:
    """Whether an option's value is a ``kind``, or may also be left out."""
    return hint is kind or any(is_of(each, kind) for each in get_args(hint))


def every_option(kind: type) -> Iterator[tuple[str, str]]:
    """The first command that has it, and each option whose value is a ``kind``."""
    seen = set[str]()
    for command, options in OPTIONS.items():
        for option, hint in options.items():
            own = option if option != "--limit" else f"{command} {option}"  # two options of one name
            if is_of(hint, kind) and own not in seen:
                seen.add(own)
                yield command, option


def words_of(command: str, *more: str) -> list[str]:
    """A command line of ``command`` that would be a good one, with ``more`` before the end."""
    first = {"solve": [QUESTION], "show": ["1"], "models": ["path"], "user": ["list"], "evals.compare": ["1", "1"]}
    return [command, *first.get(command, []), *more]


@cache
def line_of(command: str) -> type[BaseSettings]:
    """The command line without the other commands, which is read in a fraction of the time."""
    fields: Any = {command: (CliSubCommand[get_args(cli.Isump.model_fields[command].annotation)[0]], Field())}
    return create_model("Line", __base__=BaseSettings, **fields)


def run(words: Sequence[str], environment: Mapping[str, str] | None = None, stdin: bytes = b"") -> Ended:
    """Run the program as its command line does; the app is not served and no benchmark is run."""
    command, *rest = words or [""]
    with _served_nothing(), _streams(stdin) as (out, err), patch.dict(os.environ, environment or {}):
        code: Any = 0
        try:
            if command.startswith("evals."):
                with patch.object(sys, "argv", [command, *rest]):
                    _evals(command)
            else:
                line = line_of(command) if command in cli.Isump.model_fields else cli.Isump
                with patch.object(sys, "argv", ["isump", *words]), patch.object(cli, "Isump", line):
                    cli.main()
        except SystemExit as ended:
            code = ended.code
    return Ended(code, out.text(), err.text())


def _evals(command: str) -> None:
    prog = f"python -m {command}"
    match command:
        case "evals.gsm8k":
            commands.main("gsm8k")
        case "evals.compare":
            compare.main()
        case "evals.bench_steps":
            program.run(lambda: parse(BenchSteps, sys.argv[1:], prog).run())
        case _:
            program.run(lambda: parse(BenchApp, sys.argv[1:], prog).run())


@contextlib.contextmanager
def _served_nothing() -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for command in (cli.Ui, BenchApp, BenchSteps):
            stack.enter_context(patch.object(command, "run", lambda _: 0))
        yield


class _Stream(io.TextIOWrapper):
    def __init__(self, content: bytes = b"") -> None:
        super().__init__(io.BytesIO(content), encoding="utf-8")

    def text(self) -> str:
        self.flush()
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode()


@contextlib.contextmanager
def _streams(stdin: bytes) -> Iterator[tuple[_Stream, _Stream]]:
    out, err = _Stream(), _Stream()
    with patch.object(sys, "stdin", _Stream(stdin)), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        yield out, err


def write_replies(folder: Path, seconds: float = 0.0, count: int = 400) -> Path:
    """A file of replies that answer at once, each after ``seconds``."""
    path = folder / "replies.jsonl"
    path.write_text(f"{json.dumps({'text': REPLY, 'seconds': seconds})}\n" * count)
    return path
