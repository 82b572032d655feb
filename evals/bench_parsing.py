r"""Benchmark: the time of every reader of questions and replies against the length of hostile text.

    python -m evals.bench_parsing

Each reader gets texts that repeat what its patterns begin with, such as ``#### #### ...``, at three lengths, and the
growth is the exponent that leads from the shortest to the longest: 1 when twice the text takes twice the time, 2 when
it takes four times as long. The table shows each reader's slowest text and its steepest growth; the exit code is 1
when a growth is well above 1. Processor time is measured, the best of several tries, so that a busy machine does
not count.
"""

from __future__ import annotations

if __name__ == "__main__":
    from app.starting import starting

    starting()

import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from pydantic import Field
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app import program
from app.arguments import parse
from app.config import Environment
from prompts.answers import ANSWER_FORMS
from prompts.checks.equations import claims
from prompts.checks.fidelity import fidelity
from prompts.checks.numbers import number, numbers, without_markers
from prompts.clean import clean
from prompts.headings import inert
from prompts.markup import break_markup
from prompts.memory_text import fit, goals_only, read_memory, split_memory
from prompts.replies import cut

LINEAR = 1.5
"""A growth above this is no noise: each doubling then takes nearly three times as long."""
NOTHING = 0.002
"""Seconds; a reader that needs less for the longest text has no growth that could be measured."""
TOKENS = frozenset({"</s>", "<eos>", "[/INST]", "<|im_start|>", "<|im_end|>", "<end_of_turn>"})

Reader = Callable[[str], object]


def _as_memory(text: str) -> object:
    line = text.replace("\n", " ")
    memory = read_memory(f"Known:\n- {line}\nNext:\n- {line}")
    return memory and (goals_only(memory), fit(memory, 100), fidelity(text, memory, text, memory))


READERS: dict[str, Reader] = {
    "an answer from a thought": ANSWER_FORMS["number"].from_thought,
    "an answer from a reply": ANSWER_FORMS["number"].from_reply,
    "a memory": read_memory,
    "a fused reply": split_memory,
    "a memory's numbers": _as_memory,
    "equations": claims,
    "numbers": numbers,
    "a number": number,
    "list markers": without_markers,
    "where a reply was cut": cut,
    "control tokens": lambda text: break_markup(text, TOKENS),
    "headings in a question": lambda text: inert(text, "isump"),
    "hidden characters": clean,
}
"""Every function that takes text from a question or a reply, by what it reads."""


@dataclass(frozen=True, slots=True)
class Hostile:
    """A text of any length: ``unit`` over and over, between a beginning and an end that make a pattern try and fail."""

    unit: str
    before: str = ""
    after: str = ""

    def of(self, length: int) -> str:
        """The text with about ``length`` characters."""
        return self.before + self.unit * (length // len(self.unit)) + self.after

    @property
    def shown(self) -> str:
        """The text in short, escaped."""
        return "".join((repr(self.before)[1:-1], f"{repr(self.unit)[1:-1]}…", repr(self.after)[1:-1]))


def _texts() -> Iterator[Hostile]:
    for unit in (*" \t\n#*_>([{}\"'\\=+-/$%.,:;0a½²^~`<|", "\ud800", "\u202e"):
        yield Hostile(unit)
        yield Hostile(unit, after="x")
    for unit in (
        "1,",
        ",111",
        "1.",
        "1/",
        "1 ",
        "1 + ",
        "1=",
        "= ",
        "(1",
        "2^",
        "*1",
        "$*",
        "$1*",
        "dozen*",
        "\\frac{1}",
    ):
        yield Hostile(unit, "1", "1=")
    yield Hostile("$1 dozen ", after="*")
    for unit in ("\\frac{", "\\text{ ", "<<1+1=2", "<<1+1=2>>", "twenty ", "1 eggs ", "step 1 ", "- 1. ", "a-", "a'"):
        yield Hostile(unit)
    for unit in (
        "answer ",
        "Answer:",
        "the answer is ",
        "\\boxed{",
        "#### ",
        "#### 1 ",
        "? ",
        ". Answer: 1",
        "**Answer",
    ):
        yield Hostile(unit)
        yield Hostile(unit + "\n", after="-")
    for unit in ("*", " ", "_ ", "\t*", "so far "):
        yield Hostile(unit, "known", "x")
        yield Hostile(unit, after="known x")
    for unit in ('\\"', '"a" ', '"a",', '{"known": ["', '{"a":', '"known": [', '["', "[[", "9"):
        yield Hostile(unit, '{"known": [')
        yield Hostile(unit)
    for unit in ("<|im_", "<", "</", "[/INST", "<start_of_", "<extra_id_1", "[|a", "<a|"):
        yield Hostile(unit)


HOSTILE: tuple[Hostile, ...] = tuple(_texts())


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds that a reader took for a text at each length."""

    text: Hostile
    seconds: tuple[float, ...]
    lengths: tuple[int, ...]

    @property
    def growth(self) -> float:
        """The exponent of time against length; 0 where there is no time to speak of."""
        if self.seconds[-1] < NOTHING:
            return 0.0
        return math.log(self.seconds[-1] / self.seconds[0]) / math.log(self.lengths[-1] / self.lengths[0])


def measure(reader: Reader, text: Hostile, shortest: int, tries: int) -> Measured:
    """Time a reader at three lengths, each twice the one before; a growth that looks steep is measured again."""
    lengths = (shortest, 2 * shortest, 4 * shortest)
    measured = Measured(text, _times(reader, text, lengths, tries), lengths)
    if measured.growth <= LINEAR:
        return measured
    again = _times(reader, text, lengths, 3 * tries)
    return Measured(text, tuple(map(min, measured.seconds, again)), lengths)


def _times(reader: Reader, text: Hostile, lengths: Iterable[int], tries: int) -> tuple[float, ...]:
    texts = [text.of(length) for length in lengths]
    return tuple(max(min(_seconds(reader, each) for _ in range(tries)), 1e-9) for each in texts)


def _seconds(reader: Reader, text: str) -> float:
    clock = time.thread_time()
    reader(text)
    return time.thread_time() - clock


class BenchParsing(Environment):
    """Measure how the time of every reader grows with the length of hostile text."""

    length: int = Field(default=5_000, ge=100, le=1_000_000, description="characters of the shortest text")
    tries: int = Field(default=2, ge=1, le=100, description="tries at each length, of which the best counts")

    def run(self) -> int:
        """Print a table of the readers; the exit code is 1 when one of them is not linear."""
        console = Console()
        table = Table("reader", "slowest text", *(f"{self.length * n:,}" for n in (1, 2, 4)), "growth")
        for column in table.columns[2:]:
            column.justify, column.no_wrap = "right", True
        steep = False
        for name, reader in READERS.items():
            measured = [measure(reader, text, self.length, self.tries) for text in HOSTILE]
            slowest = max(measured, key=lambda each: each.seconds[-1])
            worst = max(measured, key=lambda each: each.growth)
            times = (f"{1000 * seconds:.1f} ms" for seconds in slowest.seconds)
            table.add_row(name, Text(slowest.text.shown), *times, f"{worst.growth:.2f}")
            if worst.growth > LINEAR:
                steep = True
                console.print(Text(f"Not linear: {name}, on {worst.text.shown}", style="bold red"))
        console.print(table)
        console.print(f"{len(HOSTILE)} texts a reader; lengths in characters, growth the steepest of all texts.")
        return int(steep)


if __name__ == "__main__":
    program.run(lambda: parse(BenchParsing, sys.argv[1:], "python -m evals.bench_parsing").run())
