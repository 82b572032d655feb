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
from typing import Literal, Protocol

from pydantic import Field
from pydantic_settings import BaseSettings, CliPositionalArg, CliSubCommand, SettingsConfigDict, get_subcommand

from app import arguments
from app.arguments import SettingsOptions, SolveOptions, parse
from app.attempt_view import AttemptView
from app.config import BackendOptions, StoreOption
from app.errors import BadInput
from app.session import check_question, solve
from app.store import Store
from app.ui.access import Serving
from prompts.settings import Settings
from prompts.values import Question


class Solve(SolveOptions, StoreOption):
    """Solve one question step by step."""

    question: CliPositionalArg[str | None] = Field(
        default=None, description="the question; read from standard input when absent or -"
    )
    json_lines: bool = Field(default=False, description="one JSON object a step, and one for the result")

    def run(self) -> int:
        """Stream one attempt; the exit code is 0 when it ended, with an answer or an explicit none."""
        from app.backends.open import check_backend, open_backend
        from app.jsonl import JsonPrinter
        from app.terminal import TerminalPrinter

        strategy, settings = self.chosen_strategy, self.settings
        check_backend(self.backend_config, strategy)
        asked = None if self.question == "-" else self.question
        if asked is None and sys.stdin.isatty():
            raise BadInput('There is no question: write one, as in: isump solve "How many ...?"')
        question = Question("asked", check_question(_standard_input() if asked is None else asked))

        printer = JsonPrinter() if self.json_lines else TerminalPrinter()

        async def attempt() -> None:
            with Store.open(self.store) as store:
                async with aclosing(await open_backend(self.backend_for(1))) as backend:
                    view = AttemptView()
                    with printer:
                        async with aclosing(solve(question, strategy.name, backend, settings, store)) as events:
                            async for event in events:
                                view = view.after(event)
                                printer.show(event, view)

        asyncio.run(attempt())
        return 0


class Ui(Serving, SettingsOptions, BackendOptions, StoreOption):
    """Open the app in a browser; Ctrl-C ends it."""

    def run(self) -> int:
        """Serve the app."""
        from app.backends.open import check_backend
        from app.ui.server import serve

        check_backend(self.backend_config)
        serving = Serving(**{name: getattr(self, name) for name in Serving.model_fields})
        return serve(self.store, self.backend_config, Settings(**self.given_settings), serving)


class Runs(StoreOption):
    """List runs and the newest attempts."""

    limit: int = Field(default=20, ge=1, description="attempts listed")

    def run(self) -> int:
        """Print both tables."""
        from rich.console import Console

        from app import terminal

        with Store.existing(self.store) as store:
            Console().print(terminal.listing(store.runs(), store.attempts(self.limit)))
        return 0


class Show(StoreOption):
    """Replay an attempt in the terminal."""

    attempt: CliPositionalArg[int] = Field(description="its number, as `isump runs` lists it")
    prompts: bool = Field(default=False, description="show every prompt exactly as it was sent")

    def run(self) -> int:
        """Print every step as it was shown live."""
        from rich.console import Console

        from app import terminal
        from app.store.records import context_sizes, usages

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


class Models(BackendOptions):
    """List, download or locate models."""

    action: CliPositionalArg[Literal["list", "pull", "path"]] = Field(description="list, pull or path")
    name: CliPositionalArg[str | None] = Field(default=None, description="a catalogue name (the default model)")

    def run(self) -> int:
        """Print the catalogue, download a model with progress, or print where it is."""
        from app.models.catalogue import DEFAULT, find, resolve, status
        from app.models.download import progress_bar, pull

        name = self.name or DEFAULT
        if self.action == "list":
            from rich.console import Console

            from app import terminal

            Console().print(terminal.catalogue(status(self.cache_dir), DEFAULT))
        elif self.action == "pull":
            with progress_bar() as report:
                path = pull(find(name), self.cache_dir, report)
            print(path)
        else:
            print(resolve(name, self.cache_dir))
        return 0


class Doctor(StoreOption, BackendOptions):
    """Say what works on this machine, and what to install for the rest."""

    def run(self) -> int:
        """Print the diagnosis; exit code 1 when the main path does not work."""
        from rich.console import Console

        from app import terminal
        from app.doctor import diagnose

        found = diagnose(self.backend_config, self.store)
        Console().print(terminal.diagnosis(found))
        return int(any(each.needed and not each.works for each in found))


class Isump(BaseSettings):
    """Step-by-step reasoning with a bounded context, every step traced."""

    model_config = SettingsConfigDict(extra="ignore")

    solve: CliSubCommand[Solve] = Field(description="solve a question step by step")
    ui: CliSubCommand[Ui] = Field(description="open the app in a browser")
    runs: CliSubCommand[Runs] = Field(description="list runs and the newest attempts")
    show: CliSubCommand[Show] = Field(description="replay an attempt in the terminal")
    models: CliSubCommand[Models] = Field(description="list, download or locate models")
    doctor: CliSubCommand[Doctor] = Field(description="say what works here, and what to install for the rest")


class Command(Protocol):
    """What every command can do."""

    def run(self) -> int:
        """Do it; the exit code of the process."""
        ...


def command(words: Sequence[str]) -> Command:
    """The command that ``words`` name; raises ``BadInput`` when they cannot be used."""
    chosen = get_subcommand(parse(Isump, words, "isump"), is_required=False)
    if chosen is None:
        raise BadInput(f"There is no command: choose {', '.join(Isump.model_fields)}, or see isump --help.")
    return chosen  # pyright: ignore[reportReturnType]  # every subcommand above has ``run``


def main() -> None:
    """Entry point of ``isump`` and ``python -m app``."""
    arguments.run(lambda: command(sys.argv[1:]).run())


def _standard_input() -> str:
    data = sys.stdin.buffer.read()
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise BadInput("The question on standard input is not UTF-8 text.") from error


if __name__ == "__main__":
    main()
