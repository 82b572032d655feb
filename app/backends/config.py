"""BackendConfig: everything needed to open a backend, made once from the command line or the environment."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Literal

from platformdirs import user_cache_path
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import CliSuppress

from prompts.user_files import UserPath

Continuation = Literal["none", "prefill", "vllm"]
MAX_SLOTS = 1024
"""Requests that an embedded model can answer side by side."""


def _cache_folder() -> Path:
    try:
        return user_cache_path("isump")
    except RuntimeError:  # a user without a home, as in a container with a bare user id
        return Path(tempfile.gettempdir()) / f"isump-{os.getuid()}"


CACHE: Any = Field(
    default_factory=_cache_folder, description="folder of models; by default isump in the user's cache folder"
)
"""The option ``cache_dir``, which commands without a backend have too."""


class BackendConfig(BaseModel):
    """Choice and options of a backend; each backend reads the fields it has a use for."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    backend: str = Field(default="embedded", description="what answers: embedded, openai or scripted")
    model: str | None = Field(
        default=None, description="catalogue name, GGUF file, hub repo:file, or the server's name for its model"
    )
    base_url: str | None = Field(
        default=None, description="openai: the server, ending in /v1, such as http://127.0.0.1:8000/v1"
    )
    api_key: CliSuppress[SecretStr | None] = Field(
        default=None, validation_alias=AliasChoices("ISUMP_API_KEY", "OPENAI_API_KEY"), description="key of the server"
    )
    continuation: Continuation | None = Field(
        default=None,
        description="openai: how the server goes on in a reply that was begun: none, prefill (llama.cpp) or vllm; by "
        "default as the server's list of models tells",
    )
    replies: UserPath | None = Field(default=None, description="scripted: file of replies, a JSON string a line")
    context: int | None = Field(
        default=None,
        ge=256,
        le=2**24,
        description="embedded: tokens of context per slot; by default 8192, or what the model was trained for if less",
    )
    slots: int | None = Field(
        default=None,
        ge=1,
        le=MAX_SLOTS,
        description="embedded: requests answered side by side; by default as many as come",
    )
    timeout: float = Field(
        default=600,
        gt=0,
        le=604_800,
        allow_inf_nan=False,
        description="seconds before one request is given up and tried again",
    )
    cache_dir: UserPath = CACHE

    def with_slots(self, calls: int) -> BackendConfig:
        """This config, with room for ``calls`` requests at once, as far as it goes, unless it says how many itself."""
        return self if self.slots else self.model_copy(update={"slots": min(calls, MAX_SLOTS)})
