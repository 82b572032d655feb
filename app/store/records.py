"""The values a trace store writes and reads: runs, attempts, steps with their findings, costs.

A Record is a ``Step`` with its number and its findings; the live view and a replay from the store see equal Records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from app.text import format_number
from prompts.checks import DEFAULT_CHECKS, findings
from prompts.settings import Settings
from prompts.steps import Step, Verb
from prompts.values import Call, Ending, Finding, Question

Status = Literal["running", "done", "error"]


@dataclass(frozen=True, slots=True)
class Record:
    """A step as stored: its number from 0, and what the mechanical checks found in it."""

    index: int
    step: Step
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class AttemptSpec:
    """An attempt before it starts; ``checks`` are keys of ``prompts.checks.CHECKS``."""

    question: Question
    strategy: str
    backend: str
    model: str
    settings: Settings
    run: int | None = None
    parent: int | None = None
    forked_at_step: int | None = None
    checks: tuple[str, ...] = DEFAULT_CHECKS


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt as the store has it; ``answer`` may be none when it is done.

    Attributes:
        started: Unix seconds.
        seconds: How long it took by a monotonic clock, once it has ended.
    """

    id: int
    spec: AttemptSpec
    status: Status
    error: str | None
    answer: str | None
    completion: str
    ending: Ending | None
    started: float
    seconds: float | None


COST_UNITS = {
    "peak_context": "tokens",
    "generated": "tokens",
    "prompt_tokens": "tokens",
    "cached_tokens": "tokens",
    "processed": "tokens",
    "attention_area": "token pairs",
    "calls": "calls",
    "steps": "steps",
    "seconds": "s",
}
"""The costs of one attempt, in the order they are shown, with their units."""


def cost_unit(name: str) -> str:
    """The unit of a cost, where its name does not say it already."""
    return "" if name.startswith(COST_UNITS[name]) else COST_UNITS[name]


