"""What the tests of reasoners share: one question, and what a request shows of its parts."""

from __future__ import annotations

from prompts.values import PartKind, Question, Request

CLIPS = Question("q", "Ann sold 48 clips in April and half as many in May. How many in all?")


def part_kinds(request: Request) -> list[tuple[str, list[PartKind]]]:
    """The role of each message with the kinds of its parts."""
    return [(message.role, [part.kind for part in message.parts]) for message in request.messages]
