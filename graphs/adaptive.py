"""Adaptive effort: a few short drafts first, and the loop of isump only where they disagree.

    python -m app solve "..." --strategy adaptive --samples 3

The drafts are chains of draft (2502.18600) drawn at a temperature of their own; where all of them come to the same
answer it is given, at a fraction of the tokens.
"""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from langgraph.graph import START, StateGraph
from langgraph.runtime import Runtime
from pydantic import Field

from graphs import isump
from graphs.nodes import Resources, State, out_of_budget, tokens_left, with_deadline
from graphs.strategy import Graph, Strategy
from prompts.answers import canonical
from prompts.backend import Backend
from prompts.drafts import DraftingReasoner
from prompts.settings import MemorySettings
from prompts.steps import thinking
from prompts.values import Ending, Thought, VerbResult


class AdaptiveSettings(MemorySettings):
    """Settings of adaptive effort."""

    samples: int = Field(default=3, ge=2, le=64, description="drafts that have to agree")
    draft_tokens: int = Field(default=128, ge=8, le=65536, description="most tokens of one draft")
    draft_temperature: float = Field(default=0.7, ge=0, le=5, description="of the drafts; the loop has its own")


def reasoner(backend: Backend, settings: AdaptiveSettings, templates: str) -> DraftingReasoner:
    """The reasoner of isump, which also drafts."""
    return DraftingReasoner(backend, settings, templates, settings.draft_temperature)


async def draft(state: State, runtime: Runtime[Resources]) -> dict[str, Any]:
    """Answer several times in short; the answer stands if it is the same each time."""
    resources, settings = runtime.context, runtime.context.settings
    assert isinstance(settings, AdaptiveSettings), "the settings of an attempt are its strategy's"
    limit = min(settings.draft_tokens, tokens_left(state, settings) // settings.samples)

    async def all_drafts() -> VerbResult[Thought]:
        samples = range(1, settings.samples + 1)
        reason, question, memory = resources.reasoner.step, state["question"], state["memory"]
        return _agreed(await asyncio.gather(*(reason(question, memory, limit=limit, sample=at) for at in samples)))

    result = await with_deadline(all_drafts, resources.deadline)
    if result is None:
        return {"ending": Ending.TIME_LIMIT}
    runtime.stream_writer(thinking(1, state["memory"], result))
    agreed = result.value.answer is not None
    return {
        "thought": result.value if agreed else None,
        "round": 1,
        "spent": result.generated,
        "ending": Ending.ANSWERED if agreed else out_of_budget(1, result.generated, settings),
    }


def _agreed(drafts: list[VerbResult[Thought]]) -> VerbResult[Thought]:
    """The first of the drafts, with their answer if it is the same in all."""
    calls = tuple(call for each in drafts for call in each.calls)
    answers = [each.value.answer for each in drafts]
    told = tuple(f"draft {at} of {len(drafts)}: {answer or 'no answer'}" for at, answer in enumerate(answers, 1))
    same = None not in answers and len({canonical(answer or "") for answer in answers}) == 1
    return VerbResult(Thought(drafts[0].value.text, answers[0] if same else None), calls, told)


def _begin(state: State) -> Literal["draft", "step"]:
    return "step" if state["round"] else "draft"


def build() -> Graph:
    """Compile draft -> conclude, or draft -> the loop of isump."""
    graph = StateGraph(State, context_schema=Resources)
    graph.add_node(draft)
    isump.add_loop(graph)
    graph.add_conditional_edges(START, _begin)
    graph.add_conditional_edges("draft", isump.route, {"go on": "step", "conclude": "conclude"})
    return graph.compile()


STRATEGY = Strategy(
    "adaptive",
    "short drafts first, step by step where they disagree",
    build,
    AdaptiveSettings,
    reasoner,
    templates="isump",
    resumable=True,
    parallel_calls=lambda settings: settings.samples,
)