@dataclass(frozen=True, slots=True)
class Costs:
    """The cost of an attempt's context, in tokens by the backend's own count.

    ``attention_area`` sums, over generated tokens, the tokens each attends to: a call with ``p`` prompt and ``c``
    completion tokens adds ``c * p + c * (c + 1) / 2`` (the Dep of LightThinker, 2502.15589, the token itself counted).
    """

    peak_context: int = 0
    generated: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    attention_area: int = 0
    calls: int = 0
    steps: int = 0
    seconds: float = 0.0

    @property
    def processed(self) -> int:
        """Tokens the model computed: prompt tokens it had not cached, and generated ones."""
        return self.prompt_tokens - self.cached_tokens + self.generated

    def after(self, step: Step) -> Costs:
        """The costs with one more step; equal to what the store adds up from its rows."""
        usages = [call.generation.usage for call in step.calls]
        return replace(
            self,
            peak_context=max([self.peak_context, *(usage.prompt + usage.completion for usage in usages)]),
            generated=self.generated + sum(usage.completion for usage in usages),
            prompt_tokens=self.prompt_tokens + sum(usage.prompt for usage in usages),
            cached_tokens=self.cached_tokens + sum(usage.cached for usage in usages),
            attention_area=self.attention_area
            + sum(u.completion * u.prompt + u.completion * (u.completion + 1) // 2 for u in usages),
            calls=self.calls + len(usages),
            steps=self.steps + 1,
        )

    def describe(self) -> dict[str, str]:
        """Every cost with its unit, by a short name."""
        units = {name: "" if unit == name else f" {unit.split()[-1]}" for name, unit in COST_UNITS.items()}
        names = {name: name.removesuffix("_tokens").replace("_", " ") for name in units}
        return {names[name]: f"{format_number(getattr(self, name))}{unit}" for name, unit in units.items()}


@dataclass(frozen=True, slots=True)
class Identity:
    """The inputs of a run besides its settings that decide its numbers; a resumed run must have the same.

    Attributes:
        items: Hash of each item, question and gold, in the order asked.
        prompts: Hash of every text that is sent to a model, by its path.
        model: The backend's fingerprint of its model.
        engine: Package and version of what runs the model, "" where another machine does.
        program: Version of the program.
        commit: Its git commit, "" outside a checkout; told to the reader, not compared.
    """

    items: tuple[str, ...] = ()
    prompts: Mapping[str, str] = field(default_factory=dict)
    model: str = ""
    engine: str = ""
    program: str = ""
    commit: str = ""


@dataclass(frozen=True, slots=True)
class RunSpec:
    """A run before it starts.

    Attributes:
        task: Key of ``evals.tasks.TASKS`` that the questions and scorers came from.
        questions: Name of the set of questions, such as "gsm8k/test"; runs are compared when it is the same.
        task_version: Version of the task's items and scorers.
        primary: The scorer that counts.
        checks: The mechanical checks its traces get.
        source: The task's own options, as JSON values, so that a resumed run asks the same questions.
        n: How many questions.
        identity: What else makes its numbers.
    """

    task: str
    questions: str
    task_version: str
    primary: str
    strategy: str
    backend: str
    model: str
    settings: Settings
    source: Mapping[str, Any]
    n: int
    checks: tuple[str, ...] = DEFAULT_CHECKS
    identity: Identity = Identity()


@dataclass(frozen=True, slots=True)
class Run:
    """A run as the store has it; ``started`` in Unix seconds."""

    id: int
    spec: RunSpec
    started: float


@dataclass(frozen=True, slots=True)
class ItemResult:
    """The attempt that counts at one question of a run, with its scores by scorer and its costs.

    It is the one that is done, whatever came after it, and else the newest.

    ``question`` is what was asked, as the ids of its text and of its long context: the same in one store for the same
    texts, whatever their ``question_id``.
    """

    question_id: str
    question: tuple[int, int | None]
    attempt: int
    status: Status
    answer: str | None
    error: str | None
    scores: Mapping[str, float | None]
    costs: Costs


@dataclass(frozen=True, slots=True)
class ContextSize:
    """The context of one call in tokens, and what the same call would have held with the full history kept."""

    used: int
    full_history: int


@dataclass(frozen=True, slots=True)
class CallUsage:
    """Token counts of a step: the verb, and each call's (prompt, completion) tokens.

    ``heading`` are the completion tokens of a summary that go on in the thought: the next heading, not a memory.
    """

    verb: Verb
    tokens: tuple[tuple[int, int], ...]
    heading: int = 0


def record(index: int, step: Step, question: Question, thought: str, checks: Iterable[str]) -> Record:
    """Number a step and run the checks on it; ``thought`` is the text of the newest thought before it."""
    return Record(index, step, (*step.findings, *findings(question, step, thought, checks)))


def usages(records: Iterable[Record]) -> list[CallUsage]:
    """The token counts of each record's calls."""

    def counted(call: Call) -> tuple[int, int, bool]:
        return call.generation.usage.prompt, call.generation.usage.completion, bool(call.request.stop)

    return [call_usage(record.step.verb, list(map(counted, record.step.calls))) for record in records]


def call_usage(verb: Verb, calls: Sequence[tuple[int, int, bool]]) -> CallUsage:
    """The token counts of a step's calls, each prompt, completion, and whether it had stop texts, as a heading has."""
    heading = sum(completion for _, completion, stops in calls if stops) if verb == "summarize" else 0
    return CallUsage(verb, tuple((prompt, completion) for prompt, completion, _ in calls), heading)


def context_sizes(steps: Iterable[CallUsage]) -> list[ContextSize]:
    """One entry a step: its largest call, and an estimate of that call in a loop that keeps every thought.

    The estimate is the attempt's first prompt, plus every earlier thought, plus this call's completion, all by the
    backend's own counts; summaries would not exist in such a loop, so theirs repeats the thought's. A history of pieces
    that were read is not estimated: their calls count as they are.
    """
    curve: list[ContextSize] = []
    first = thoughts = 0
    for step in steps:
        used = max((prompt + completion for prompt, completion in step.tokens), default=0)
        full = curve[-1].full_history if curve else 0
        if step.tokens and step.verb not in ("summarize", "read"):
            first = first or step.tokens[0][0]
            thoughts += max(completion for _, completion in step.tokens)
            full = first + thoughts
        elif step.heading:
            thoughts += step.heading
            full = first + thoughts
        elif step.verb == "read":
            full = max(full, used)
        curve.append(ContextSize(used, full))
    return curve
