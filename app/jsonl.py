"""Steps and results as one JSON object a line, for ``isump solve --json``."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from app.attempt_view import AttemptView
from app.session import Ended, Event
from app.store.records import Attempt, ContextSize, Costs, Record


class JsonPrinter:
    """Prints each step and the result of an attempt as they come."""

    def __enter__(self) -> JsonPrinter:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, event: Event, view: AttemptView) -> None:
        """Print what an event says; ``view`` has it folded in already."""
        match event:
            case Record():
                print(step_line(event, view.sizes[-1]), flush=True)
            case Ended(attempt, costs):
                print(result_line(attempt, costs), flush=True)


def step_line(record: Record, size: ContextSize) -> str:
    """One record: what was thought, what the memory became, what was found in it, its cost in tokens and seconds."""
    step = record.step
    usages = [call.generation.usage for call in step.calls]
    return _line(
        {
            "event": "step",
            "index": record.index,
            "verb": step.verb,
            "round": step.round,
            "thought": step.thought.text if step.thought else None,
            "memory": json.loads(step.memory_after.encode().text),
            "marks": step.marks,
            "findings": [asdict(finding) for finding in record.findings],
            "context": size.used,
            "full_history": size.full_history,
            "prompt_tokens": sum(usage.prompt for usage in usages),
            "cached_tokens": sum(usage.cached for usage in usages),
            "generated": sum(usage.completion for usage in usages),
            "seconds": round(sum(call.generation.seconds for call in step.calls), 3),
        }
    )


def result_line(attempt: Attempt, costs: Costs) -> str:
    """The end: the answer or null, why it ended, every cost."""
    return _line(
        {
            "event": "result",
            "attempt": attempt.id,
            "strategy": attempt.spec.strategy,
            "model": attempt.spec.model,
            "answer": attempt.answer,
            "ending": attempt.ending,
            **asdict(costs),
            "processed": costs.processed,
        }
    )


def _line(values: dict[str, object]) -> str:
    readable = (sys.stdout.encoding or "").lower().startswith("utf")  # elsewhere a letter may have no code
    return json.dumps(values, ensure_ascii=not readable, allow_nan=False)
