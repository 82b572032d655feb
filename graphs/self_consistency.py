"""Self-consistency (Wang et al., 2203.11171): k chains of thought in parallel, the most frequent answer wins.

python -m app solve "..." --strategy self_consistency --samples 5 --temperature 0.7
python -m app solve "..." --strategy self_consistency --token-budget 2000
"""

from __future__ import annotations

import asyncio
import operator
from typing import Annotated, Any, Literal

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Send
from pydantic import Field

from graphs.nodes import Resources, State, with_deadline
from graphs.strategy import Graph, Strategy
from prompts.answers import vote
from prompts.reasoner import PromptReasoner
from prompts.settings import Settings
from prompts.steps import Step, thinking
from prompts.values import Answer, Ending, Thought

MIN_CHAIN = 8
"""Tokens below which no other chain is begun."""


class VotingSettings(Settings):
    """Settings of self-consistency; greedy chains would all be the same one, 0.7 is the paper's (section 3.1)."""

    temperature: float = Field(default=0.7, ge=0, le=5, description="0 is greedy")
    samples: int = Field(default=5, ge=1, le=64, description="chains to vote among")
    token_budget: int = Field(
        default=0, ge=0, le=10_000_000, description="chains one after another until so many tokens; 0: by number"
    )


class Votes(State):
    """The loop state, the thoughts so far and what they took; ``sample`` is the number of a chain."""

    sample: int
    generated: Annotated[int, operator.add]
    thoughts: Annotated[list[Thought], operator.add]


async def step(state: Votes, runtime: Runtime[Resources]) -> dict[str, Any]:
    """Think the whole problem through once; chain ``sample`` has its own seed."""
    resources, memory, sample = runtime.context, state["memory"], state["sample"]
    settings = _settings(runtime)
    left = settings.token_budget - state.get("generated", 0)
    limit = min(left, settings.max_tokens) if settings.token_budget else settings.max_tokens // settings.samples
    result = await with_deadline(
        lambda: resources.reasoner.step(state["question"], memory, limit=limit, sample=sample), resources.deadline
    )
    if result is None:
        return {"thoughts": []}
    runtime.stream_writer(thinking(sample + 1, memory, result))
    return {"thoughts": [result.value], "generated": result.generated}


async def conclude(state: Votes, runtime: Runtime[Resources]) -> dict[str, Any]:
    """Take the most frequent answer among the chains; none when no chain reached one."""
    thoughts = state["thoughts"]
    answer = vote([thought.answer for thought in thoughts])
    source = next((thought.text for thought in thoughts if answer is not None and thought.answer == answer), "")
    unanswered = Ending.STEP_LIMIT if thoughts else Ending.TIME_LIMIT
    ending = Ending.ANSWERED if answer is not None else unanswered
    votes = tuple(f"chain {i} of {len(thoughts)}: {t.answer or 'no answer'}" for i, t in enumerate(thoughts, 1))
    memory = state["memory"]
    runtime.stream_writer(
        Step("conclude", len(thoughts), memory, memory, marks=votes, answer=Answer(answer, source), ending=ending)
    )
    return {"ending": ending}


def _chains(state: Votes, runtime: Runtime[Resources]) -> list[Send]:
    settings = _settings(runtime)
    return [Send("step", {**state, "sample": at}) for at in range(1 if settings.token_budget else settings.samples)]


async def _more(state: Votes, runtime: Runtime[Resources]) -> Send | Literal["conclude"]:
    """One more chain, as long as there are tokens for it and there is time."""
    left = _settings(runtime).token_budget - state["generated"]
    if left < MIN_CHAIN or asyncio.get_running_loop().time() >= runtime.context.deadline:
        return "conclude"
    return Send("step", {**state, "sample": len(state["thoughts"])})


def _settings(runtime: Runtime[Resources]) -> VotingSettings:
    settings = runtime.context.settings
    assert isinstance(settings, VotingSettings), "the settings of an attempt are its strategy's"
    return settings


def build() -> Graph:
    """Compile k x step -> conclude, or step … -> conclude within a budget of tokens."""
    graph = StateGraph(Votes, context_schema=Resources, input_schema=State)
    graph.add_node(step)
    graph.add_node(conclude)
    graph.add_conditional_edges(START, _chains, ["step"])
    graph.add_conditional_edges("step", _more, ["step", "conclude"])
    graph.add_edge("conclude", END)
    return graph.compile()


STRATEGY = Strategy(
    "self_consistency",
    "several chains of thought in parallel, the most frequent answer wins",
    build,
    VotingSettings,
    PromptReasoner,
    templates="cot",
    parallel_calls=lambda settings: 1 if settings.token_budget else settings.samples,
)
