"""What a trace keeps of a step, and what it kept of an attempt: the values the store writes and the screens read.

A Record is a ``Step`` with its number and what was computed from it mechanically; the live view and a replay
from the store see equal Records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from graphs.reasoner import Ending, Step
from prompts.checks.equations import Claim, claims
from prompts.checks.fidelity import Fidelity, fidelity
from prompts.settings import Settings
from prompts.values import Question, TextMemory


@dataclass(frozen=True, slots=True)
class Record:
    """A step as stored: ``fidelity`` for summaries in words, ``claims`` for thoughts; both computed, never asked."""

    index: int
    step: Step
    fidelity: Fidelity | None = None
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True, slots=True)
class AttemptSpec:
    """What an attempt is before it starts."""

    question: Question
    strategy: str
    backend: str
    model: str
    settings: Settings
    run: int | None = None
    parent: int | None = None
    forked_at_step: int | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt as the store has it; ``status`` is running, done or error, and ``answer`` may be none when done."""

    id: int
    spec: AttemptSpec
    status: str
    error: str | None
    answer: str | None
    completion: str
    ending: Ending | None
    started: float
    finished: float | None


@dataclass(frozen=True, slots=True)
class Costs:
    """What an attempt's context cost, in tokens by the engine's own count (design: "what context costs").

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
        """Tokens the engine computed: prompt tokens it had not cached, and generated ones."""
        return self.prompt_tokens - self.cached_tokens + self.generated


@dataclass(frozen=True, slots=True)
class RunSpec:
    """What a run is before it starts; ``source`` says which questions, so that a resumed run asks the same ones."""

    task: str
    task_version: str
    strategy: str
    backend: str
    model: str
    settings: Settings
    source: dict[str, str | int | None]
    n: int


@dataclass(frozen=True, slots=True)
class Run:
    """A run as the store has it."""

    id: int
    spec: RunSpec
    started: float


@dataclass(frozen=True, slots=True)
class Score:
    """What one scorer said; ``value`` is 1, 0, or ``None`` when it could not judge."""

    scorer: str
    value: float | None
    extracted: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Item:
    """The newest attempt at one question of a run."""

    question_id: str
    attempt: int
    status: str
    answer: str | None
    error: str | None
    scores: Mapping[str, float | None]
    costs: Costs


@dataclass(frozen=True, slots=True)
class Context:
    """The context of one call in tokens, and what the same call would have held with the full history kept."""

    used: int
    full_history: int


def record(index: int, step: Step, question: Question, thought: str) -> Record:
    """Number a step and compute what is mechanical: ``thought`` is the text of the newest thought before it."""
    before, after = step.memory_before, step.memory_after
    traced = None
    if step.verb == "summarize" and isinstance(before, TextMemory) and isinstance(after, TextMemory):
        traced = fidelity(question.text, before, thought, after)
    return Record(index, step, traced, claims(step.thought.text) if step.thought else ())


def contexts(records: Iterable[Record]) -> list[Context]:
    """One entry a record: its largest call, and an estimate of that call in a loop that keeps every thought.

    The estimate is the attempt's first prompt, plus every earlier thought, plus this call's completion, all by the
    engine's own counts; summaries would not exist in such a loop, so theirs repeats the thought's.
    """
    curve: list[Context] = []
    first = thoughts = 0
    for item in records:
        usages = [call.generation.usage for call in item.step.calls]
        used = max((usage.prompt + usage.completion for usage in usages), default=0)
        full = curve[-1].full_history if curve else 0
        if usages and item.step.verb != "summarize":
            first = first or usages[0].prompt
            full = first + thoughts + usages[-1].completion
            thoughts += usages[-1].completion
        curve.append(Context(used, full))
    return curve
