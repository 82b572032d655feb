"""What a server with OpenAI's API answers, validated before anything of it is used.

    completion = read(Completion, b'{"choices": [...], "usage": {...}}')     or Malformed, saying where

Fields that are not read here may hold anything. A number is a whole number within bounds, never a bool, a float or
text; JSON that repeats a key, holds NaN or half a character, or is nested more than 200 deep is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Self, TypeVar

import jiter
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

MOST_TOKENS = 2**24
"""More than any context holds, and few enough that sums of products of them stay within the store's 64 bits."""
LONGEST_NAME = 200
"""Characters of a model's name."""

M = TypeVar("M", bound="Wire")
Tokens = Annotated[int, Field(ge=0, le=MOST_TOKENS)]


class Malformed(Exception):
    """An answer that is not of the form it should have; the message says where, in a few words."""


class ErrorTold(Exception):
    """An error of the server where the answer should be."""

    def __init__(self, said: ServerError) -> None:
        super().__init__("the server told an error")
        self.said = said


class Wire(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class Details(Wire):
    """How many of the prompt's tokens were read from the server's cache."""

    cached_tokens: Tokens | None = None


class Counts(Wire):
    """The tokens of one completion."""

    prompt_tokens: Tokens
    completion_tokens: Tokens
    prompt_tokens_details: Details | None = None

    @model_validator(mode="after")
    def _cached_are_of_the_prompt(self) -> Self:
        if self.cached > self.prompt_tokens:
            raise PydanticCustomError("cached", "counts more cached tokens than the prompt has")
        return self

    @property
    def cached(self) -> int:
        """Tokens read from the cache; none when the server does not say."""
        return (self.prompt_tokens_details and self.prompt_tokens_details.cached_tokens) or 0


class Said(Wire):
    """A message of the model, or a piece of one."""

    content: str | None = None


class Choice(Wire):
    """A whole reply."""

    message: Said
    finish_reason: str | None = None


class Completion(Wire):
    """The answer to a request for a whole reply; one choice was asked for."""

    choices: list[Choice] = Field(min_length=1, max_length=16)
    usage: Counts | None = None


class ChunkChoice(Wire):
    """A piece of a reply, or its end."""

    index: int = 0
    delta: Said = Said()
    finish_reason: str | None = None


class Chunk(Wire):
    """One event of a streamed reply; the last ones tell the finish reason and the usage."""

    choices: list[ChunkChoice] | None = Field(default=None, max_length=16)
    usage: Counts | None = None


class Listed(Wire):
    """A model that the server offers."""

    id: str = Field(min_length=1, max_length=LONGEST_NAME)


class ModelList(Wire):
    """The answer to the question which models there are."""

    data: list[Listed]

    @field_validator("data", mode="before")
    @classmethod
    def _the_first_is_enough(cls, data: object) -> object:
        return data[:1] if isinstance(data, list) else data


class TokenList(Wire):
    """The answer of llama.cpp's server to a text to be tokenized."""

    tokens: list[int] = Field(fail_fast=True)


@dataclass(frozen=True, slots=True)
class ServerError:
    """What a server says of a failure: a message, which may be long and hostile, and what it counted."""

    message: str = ""
    overflows: bool = False
    prompt_tokens: int | None = None
    context: int | None = None


def parse(body: bytes) -> Any:
    """The JSON in a body; raises ``Malformed``."""
    try:
        return jiter.from_json(body, allow_inf_nan=False, catch_duplicate_keys=True, cache_mode="none")
    except ValueError as error:
        raise Malformed(f"its answer is not JSON: {error}") from None


def read(kind: type[M], body: bytes) -> M:
    """The body as a value of ``kind``; raises ``Malformed``, or ``ErrorTold`` when it holds an error instead."""
    value = parse(body)
    if not isinstance(value, dict):
        raise Malformed("its answer is no JSON object")
    if value.get("error"):
        raise ErrorTold(error_in(value))
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        raise Malformed(_where(error)) from None


def error_in(value: object) -> ServerError:
    """The error in a body, whatever it holds: OpenAI's ``error`` object, FastAPI's ``detail``, a list, or bare text."""
    if isinstance(value, list) and value:
        value = value[0]
    inner = value.get("error", value) if isinstance(value, dict) else value
    if not isinstance(inner, dict):
        return ServerError(str(inner) if inner else "")
    message = str(inner.get("message") or inner.get("detail") or inner or "")
    overflows = inner.get("type") == "exceed_context_size_error" or inner.get("code") == "context_length_exceeded"
    return ServerError(message, overflows, _count(inner.get("n_prompt_tokens")), _count(inner.get("n_ctx")))


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 < value <= MOST_TOKENS else None


_WRONG = {
    "too_long": "is too long",
    "model_type": "is no object",
    "list_type": "is no list",
    "int_type": "is no whole number",
    "string_type": "is no text",
    "string_too_short": "is empty",
    "string_too_long": "is too long",
    "greater_than_equal": "is negative",
    "less_than_equal": "is too large",
}


def _where(error: ValidationError) -> str:
    """The first fault, such as "choices[0].message in its answer is no object"; tells nothing of what stood there."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"]).removeprefix(".")
    if first["type"] in ("missing", "too_short"):
        return f"its answer has no {place}"
    return f"{place} in its answer {_WRONG.get(first['type'], first['msg'])}"
