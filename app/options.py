"""Command-line options shared by ``python -m app`` and ``python -m evals.<task>``; every dial is a flag of its name."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NoReturn, get_args, get_origin

from pydantic import ValidationError

from app.config import Config
from app.errors import BadInput
from prompts.settings import Settings
from prompts.values import UserError

SELF_CONSISTENCY_TEMPERATURE = 0.7
"""Greedy chains would all be the same one; 0.7 is the paper's setting (2203.11171, section 3.1)."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are one sentence, with exit code 2."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **(options | {"allow_abbrev": False}))

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and where the options are listed."""
        self.exit(2, f"{message[:1].upper()}{message[1:]}: see {self.prog} --help.\n")


def whole(text: str) -> int:
    """An option's value as a whole number of at least 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is too small: at least 1 is needed")
    return value


def port(text: str) -> int:
    """An option's value as a port; 0 stands for any free one."""
    value = int(text)
    if not 0 <= value <= 65535:
        raise argparse.ArgumentTypeError(f"{value} is not between 0 and 65535")
    return value


def add_serving(parser: argparse.ArgumentParser) -> None:
    """Options that say where the app is reached, and by whom."""
    serving = parser.add_argument_group("serving")
    serving.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s: this machine only)")
    serving.add_argument("--port", type=port, default=7860, help="port to listen on; 0 is any free one (%(default)s)")
    serving.add_argument("--auth", metavar="USER:PASSWORD", help="ask for this; or set ISUMP_AUTH, which no one sees")
    serving.add_argument("--read-only", action="store_true", help="only show what is stored; nothing is solved")
    serving.add_argument("--open-to-everyone", action="store_true", help="allow another --host without --auth")


def add_engine(parser: argparse.ArgumentParser, settings: Config) -> None:
    """Options that choose the store and the engine; their defaults come from the environment."""
    engine = parser.add_argument_group("engine")
    engine.add_argument("--backend", default=settings.backend, help="embedded, openai or scripted (%(default)s)")
    engine.add_argument(
        "--model", default=settings.model, help="catalogue name, GGUF file, hub repo:file, server model"
    )
    engine.add_argument("--base-url", default=settings.base_url, help="OpenAI-compatible server, ending in /v1")
    engine.add_argument("--replies", type=Path, help="replies of the scripted backend, a JSON string a line")
    engine.add_argument("--context", type=whole, default=settings.context, help="embedded: tokens of context per slot")
    add_store(parser, settings)


def add_store(parser: argparse.ArgumentParser, settings: Config) -> None:
    """The option that names the trace store."""
    parser.add_argument("--store", type=Path, default=settings.store, help="trace store, a SQLite file (%(default)s)")


def add_settings(parser: argparse.ArgumentParser) -> None:
    """One flag for every field of ``Settings``, in its words; a flag not given leaves the field's default."""
    group = parser.add_argument_group("strategy settings")
    for name, field in Settings.model_fields.items():
        flag, kind = "--" + name.replace("_", "-"), field.annotation
        note = f"{field.description} ({field.default})"
        if kind is bool:
            group.add_argument(flag, action="store_const", const=True, help=field.description)
        elif get_origin(kind) is Literal:
            group.add_argument(flag, choices=get_args(kind), help=note)
        else:
            assert isinstance(kind, type), "settings have plain types"
            group.add_argument(flag, type=kind, metavar=name.split("_")[-1].upper(), help=note)


def settings(args: argparse.Namespace, base: Settings | None = None) -> Settings:
    """The settings given on the command line over ``base``; raises ``BadInput`` for a value out of bounds."""
    given = {name: value for name in Settings.model_fields if (value := getattr(args, name, None)) is not None}
    start = base.model_dump() if base else {}
    if args.strategy == "self_consistency" and not base:
        start["temperature"] = SELF_CONSISTENCY_TEMPERATURE
    try:
        return Settings(**(start | given))
    except ValidationError as error:
        first = error.errors()[0]
        flag = "--" + str(first["loc"][0]).replace("_", "-")
        raise BadInput(f"{flag} cannot be {first['input']}: {first['msg'].lower()}.") from error


def run(main: Callable[[], int]) -> NoReturn:
    """Run a command: a ``UserError`` becomes one sentence and exit code 2, Ctrl-C becomes exit code 130."""
    try:
        code = main()
    except UserError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        code = 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        code = 130
    except BrokenPipeError:
        code = 0
    sys.exit(code)
