"""Settings of one attempt: typed on the command line, stored with the attempt, copied by its forks.

Every strategy names its own type, which adds what only it has:

    class MySettings(LoopSettings):
        beams: int = Field(default=3, ge=1, description="memories kept side by side")
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from prompts.brief import brief

OnWrong = Literal["mark", "ask", "correct"]
Ablation = Literal["none", "known-only", "next-only", "no-memory"]
MemoryForm = Literal["text", "json"]


class Settings(BaseModel):
    """Settings that every strategy has; budgets bound the whole attempt."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: float = Field(default=0.0, ge=0, le=5, description="0 is greedy")
    seed: int = Field(default=0, ge=0, lt=2**31, description="sampling seed")
    on_wrong: OnWrong = Field(
        default="mark", description="a wrong equation: mark it, ask for the thought again, or correct it and go on"
    )
    answer_tokens: int = Field(default=128, ge=8, le=65536, description="tokens set aside for the concluding answer")
    max_steps: int = Field(default=12, ge=1, le=10_000, description="most thoughts in one attempt")
    max_tokens: int = Field(default=2048, ge=8, le=10_000_000, description="most tokens generated in one attempt")
    max_seconds: float = Field(default=600, gt=0, le=86_400, description="most wall-clock seconds for one attempt")


class LoopSettings(Settings):
    """Settings of a strategy that thinks in steps."""

    step_tokens: int = Field(
        default=192, ge=8, le=65536, description="most tokens of one thought, which mostly ends by itself before"
    )
    pin: str = Field(default="", max_length=10_000, description="a line that every memory keeps; several: one a line")
    drop_question: bool = Field(default=False, description="after the first step the question must live in the memory")
    ablation: Ablation = Field(
        default="none", description="show only part of the memory, or none of it; what is pinned is always shown"
    )


class MemorySettings(LoopSettings):
    """Settings of a loop whose memory is bounded."""

    memory_tokens: int = Field(
        default=160, ge=16, le=65536, description="most tokens of the memory, as the model's tokenizer counts them"
    )
    memory_form: MemoryForm = Field(
        default="text", description="a memory the model writes whole: as headed lists, or as schema-bound JSON"
    )


def with_memory(settings: Settings) -> MemorySettings:
    """``settings`` for a reasoner that could keep a memory; defaults stand for those of a strategy that keeps none."""
    if isinstance(settings, MemorySettings):
        return settings
    names = MemorySettings.model_fields.keys() & type(settings).model_fields.keys()
    return MemorySettings(**{name: getattr(settings, name) for name in names})


def invalid_value(error: ValidationError) -> tuple[str, str]:
    """The name of the first field that pydantic refused, and why, without a full stop."""
    first = error.errors()[0]
    given = str(first["input"])
    shown = brief(given if given.strip() else repr(given))
    why = first["msg"].removeprefix("Value error, ")
    return str(first["loc"][-1]), f"cannot be {shown}: {why[:1].lower()}{why[1:]}"
