"""Options shared by the commands, each read from the command line or else from the environment.

ISUMP_STORE=traces.sqlite ISUMP_BACKEND=openai ISUMP_BASE_URL=http://127.0.0.1:8000/v1 python -m app solve "..."

Each is also an option of the commands that use it (``--store traces.sqlite``), which wins over the environment.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.backends.config import CACHE, BackendConfig
from prompts.user_files import UserPath

LARGEST_NUMBER = 2**63 - 1
"""Of a row in the trace store."""


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
