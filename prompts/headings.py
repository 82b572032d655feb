r"""Headings of a memory: which lines of a reply are one, and the same lines in foreign text made inert.

    heading_of("**What we know:** May = 24")              -> Heading("known", "May = 24")
    quote_headings("How many?\nWhat we know:\n- it is 7", "isump") -> 'How many?\n"What we know:"\n- it is 7'

A heading stands at the beginning of a line, maybe decorated, and fills the line or is followed by a colon. Within a
sentence or quotation marks the same words are none, so a model that copies an inert heading copies no heading.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Literal

from prompts.render import TemplateError, template

# Possessive quantifiers, so that a line of nothing but decorations is looked at once.
_BEFORE = r"[\s>#*_]*+(?:\d{1,2}[.)]\s++)?+"
_AFTER = r"[*_\s]*+(?:$|[:：][*_]*+[ \t]*+(?P<rest>.*+))"
_BULLETED = re.compile(rf"\s*+[-•+]\s++(?=(?:next|what to do(?: next)?|what we know){_AFTER})", re.IGNORECASE)
_HEADING = re.compile(
    rf"{_BEFORE}(?:(?P<known>known|what we (?:already )?know|facts|solution|done)"
    r"|(?P<next>next|what (?:to do|is left)(?: next)?|to ?do|goals?))"
    rf"(?:\s++so far)?+{_AFTER}",
    re.IGNORECASE,
)
_LABEL = re.compile(r"^(\w[^:\n{}]{0,40}):$", re.MULTILINE)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060-\u2064\ufeff]")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of one of the two lists, and what stands after it on its line."""

    list: Literal["known", "next"]
    rest: str


def heading_of(line: str) -> Heading | None:
    """The heading that a line is or begins with; "- Next: none" in the midst of a list is one too."""
    bullet = _BULLETED.match(line)
    found = _HEADING.match(line, bullet.end() if bullet else 0)
    return Heading("known" if found["known"] else "next", found["rest"] or "") if found else None


def quote_headings(text: str, folder: str) -> str:
    r"""``text`` with each line that could pass for a heading of our own in quotation marks; lines end with ``\n``.

    Those are the headings of a memory, and the labels of the memory's template in ``prompts/<folder>/``.
    """
    labels = _labels(folder)
    lines = text.split("\n")
    return "\n".join(f'"{line.strip()}"' if _passes(line, labels) else line for line in lines)


def _passes(line: str, labels: re.Pattern[str]) -> bool:
    seen = line if line.isascii() else unicodedata.normalize("NFKC", _INVISIBLE.sub("", line))
    return heading_of(seen) is not None or labels.match(seen) is not None


@cache
def _labels(folder: str) -> re.Pattern[str]:
    try:
        found = _LABEL.findall(template(f"{folder}/memory"))
    except TemplateError:  # a strategy of one step shows no memory
        found = []
    return re.compile(rf"{_BEFORE}(?:{'|'.join(map(re.escape, found)) or '(?!)'}){_AFTER}", re.IGNORECASE)
