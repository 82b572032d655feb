"""The command line: solve a question step by step, replay traces, manage models.

    python -m app solve "Ann has 3 dozen eggs and sells 8. How many are left?" --strategy isump
    python -m app show 1

Installed, it is called ``isump``.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import aclosing
from typing import TYPE_CHECKING

from app.config import Config, read_config
from app.errors import BadInput
from app.options import Parser, add_engine, add_serving, add_settings, add_store, run
from graphs import STRATEGIES
from prompts.settings import Settings
from prompts.values import Question

if TYPE_CHECKING:
    from app.store import Store


def parser(config: Config) -> Parser:
    """The whole command line."""
    top = Parser(prog="isump", description="Step-by-step reasoning with a bounded context, every step traced.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    solve = commands.add_parser("solve", help="solve a question step by step", description="Solve one question.")
    solve.add_argument("question", nargs="?", help="the question; read from standard input when absent or -")
    solve.add_argument("--strategy", default="isump", help=f"{', '.join(STRATEGIES)} (%(default)s)")
    solve.add_argument("--json", action="store_true", help="one JSON object a step, and one for the result")
    add_engine(solve, config)
    add_settings(solve)

    ui = commands.add_parser("ui", help="open the app in a browser", description="Serve the app until Ctrl-C.")
    ui.set_defaults(strategy="isump")
    add_serving(ui)
    add_engine(ui, config)
    add_settings(ui)

    runs = commands.add_parser("runs", help="list runs and the newest attempts")
    runs.add_argument("--limit", type=int, default=20, help="attempts listed (%(default)s)")
    add_store(runs, config)

    show = commands.add_parser("show", help="replay an attempt in the terminal")
    show.add_argument("attempt", type=int, help="its number, as `isump runs` lists it")
    show.add_argument("--prompts", action="store_true", help="show every prompt exactly as it was sent")
    add_store(show, config)

    models = commands.add_parser("models", help="list, download or locate models")
    models.add_argument("action", choices=("list", "pull", "path"))
    models.add_argument("name", nargs="?", help="a catalogue name (default: the default model)")

    doctor = commands.add_parser("doctor", help="what works on this machine, and what to install for the rest")
    add_store(doctor, config)
    return top


def main() -> None:
    """Entry point of ``isump`` and ``python -m app``."""
    config = read_config()
    args = parser(config).parse_args()
    run(lambda: COMMANDS[args.command](args, config))


def solve(args: argparse.Namespace, config: Config) -> int:
    """Stream one attempt to the terminal; the exit code is 0 when it ended, with an answer or an explicit none."""
    from app.backends.open import open_engine
    from app.session import check_question, check_strategy
    from app.store import Store

    check_strategy(args.strategy)
    settings = read_settings(args)
    if args.question in (None, "-") and sys.stdin.isatty():
        raise BadInput('There is no question: write one, as in: isump solve "How many ...?"')
    question = Question("asked", check_question(_stdin() if args.question in (None, "-") else args.question))
    slots = settings.samples if args.strategy == "self_consistency" else 1

    async def attempt() -> None:
        with Store.open(args.store) as store:
            async with aclosing(await open_engine(args, config, slots=slots)) as backend:
                await (_print_json if args.json else _print_steps)(question, args.strategy, backend, settings, store)

    asyncio.run(attempt())
    return 0


async def _print_steps(question: Question, strategy: str, backend: Backend, settings: Settings, store: Store) -> None:
    from rich.console import Console

    from app import terminal
    from app.session import Began, Ended, solve
    from app.store.records import Record, contexts

    console, records = Console(), list[Record]()
    with console.status("thinking") as status:
        async with aclosing(solve(question, strategy, backend, settings, store)) as events:
            async for event in events:
                match event:
                    case Began(attempt):
                        console.print(terminal.header(store.attempt(attempt)))
                    case Record():
                        records.append(event)
                        console.print(terminal.step(event, contexts(records)[-1]))
                        doing = "summarizing" if event.step.verb == "step" else "thinking"
                        status.update(f"{doing} (round {event.step.round})")
                    case Ended(attempt, costs):
                        console.print(terminal.ended(attempt, costs))


async def _print_json(question: Question, strategy: str, backend: Backend, settings: Settings, store: Store) -> None:
    from app.jsonl import result_line, step_line
    from app.session import Began, solve
    from app.store.records import Record, contexts

    records = list[Record]()
    async with aclosing(solve(question, strategy, backend, settings, store)) as events:
        async for event in events:
            if isinstance(event, Record):
                records.append(event)
                print(step_line(event, contexts(records)[-1]), flush=True)
            elif not isinstance(event, Began):
                print(result_line(event.attempt, event.costs), flush=True)


def _stdin() -> str:
    data = sys.stdin.buffer.read()
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise BadInput("The question on standard input is not UTF-8 text.") from error


def ui(args: argparse.Namespace, config: Config) -> int:
    """Serve the app to browsers."""
    from app.ui.server import serve

    return serve(args, config)


def runs(args: argparse.Namespace, config: Config) -> int:
    """List evals and the newest attempts."""
    from rich.console import Console

    from app import terminal
    from app.store import Store

    with Store.existing(args.store) as store:
        Console().print(terminal.listing(store.runs(), store.attempts(args.limit)))
    return 0


def show(args: argparse.Namespace, config: Config) -> int:
    """Replay an attempt from the store."""
    from rich.console import Console

    from app import terminal
    from app.store import Store
    from app.store.records import contexts

    console = Console()
    with Store.existing(args.store) as store:
        attempt = store.attempt(args.attempt)
        records = store.records(attempt.id)
        console.print(terminal.header(attempt))
        for record, context in zip(records, contexts(records), strict=True):
            if args.prompts:
                console.print(terminal.prompts(record))
            console.print(terminal.step(record, context))
        console.print(terminal.ended(attempt, store.costs(attempt.id)))
    return 0


def models(args: argparse.Namespace, config: Config) -> int:
    """List the catalogue, download a model with progress, or print where it is."""
    from app.models.catalogue import DEFAULT, find, resolve, status
    from app.models.download import progress_bar, pull

    name = args.name or DEFAULT
    if args.action == "list":
        from rich.console import Console

        from app import terminal

        Console().print(terminal.catalogue(status(config.cache_dir), DEFAULT))
    elif args.action == "pull":
        with progress_bar() as report:
            path = pull(find(name), config.cache_dir, report)
        print(path)
    else:
        print(resolve(name, config.cache_dir))
    return 0


def doctor(args: argparse.Namespace, config: Config) -> int:
    """Say what works on this machine and what to run for the rest; exit code 1 when the main path does not work."""
    from rich.console import Console

    from app import terminal
    from app.doctor import findings

    found = findings(config, args.store)
    Console().print(terminal.diagnosis(found))
    return int(any(finding.needed and not finding.works for finding in found))


COMMANDS = {"solve": solve, "ui": ui, "runs": runs, "show": show, "models": models, "doctor": doctor}

if __name__ == "__main__":
    main()
