"""Options of the commands, read from the command line, else from ``ISUMP_<NAME>``; a mistake is one sentence.

    options = parse(SolveOptions, ["--step-tokens", "96"], "isump")

Options are the fields of a command's class (pydantic-settings): each is written once, with default, bounds and help.
"""

from __future__ import annotations

import os
import re
from argparse import Action, RawDescriptionHelpFormatter
from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field, ValidationError, create_model
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, CliApp, CliSettingsSource, SettingsConfigDict, SettingsError

from app.backends.config import CACHE, BackendConfig
from app.errors import BadInput
from graphs import DEFAULT, SETTINGS, STRATEGIES, find_strategy
from graphs.strategy import Strategy, settings_for
from prompts.brief import brief
from prompts.settings import Settings, invalid_value
from prompts.user_files import UserPath

MAX_ROW = 2**63 - 1
"""Of a row in the trace store."""
C = TypeVar("C", bound=BaseSettings)

ALIASES = {"json_lines": "json", "of_run": "run"}
"""Options whose names a command's class needs for itself, by the names of their fields."""
_NONE = "\0"
"""The word that pydantic reads as ``None``: no word of a command line, so that the question "null" stays a question."""
_NO_DEFAULT = re.compile(rf" \(default: {_NONE}?\)| \(default factory: .*?\)")
_MAX_MISTAKE = 300
"""Characters; what was mistyped may be as long as any question."""


class Environment(BaseSettings):
    """Reads every field of its subclasses from ``ISUMP_<NAME>``, for those the command line does not give."""

    model_config = SettingsConfigDict(env_prefix="ISUMP_", env_ignore_empty=True, extra="ignore", frozen=True)


class StoreOption(Environment):
    """The trace store."""

    store: UserPath = Field(default=Path("isump.sqlite"), description="trace store, a SQLite file")


class CacheOption(Environment):
    """The folder of models."""

    cache_dir: UserPath = CACHE


class BackendOptions(BackendConfig, Environment):
    """The backend that the command line and the environment describe."""

    @property
    def backend_config(self) -> BackendConfig:
        """The backend alone, without the other options of a command."""
        return BackendConfig(**{name: getattr(self, name) for name in BackendConfig.model_fields})


def _field(owners: Mapping[str, FieldInfo]) -> tuple[Any, FieldInfo]:
    """A setting as an option, whose help says which strategies have it and where its default differs."""
    field = copy(next(iter(owners.values())))
    whose = "" if len(owners) == len(STRATEGIES) else f"{', '.join(owners)}: "
    others = (f"; {key}: {each.default}" for key, each in owners.items() if each.default != field.default)
    field.description = f"{whose}{field.description}{''.join(others)}"
    return field.annotation, field


class _GivenSettings(Environment):
    @property
    def given_settings(self) -> dict[str, Any]:
        """The settings that were given."""
        return {name: getattr(self, name) for name in SETTINGS if name in self.model_fields_set}


_FIELDS: dict[str, Any] = {name: _field(owners) for name, owners in SETTINGS.items()}
SettingsOptions = create_model(
    "SettingsOptions",
    __base__=_GivenSettings,
    __doc__="Every setting of every strategy as an option; what is not given stays open to the strategy's default.",
    **_FIELDS,
)


class SolveOptions(SettingsOptions, BackendOptions):
    """Options of solving: strategy, backend and settings."""

    strategy: str = Field(default=DEFAULT, description=", ".join(STRATEGIES))

    @property
    def chosen_strategy(self) -> Strategy[Any]:
        """The strategy; raises ``UserError`` when there is none of that name."""
        return find_strategy(self.strategy)

    @property
    def settings(self) -> Settings:
        """The settings of an attempt under the chosen strategy; raises as ``check_given``."""
        self.check_given(strategy := self.chosen_strategy)
        return settings_for(strategy, self.given_settings)

    def check_given(self, *strategies: Strategy[Any]) -> None:
        """Raise ``BadInput`` when a setting is given that no strategy of these has; the environment may, for others."""
        for name in self.given_settings:
            owned = any(name in strategy.settings.model_fields for strategy in strategies)
            if not owned and _variable(name) not in os.environ:
                names = " and ".join(strategy.name for strategy in strategies)
                raise BadInput(
                    f"There is no {_option(name)} for {names}: it is a setting of {', '.join(SETTINGS[name])}."
                )

    def backend_for(self, attempts: int) -> BackendConfig:
        """The backend with slots for all calls that ``attempts`` at once have in flight."""
        return self.backend_config.with_slots(attempts * self.chosen_strategy.parallel_calls(self.settings))


class _HelpFormatter(RawDescriptionHelpFormatter):
    """Says nothing of a default that is absent."""

    def _expand_help(self, action: Action) -> str:
        return _NO_DEFAULT.sub("", super()._expand_help(action))


def parse(model: type[C], words: Sequence[str], prog: str) -> C:
    """The command line ``words`` as a value of ``model``; ``-h`` prints its help and exits.

    Raises:
        BadInput: An option is unknown, missing, empty, or has a value that cannot be used.
    """
    help = f"see {' '.join([prog, *(word for word in words[:1] if word in model.model_fields)])} --help"
    if empty := _empty_option(words):
        raise BadInput(f"{brief(empty)} has no value: give it one, or leave it out; {help}.")
    try:
        source: CliSettingsSource[Any] = CliSettingsSource(
            model,
            cli_prog_name=prog,
            cli_kebab_case=True,
            cli_implicit_flags="toggle",
            cli_hide_none_type=True,
            cli_parse_none_str=_NONE,
            cli_shortcuts={name.replace("_", "-"): alias for name, alias in ALIASES.items()},
            cli_exit_on_error=False,
            formatter_class=_HelpFormatter,
        )
        return CliApp.run(model, cli_args=list(words), cli_settings_source=source, cli_exit_on_error=False)
    except SettingsError as error:
        message = _without_values(str(error).removeprefix("error parsing CLI: ").removeprefix("Error: "))
        raise BadInput(f"{message[:1].upper()}{brief(message[1:], _MAX_MISTAKE)}: {help}.") from error
    except ValidationError as error:
        name, reason = invalid_value(error)
        raise BadInput(f"{_typed(name, words)} {reason}: {help}.") from error


def _without_values(message: str) -> str:
    """The parser's message without the values of options that do not exist, of which one may be a key."""
    what, unknown, words = message.partition("unrecognized arguments: ")
    if not unknown:
        what, unknown, words = message.partition("Unrecognized arguments: ")
    options = [word.partition("=")[0] for word in words.split() if word.startswith("-")]
    return f"{what}{unknown}{' '.join(options)}" if options else message


def _empty_option(words: Sequence[str]) -> str:
    """The first option that is given an empty value, which would be taken for the default: ``--model "$UNSET"``."""
    for word, value in zip(words, [*words[1:], None], strict=False):
        if word == "--":
            break
        if word.startswith("--") and (value == "" or (word.endswith("=") and word.count("=") == 1)):
            return word.removesuffix("=")
    return ""


def _typed(name: str, words: Sequence[str]) -> str:
    """The field ``name`` as the user wrote it: an option, a variable, or a place among the words."""
    option, variable = _option(name), _variable(name)
    if any(word.partition("=")[0] == option for word in words):
        return option
    return f"{variable} in the environment" if variable in os.environ else name.upper()


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _variable(name: str) -> str:
    return f"ISUMP_{name.upper()}"
