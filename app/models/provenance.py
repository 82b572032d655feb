"""Provenance of a downloaded model, stored beside it: which source it came from, when, and what its hash was.

model.gguf         the file
model.gguf.json    {"source": "wheels", "origin": ["tiny-part1==1.0", …], "sha256": "…", "downloaded": 1764043200.0}
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from app.models.files import open_regular, replace_file
from app.models.verified import Moment, Sha256

Source = Literal["hub", "wheels"]

_LARGEST = 1 << 16


class Provenance(BaseModel):
    """Where a file came from: ``repo:file@commit`` of the hub, or the wheels it was joined from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Source
    origin: Annotated[tuple[Annotated[str, StringConstraints(max_length=500)], ...], Field(min_length=1)]
    sha256: Sha256
    downloaded: Moment

    def store(self, path: Path) -> None:
        """Write it beside the model's file; raises ``OSError``."""
        replace_file(_beside(path), self.model_dump_json().encode())

    @classmethod
    def of(cls, path: Path) -> Provenance | None:
        """What is known of the file; ``None`` when nothing was stored or it is damaged."""
        try:
            with open_regular(_beside(path), os.O_RDONLY | os.O_NOFOLLOW) as file:
                return cls.model_validate_json(file.read(_LARGEST))
        except (OSError, ValidationError):
            return None


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")
