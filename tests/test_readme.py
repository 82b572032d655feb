"""The README shows the code as it is: its generated parts are fresh, its commands exist."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from cogapp import Cog
from pydantic import BaseModel

from app.cli import Isump, command
from app.options import ALIASES
from evals.commands import options_of
from evals.compare import Compare
from evals.length_chart import ChartOptions
from evals.sweep import SweepOptions
from evals.tasks import TASKS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_its_generated_parts_are_fresh(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert Cog().main(["cog", "--check", "-I", "docs", "-I", ".", "README.md"]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("words", re.findall(r"\.venv/bin/isump ([^#\n]+)", README))
def test_its_commands_are_understood(words: str) -> None:
    assert command(shlex.split(words))


def models_of(command: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """A command and the commands below it."""
    yield command
    for field in command.model_fields.values():
        for each in get_args(field.annotation):
            if isinstance(each, type) and issubclass(each, BaseModel):
                yield from models_of(each)


def test_every_option_it_names_exists() -> None:
    models = [*models_of(Isump), *map(options_of, TASKS.values()), ChartOptions, Compare, SweepOptions]
    names = {name for model in models for name in model.model_fields}
    known = {f"--{name.replace('_', '-')}" for name in {*names - ALIASES.keys(), *ALIASES.values()}}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", re.sub(r"pip install [^&\n]*", "", README)))
    assert named - known - {"--help"} == set()
