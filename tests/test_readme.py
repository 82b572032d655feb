"""The README shows the code as it is: its generated parts are fresh, its commands exist."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest
from cogapp import Cog

from app.cli import parser
from app.config import read_config
from prompts.settings import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_its_generated_parts_are_fresh(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert Cog().main(["cog", "--check", "-I", "docs", "-I", ".", "README.md"]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("command", re.findall(r"\.venv/bin/isump ([^#\n]+)", README))
def test_its_commands_are_understood(command: str) -> None:
    assert parser(read_config()).parse_args(shlex.split(command)).command


def test_every_option_it_names_exists() -> None:
    known = set(re.findall(r"--[a-z-]+", (ROOT / "app" / "options.py").read_text()))
    for source in ("app/__main__.py", "evals/runner.py", "evals/gsm8k.py", "evals/compare.py"):
        known |= set(re.findall(r"--[a-z-]+", (ROOT / source).read_text()))
    known |= {f"--{name.replace('_', '-')}" for name in Settings.model_fields}
    outside = {"--quiet"}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README))
    assert named - known - outside == set()
