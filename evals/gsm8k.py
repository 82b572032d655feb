r"""Grade-school maths in the GSM8K format: the real set, a local file, 64 built-in problems, or generated ones.

Each line of such a file is one JSON object; the right answer follows ``####``:

    {"question": "How many legs have 3 cats?", "answer": "They have 3*4 = <<3*4=12>>12 legs.\n#### 12"}

    task = TASK.questions(GsmSource(source="builtin", limit=20))
    task.items[0].question.text, task.items[0].gold

Three scorers are reported side by side, because extraction is part of the result: ``strict-match`` and
``flexible-extract`` are those of lm-evaluation-harness (task ``gsm8k``, version 3.0), so numbers compare with published
ones; ``numeric`` is our own and reads the attempt's answer as an exact number, so ``18.00``, ``\boxed{18}`` and ``$18``
are all right when 18 is.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from pydantic import Field

from evals.math_files import from_file, item_of, records
from evals.task import Attempted, Item, QuestionSet, Scorer, Source, Task
from prompts.checks.numbers import number
from prompts.steps import Step
from prompts.user_files import UserPath
from prompts.values import Score, UserError

_STRICT = re.compile(r"#### (\-?[0-9\.\,]+)")
_FLEXIBLE = re.compile(r"(-?[$0-9.,]{2,})|(-?[0-9]+)")
_INVALID = "[invalid]"
# Applied one after the other, in the order of the harness's task file.
_IGNORED = (re.compile(","), re.compile(r"\$"), re.compile(r"(?s).*#### "), re.compile(r"\.$"))

VERSION = "2"
REPO = "openai/gsm8k"
BUILTIN = Path(__file__).with_name("builtin.jsonl")
BUILTIN_NOTICE = (
    "These are the project's own built-in questions, not GSM8K: accuracies are not comparable with GSM8K's."
)
GYM_SIZE = 500  # reasoning-gym generates without end; this is also its own default
HUB_SECONDS = 7.0  # with the imports, the choice between hub and built-in stays under 10 s


class GsmSource(Source):
    """Source of the questions."""

    source: Literal["auto", "hub", "builtin", "gym"] = Field(
        default="auto",
        description="the real set from the hub, the built-in questions, generated ones, or hub else builtin",
    )
    data: UserPath | None = Field(
        default=None, description="a local file instead of any source: GSM8K's JSON Lines, SVAMP's JSON or ASDiv's XML"
    )
    split: Literal["train", "test"] = Field(default="test", description="which part; with --data it only names the set")
    calculations: str | None = Field(
        default=None,
        pattern=r"^[0-9]{1,3}-[0-9]{1,3}$",
        description="only questions whose solution has so many calculations, such as 4-8",
    )

    def keeps(self, item: Item) -> bool:
        """Whether the solution of an item has as many calculations as asked for."""
        if self.calculations is None:
            return True
        least, most = map(int, self.calculations.split("-"))
        return least <= sum(step.count("<<") for step in item.solution) <= most


def load(source: GsmSource) -> QuestionSet:
    """Load questions of the GSM8K kind; for "gym" the sample seed chooses which are generated.

    Raises:
        UserError: Nothing can be loaded as asked.
    """
    if source.data is not None and source.source != "auto":
        raise UserError(f"Both a data file and the source '{source.source}' were given: choose one of them.")
    if source.source == "gym":
        return _gym(source)
    if source.data is not None:
        name, items, notice = f"gsm8k/{source.split}", from_file(source.data, source.split), ""
    elif source.source == "builtin":
        name, items, notice = "gsm8k-builtin", _builtin(), BUILTIN_NOTICE
    else:
        name, items, notice = _hub_or_builtin(source.source, source.split)
    if not (kept := tuple(filter(source.keeps, items))):
        raise UserError(f"No question has a solution of {source.calculations} calculations: choose another range.")
    return QuestionSet(name, VERSION, source.sample(kept), notice)


def _builtin() -> tuple[Item, ...]:
    return tuple(item_of(record["id"], record, where) for _, record, where in records(BUILTIN))


def _hub_or_builtin(source: str, split: str) -> tuple[str, tuple[Item, ...], str]:
    """Choose between the hub and the built-in questions: task name, items, notice."""
    try:
        return f"gsm8k/{split}", _hub(split), ""
    except _Unreachable as error:
        if source == "hub":
            raise UserError(f"GSM8K cannot be loaded from the hub ({error}): give a local file instead.") from error
        return "gsm8k-builtin", _builtin(), f"GSM8K cannot be loaded from the hub ({error}). {BUILTIN_NOTICE}"


class _Unreachable(Exception):
    """The hub cannot be used; the message is the reason."""


def _hub(split: str) -> tuple[Item, ...]:
    """Load the real set: an earlier download without asking the network, else the hub if it answers."""
    from huggingface_hub import constants, try_to_load_from_cache

    file = f"main/{split}-00000-of-00001.parquet"
    cached = try_to_load_from_cache(REPO, file, repo_type="dataset")
    if not isinstance(cached, str) and not constants.HF_HUB_OFFLINE:  # offline, load_dataset looks in its own cache
        _check_hub(file)
    import datasets

    try:
        if isinstance(cached, str):
            rows: Iterable[Any] = datasets.Dataset.from_parquet(cached)  # pyright: ignore[reportAssignmentType]
        else:
            rows = datasets.load_dataset(REPO, "main", split=split)
        records = list(rows)
    except Exception as error:  # the client raises errors of half a dozen libraries; all mean "no data", and are told
        raise _Unreachable(_brief(error)) from error
    return tuple(item_of(f"{split}-{n}", record, f"{REPO} {split} row {n}") for n, record in enumerate(records, 1))


def _check_hub(file: str) -> None:
    """Read the first bytes of the data within ``HUB_SECONDS``; ``load_dataset`` itself retries for far longer.

    The bytes come from where the download will come from: an answer from the hub's
    front door alone does not show that, since its files lie on other servers.
    """
    outcome: list[Exception | bytes | str] = []

    def probe() -> None:
        from huggingface_hub import HfApi, HfFileSystem

        try:
            HfApi().dataset_info(REPO, timeout=HUB_SECONDS)
            with HfFileSystem().open(f"datasets/{REPO}/{file}", cache_type="none") as remote:
                outcome.append(remote.read(4))
        except Exception as error:  # handed to the waiting thread, which raises it
            outcome.append(error)

    # A daemon, because a request that hangs cannot be stopped and must not keep the program alive.
    thread = threading.Thread(target=probe, daemon=True)
    thread.start()
    thread.join(HUB_SECONDS)
    if not outcome:
        raise _Unreachable(f"no answer within {HUB_SECONDS:g} seconds")
    if isinstance(outcome[0], Exception):
        raise _Unreachable(_brief(outcome[0])) from outcome[0]
    if outcome[0] != b"PAR1":
        raise _Unreachable("what it sent is not the data set")


def _brief(error: Exception) -> str:
    """The first line of an error, for use inside a sentence."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def _gym(source: GsmSource) -> QuestionSet:
    """Generate problems from the templates of GSM-Symbolic; item n is the same whatever the limit."""
    try:
        library = import_module("reasoning_gym")
    except ImportError as error:
        raise UserError("Generated questions need reasoning-gym: run pip install '.[gym]'.") from error
    seed, offset = source.sample_seed, source.offset
    made = library.create_dataset("gsm_symbolic", size=offset + (source.limit or GYM_SIZE), seed=seed)
    items = tuple(_gym_item(f"gym-{seed}-{n}", made[n]) for n in range(offset, len(made)))
    return QuestionSet("gsm-symbolic", f"{VERSION}+{version('reasoning-gym')}", items)


