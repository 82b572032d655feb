"""Steps and results as one JSON object a line, for ``isump solve --json``."""

from __future__ import annotations

import json
from dataclasses import asdict

from app.store.records import Attempt, Context, Costs, Record
from prompts.memories import TextMemory


def step_line(record: Record, context: Context) -> str:
    """One record: what was thought, what the memory became, what it cost in tokens and seconds."""
    step, found = record.step, record.fidelity
    memory = step.memory_after
    usages = [call.generation.usage for call in step.calls]
    return _line(
        {
            "event": "step",
            "index": record.index,
            "verb": step.verb,
            "round": step.round,
            "thought": step.thought.text if step.thought else None,
            "memory": {"known": memory.known, "next": memory.next} if isinstance(memory, TextMemory) else None,
            "marks": step.marks,
            "numbers": asdict(found) if found else None,
            "equations": [{"text": claim.text, "verdict": claim.verdict} for claim in record.claims],
            "context": context.used,
            "full_history": context.full_history,
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
    return json.dumps(values, ensure_ascii=False, allow_nan=False)
