"""Self-consistency (Wang et al., 2203.11171): k chains of thought in parallel, the most frequent answer wins.

python -m app solve "..." --strategy self_consistency --samples 5 --temperature 0.7
"""

from __future__ import annotations

import operator
from typing import Annotated, Any

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


class VotingSettings(Settings):
    """Settings of self-consistency; greedy chains would all be the same one, 0.7 is the paper's (section 3.1)."""

    temperature: float = Field(default=0.7, ge=0, le=5, description="0 is greedy")
    samples: int = Field(default=5, ge=1, le=64, description="chains to vote among")


class Votes(State):
    """The loop state and one list that holds at most k thoughts; ``sample`` is the number of a chain."""

    sample: int
    thoughts: Annotated[list[Thought], operator.add]


async def step(state: Votes, runtime: Runtime[Resources]) -> dict[str, Any]:
    """Think the whole problem through once; chain ``sample`` has its own seed."""
    resources, memory, sample = runtime.context, state["memory"], state["sample"]
    limit = resources.settings.max_tokens // _samples(resources)
    result = await with_deadline(
        lambda: resources.reasoner.step(state["question"], memory, limit=limit, sample=sample), resources.deadline
    )
    if result is None:
        return {"thoughts": []}
    runtime.stream_writer(thinking(sample + 1, memory, result))
    return {"thoughts": [result.value]}


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
    return [Send("step", {**state, "sample": i}) for i in range(_samples(runtime.context))]


def _samples(resources: Resources) -> int:
    assert isinstance(resources.settings, VotingSettings), "the settings of an attempt are its strategy's"
    return resources.settings.samples


def build() -> Graph:
    """Compile k x step -> conclude."""
    graph = StateGraph(Votes, context_schema=Resources, input_schema=State)
    graph.add_node(step)
    graph.add_node(conclude)
    graph.add_conditional_edges(START, _chains, ["step"])
    graph.add_edge("step", "conclude")
    graph.add_edge("conclude", END)
    return graph.compile()


STRATEGY = Strategy(
    "self_consistency",
    "several chains of thought in parallel, the most frequent answer wins",
    build,
    VotingSettings,
    PromptReasoner,
    templates="cot",
    parallel_calls=lambda settings: settings.samples,
)
