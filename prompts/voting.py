"""Votes on a step: of several continuations of the same work, the one whose result most of them share.

    elect(question, (first, second, third)).marks   -> ("2 of 3 votes for 36",)

Results agree when they come to the same values. What the question's verifier finds an error in has no vote.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

from prompts.answers import canonical
from prompts.checks import VERIFIERS
from prompts.checks.numbers import number
from prompts.liveness import results_of
from prompts.results import canonical as same_words
from prompts.values import Question, Thought, VerbResult


def elect(question: Question, drawn: Sequence[VerbResult[Thought]]) -> VerbResult[Thought]:
    """The first of the continuations that most agree on, with the calls of all; the first of all where none has a vote.

    Among those that agree the majority also says whether the work ends here.
    """
    verify = VERIFIERS[question.verifier]
    sound = [each for each in drawn if verify(question, each.value.text, -1) is None]
    ballots = [(key, each) for each in sound if (key := ballot(each.value)) is not None]
    calls, out = tuple(call for each in drawn for call in each.calls), len(drawn) - len(sound)
    marks = (f"{out} of {len(drawn)} without a vote: wrong",) if out else ()
    if not ballots:
        chosen = sound[0] if sound else drawn[0]
        return VerbResult(chosen.value, calls, (*chosen.marks, *marks, "no votes"), chosen.findings)
    (winner, count), *_ = Counter(key for key, _ in ballots).most_common(1)
    agreed = [each for key, each in ballots if key == winner]
    ended = [each for each in agreed if each.value.answer is not None]
    rest = [each for each in agreed if each.value.answer is None]
    chosen = ended[0] if len(ended) > len(rest) else rest[0] if rest else ended[0]
    told = f"{count} of {len(drawn)} votes for {chosen.value.answer or chosen.value.result}"
    return VerbResult(chosen.value, calls, (*chosen.marks, *marks, told), chosen.findings)


def ballot(thought: Thought) -> Hashable | None:
    """What a thought votes for: the values it comes to, or its words; ``None`` where it comes to nothing."""
    if thought.answer is not None:
        value = number(thought.answer)
        return frozenset({value}) if value is not None else canonical(thought.answer)
    return frozenset(results_of(thought.result)) or same_words(thought.result) or None
