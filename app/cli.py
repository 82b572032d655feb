"""The command line: solve a question step by step, replay traces, manage models.

    python -m app solve "Ann has 3 dozen eggs and sells 8. How many are left?" --strategy isump
    python -m app show 1

Installed, it is called ``isump``. A command is a class: its fields are the options, ``run`` does it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import aclosing
from difflib import get_close_matches
from importlib.metadata import version
from typing import Literal, Protocol

from pydantic import Field
from pydantic_settings import BaseSettings, CliPositionalArg, CliSubCommand, SettingsConfigDict, get_subcommand
from rich.console import Console

from app import program, terminal
from app.attempt_view import AttemptView
from app.backends.open import open_backend
from app.doctor import diagnose
from app.errors import BadInput
from app.maintenance import StoreCommands
from app.models import CATALOGUE, DEFAULT, describe, downloaded, find, fingerprint, pull, resolve
from app.options import MAX_ROW, BackendOptions, CacheOption, SettingsOptions, SolveOptions, StoreOption, parse
from app.session import check_backend, solve
from app.store import Store
from app.store.records import context_sizes, usages
from app.ui.access import Serving
from prompts.brief import brief
from prompts.clean import MAX_QUESTION, check_question
from prompts.user_files import UserPath, read_given
from prompts.values import Question


class Solve(SolveOptions, StoreOption):
    """Solve one question step by step."""

    question: CliPositionalArg[str | None] = Field(
        default=None, description="the question; read from standard input when absent or -"
    )
    text: UserPath | None = Field(default=None, description="a file with a text that the question is about")
    json_lines: bool = Field(default=False, description="one JSON object a step, and one for the result")

    def run(self) -> int:
        """Stream one attempt; the exit code is 0 when it ended, with an answer or an explicit none."""
        strategy, settings = self.chosen_strategy, self.settings
        check_backend(self.backend_config, strategy)
        asked = None if self.question == "-" else self.question
        if asked is None and sys.stdin.isatty():
            raise BadInput('There is no question: write one, as in: isump solve "How many ...?"')
        text = "" if self.text is None else read_given(self.text)
        question = Question("asked", check_question(_standard_input() if asked is None else asked), text)

        printer = terminal.JsonPrinter() if self.json_lines else terminal.TerminalPrinter()

        async def attempt() -> None:
            with Store.open(self.store) as store:
                async with aclosing(await open_backend(self.backend_for(1))) as backend:
                    view = AttemptView()
                    with printer:
                        solving = solve(question, strategy.name, backend, settings, store, live=printer.live)
                        async with aclosing(solving) as events:
                            async for event in events:
                                view = view.after(event)
                                try:
                                    printer.show(event, view)
                                except (BrokenPipeError, SystemExit):  # the latter is rich's word for the former
                                    program.drop_output()

        asyncio.run(attempt())
        return 0


class Ui(Serving, SettingsOptions, BackendOptions, StoreOption):
    """Open the app in a browser; Ctrl-C ends it."""

    def run(self) -> int:
        """Serve the app."""
        from app.ui.server import serve

        check_backend(self.backend_config)
        serving = Serving(**{name: getattr(self, name) for name in Serving.model_fields})
        return serve(self.store, self.backend_config, self.given_settings, serving)


class Runs(StoreOption):
    """List runs and the newest attempts."""

    limit: int = Field(default=20, ge=1, le=MAX_ROW, description="attempts listed")

    def run(self) -> int:
        """Print both tables."""
        with Store.existing(self.store) as store:
            Console().print(terminal.listing(store.runs(), store.attempts(self.limit)))
        return 0


class Show(StoreOption):
    """Replay an attempt in the terminal."""

    attempt: CliPositionalArg[int] = Field(ge=1, le=MAX_ROW, description="its number, as `isump runs` lists it")
    prompts: bool = Field(default=False, description="show every prompt exactly as it was sent")

    def run(self) -> int:
        """Print every step as it was shown live."""
        console = Console()
        with Store.existing(self.store) as store:
            attempt = store.attempt(self.attempt)
            records = store.records(attempt.id)
            console.print(terminal.attempt_header(attempt.id, attempt.spec))
            for record, size in zip(records, context_sizes(usages(records)), strict=True):
                if self.prompts:
                    console.print(terminal.prompt_block(record))
                console.print(terminal.step_block(record, size))
            console.print(terminal.result_block(attempt, store.costs(attempt.id)))
        return 0


class Models(CacheOption):
    """List, download, examine or locate models."""

    action: CliPositionalArg[Literal["list", "pull", "show", "path"]] = Field(description="list, pull, show or path")
    name: CliPositionalArg[str | None] = Field(default=None, description="a catalogue name (the default model)")

    def run(self) -> int:
        """Print the catalogue, download a model, check its file and say where it came from, or print where it is."""
        if self.action == "list":
            models = {model.name: model for model in (*CATALOGUE.values(), *downloaded(self.cache_dir))}
            tables = [list(describe(model, self.cache_dir)) for model in models.values()]
            Console().print(terminal.models_table(tables, DEFAULT))
            return 0
        name = self.name or DEFAULT
        if self.action == "pull":
            print(pull(find(name), self.cache_dir))
            return 0
        path = resolve(name, self.cache_dir)
        if self.action == "path":
            print(path)
            return 0
        model = next((each for each in downloaded(self.cache_dir) if each.path(self.cache_dir) == path), None)
        about = list(describe(model, self.cache_dir)) if model else [("file", str(path))]
        checked = "it is the file it should be" if model else "nothing to compare it with"
        Console().print(terminal.models_table([[*about, ("sha256", f"{fingerprint(path)[7:]}, {checked}")]]))
        return 0


class Doctor(StoreOption, BackendOptions):
    """Say what works on this machine, and what to install for the rest."""

    def run(self) -> int:
        """Print the diagnosis; exit code 1 when the main path does not work."""
        found = diagnose(self.backend_config, self.store)
        Console().print(terminal.diagnosis(found))
        return int(any(each.needed and not each.works for each in found))


class Isump(BaseSettings):
    """Step-by-step reasoning with a bounded context, every step traced."""

    # A variable of the environment that happens to be called ``RUNS`` is no command.
    model_config = SettingsConfigDict(extra="ignore", env_prefix="ISUMP_COMMAND_")

    solve: CliSubCommand[Solve] = Field(description="solve a question step by step")
    ui: CliSubCommand[Ui] = Field(description="open the app in a browser")
    runs: CliSubCommand[Runs] = Field(description="list runs and the newest attempts")
    show: CliSubCommand[Show] = Field(description="replay an attempt in the terminal")
    models: CliSubCommand[Models] = Field(description="list, download or locate models")
    store: CliSubCommand[StoreCommands] = Field(description="check, back up, restore, merge or prune the trace store")
    doctor: CliSubCommand[Doctor] = Field(description="say what works here, and what to install for the rest")


class Command(Protocol):
    """The options that every command has."""

    def run(self) -> int:
        """Do it; the exit code of the process."""
        ...


def command(words: Sequence[str]) -> Command:
    """The command that ``words`` name; raises ``BadInput`` when they cannot be used."""
    if words and not words[0].startswith("-") and words[0] not in Isump.model_fields:
        near = get_close_matches(words[0], Isump.model_fields, 1)
        meant = f"did you mean {near[0]}? There are" if near else "choose"
        raise BadInput(f"There is no command {brief(words[0])!r}: {meant} {', '.join(Isump.model_fields)}.")
    chosen = get_subcommand(parse(Isump, words, "isump"), is_required=False)
    if chosen is None:
        raise BadInput(f"There is no command: choose {', '.join(Isump.model_fields)}, or see isump --help.")
    return chosen  # pyright: ignore[reportReturnType]  # every subcommand above has ``run``


def main() -> None:
    """Do what the command line says, and exit."""
    if sys.argv[1:] == ["--version"]:
        print(f"isump {version('isump')}")
        return
    program.run(lambda: command(sys.argv[1:]).run())


def _standard_input() -> str:
    """The piped input, up to the longest possible question."""
    try:
        data = sys.stdin.buffer.read(4 * MAX_QUESTION + 1)
    except OSError as error:
        raise BadInput(f"The question cannot be read from standard input: {error.strerror or error}.") from error
    if len(data) > 4 * MAX_QUESTION:
        raise BadInput(f"Standard input is too long for a question: at most {MAX_QUESTION:,} characters are taken.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput("The question on standard input is not UTF-8 text.") from error
