"""Settings from the environment, read once here: nothing else looks at ``os.environ``.

ISUMP_STORE=traces.sqlite ISUMP_BACKEND=openai ISUMP_BASE_URL=http://127.0.0.1:8000/v1 python -m app solve "..."
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from platformdirs import user_cache_path
from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Config(BaseSettings):
    """Where things are and which engine answers; command-line options win over the environment."""

    model_config = SettingsConfigDict(env_prefix="ISUMP_", extra="ignore")

    store: Path = Field(default=Path("isump.sqlite"), description="the trace store")
    cache_dir: Path = Field(default=user_cache_path("isump"), description="downloaded models")
    backend: str = Field(default="embedded", description="embedded, openai or scripted")
    model: str | None = Field(
        default=None, description="catalogue name, GGUF path, repo:file, or a server's model name"
    )
    base_url: str | None = Field(
        default=None, description="OpenAI-compatible server, for example http://127.0.0.1:8000/v1"
    )
    api_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("ISUMP_API_KEY", "OPENAI_API_KEY"), description="key of that server"
    )
    auth: SecretStr | None = Field(default=None, description="USER:PASSWORD that the app asks for (isump ui)")
    context: int = Field(default=8192, ge=256, description="tokens of context per slot of the embedded engine")
    timeout: float = Field(default=600, gt=0, description="seconds before one request is given up and tried again")


@cache
def read_config() -> Config:
    """The settings of this process."""
    return Config()
