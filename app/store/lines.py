"""Traces as JSON lines, to be carried from one store to another or read by other programs.

    {"line":"head","format":"isump traces","version":1,"program":"0.1.0"}
    {"line":"run","run":3,"spec":{...},"program":"0.1.0","started":1795276770.5}
    {"line":"attempt","attempt":5,"spec":{...,"run":3},"status":"done","answer":"7",...,"scores":{...}}
    {"line":"step","of":5,"index":0,"verb":"step","calls":[...],"findings":[...],...}
    {"line":"end","runs":1,"attempts":1,"steps":1}

A run comes before its attempts, an attempt before its forks, and right after an attempt its steps in order. Numbers are
those of the store that was exported. Binary data is base64, times are Unix seconds. The last line says that nothing is
missing.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from app.store.records import AttemptSpec, Record, RunSpec
from prompts.checks import Finding
from prompts.memories import Encoded, decode
from prompts.steps import Ending, Step, Verb
from prompts.values import Answer, Call, Score, Thought

VERSION = 1
"""Version of the format; a reader refuses one that it does not know."""


class Line(BaseModel):
    """One line; what it does not know is refused, and so is a value of another type."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        ser_json_bytes="base64",
        val_json_bytes="base64",
        ser_json_inf_nan="constants",
    )


class Head(Line):
    """The first line."""

    line: Literal["head"] = "head"
    format: Literal["isump traces"] = "isump traces"
    version: Literal[1] = VERSION
    program: str


class RunLine(Line):
    """A run; ``program`` is the version that began it."""

    line: Literal["run"] = "run"
    run: int
    spec: RunSpec
    program: str
    started: float


class AttemptLine(Line):
    """An attempt that has ended, with its scores; its spec names its run and its parent."""

    line: Literal["attempt"] = "attempt"
    attempt: int
    spec: AttemptSpec
    status: Literal["done", "error"]
    error: str | None
    answer: str | None
    completion: str
    ending: Ending | None
    started: float
    finished: float | None
    scores: dict[str, Score]


class StepLine(Line):
    """A step of the attempt ``of``."""

    line: Literal["step"] = "step"
    of: int
    index: int
    verb: Verb
    round: int
    memory_before: Encoded
    memory_after: Encoded
    calls: tuple[Call, ...]
    marks: tuple[str, ...]
    thought: Thought | None
    answer: Answer | None
    ending: Ending | None
    findings: tuple[Finding, ...]


class End(Line):
    """The last line: how many of each came before it."""

    line: Literal["end"] = "end"
    runs: int = 0
    attempts: int = 0
    steps: int = 0


AnyLine = Annotated[Head | RunLine | AttemptLine | StepLine | End, Field(discriminator="line")]
parse_line = TypeAdapter[Head | RunLine | AttemptLine | StepLine | End](AnyLine).validate_json
"""A line of text or bytes as a value; raises ``ValueError`` when it is none."""


def step_line(attempt: int, record: Record) -> StepLine:
    """The line of a record."""
    step = record.step
    return StepLine(
        of=attempt,
        index=record.index,
        verb=step.verb,
        round=step.round,
        memory_before=step.memory_before.encode(),
        memory_after=step.memory_after.encode(),
        calls=step.calls,
        marks=step.marks,
        thought=step.thought,
        answer=step.answer,
        ending=step.ending,
        findings=record.findings,
    )


def read_record(line: StepLine) -> Record:
    """The record of a line; raises ``LookupError`` or ``ValueError`` when it holds no memory of a known kind."""
    step = Step(
        line.verb,
        line.round,
        decode(line.memory_before),
        decode(line.memory_after),
        line.calls,
        line.marks,
        line.thought,
        line.answer,
        line.ending,
    )
    return Record(line.index, step, line.findings)
