"""Settings of one attempt: typed on the command line, stored with the attempt, copied by its forks.

Settings(step_tokens=64, memory="rewrite")
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from prompts.brief import brief

MemoryMode = Literal["keep", "add", "rewrite", "fused"]
OnWrong = Literal["mark", "ask", "correct"]
Ablation = Literal["none", "known-only", "next-only", "no-memory"]
MemoryForm = Literal["text", "json"]


class Settings(BaseModel):
    """Settings of a strategy and its reasoner; budgets bound the whole attempt, whatever the strategy."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    memory: MemoryMode = Field(
        default="keep",
        description="isump: keep each thought's result lines, add a line the model writes, have it rewrite all, or "
        "write thought and memory fused in one call",
    )
    ablation: Ablation = Field(default="none", description="isump: show only part of the memory, or none of it")
    drop_question: bool = Field(
        default=False, description="isump: after the first step the question must live in the memory"
    )
    memory_form: MemoryForm = Field(
        default="text", description="a memory the model writes whole: as headed lists, or as schema-bound JSON"
    )
    step_tokens: int = Field(
        default=192, ge=8, le=65536, description="most tokens of one thought, which mostly ends by itself before"
    )
    memory_tokens: int = Field(
        default=160, ge=16, le=65536, description="most tokens of the memory, as the model's tokenizer counts them"
    )
    answer_tokens: int = Field(default=128, ge=8, le=65536, description="tokens set aside for the concluding answer")
    temperature: float = Field(default=0.0, ge=0, le=5, description="0 is greedy")
    seed: int = Field(default=0, ge=0, lt=2**31, description="sampling seed")
    on_wrong: OnWrong = Field(
        default="mark", description="a wrong equation: mark it, ask for the thought again, or correct it and go on"
    )
    samples: int = Field(default=5, ge=1, le=64, description="self_consistency: chains to vote among")
    max_steps: int = Field(default=12, ge=1, le=10_000, description="most thoughts in one attempt")
    max_tokens: int = Field(default=2048, ge=8, le=10_000_000, description="most tokens generated in one attempt")
    max_seconds: float = Field(default=600, gt=0, le=86_400, description="most wall-clock seconds for one attempt")


def invalid_value(error: ValidationError) -> tuple[str, str]:
    """The name of the first field that pydantic refused, and why, without a full stop."""
    first = error.errors()[0]
    given = str(first["input"])
    shown = brief(given if given.strip() else repr(given))
    why = first["msg"].removeprefix("Value error, ")
    return str(first["loc"][-1]), f"cannot be {shown}: {why[:1].lower()}{why[1:]}"