def _gym_item(id: str, entry: Any) -> Item:
    solution = str(entry["metadata"]["answer_cot"]).rpartition("####")[0]
    record = {"question": entry["question"], "answer": f"{solution}#### {entry['answer']}"}
    return item_of(id, record, f"reasoning-gym item {id}")


def strict_match(item: Item, attempt: Attempted, steps: Sequence[Step]) -> Score:
    """Score the number after the first ``#### `` of the completion as lm-evaluation-harness does."""
    found: list[str] = _STRICT.findall(attempt.completion)
    return _exact(found[0] if found else _INVALID, item.gold)


def flexible_extract(item: Item, attempt: Attempted, steps: Sequence[Step]) -> Score:
    """Score the last thing in the completion that resembles a number as lm-evaluation-harness does."""
    found: list[tuple[str, str]] = _FLEXIBLE.findall(attempt.completion)
    return _exact(found[-1][0] or found[-1][1] if found else _INVALID, item.gold)


def numeric(item: Item, attempt: Attempted, steps: Sequence[Step]) -> Score:
    """Score the answer as an exact number; an attempt without an answer is unscored, not wrong.

    Raises:
        ValueError: The gold answer is no number, so the task itself is broken.
    """
    expected, answer = number(item.gold), attempt.answer
    if expected is None:
        raise ValueError(f"the gold answer {item.gold!r} is not a number")
    if answer is None or not answer.strip():
        return Score(None, None, "no answer")
    given = number(answer)
    if given is None:
        return Score(0.0, answer, "the answer is not a number")
    right = given == expected
    return Score(float(right), answer, "match" if right else f"expected {item.gold}")


GSM8K_SCORERS: Mapping[str, Scorer] = MappingProxyType(
    {"strict-match": strict_match, "flexible-extract": flexible_extract, "numeric": numeric}
)
"""The scorers of every task in the GSM8K format, by the name they are stored under."""


def _exact(extracted: str, gold: str) -> Score:
    """Compare two strings as the harness's ``exact_match`` does with the settings of its gsm8k task."""
    if extracted == _INVALID:
        return Score(0.0, _INVALID, "no number in the form this scorer reads")
    right = _plain(extracted) == _plain(gold)
    return Score(float(right), extracted, "match" if right else f"expected {gold}")


def _plain(text: str) -> str:
    for ignored in _IGNORED:
        text = ignored.sub("", text)
    return text.lower()


TASK = Task(
    name="gsm8k",
    help="grade-school mathematics",
    version=VERSION,
    source=GsmSource,
    load=load,
    scorers=GSM8K_SCORERS,
    primary="numeric",
    answers="number",
    presets={
        "built-in questions": GsmSource(source="builtin"),
        "GSM8K test set, from the hub": GsmSource(source="hub"),
    },
)

if __name__ == "__main__":
    from evals.commands import main

    main("gsm8k")
