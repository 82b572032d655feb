r"""Grade-school maths in the GSM8K format: the real set, a local file, 64 built-in problems, or generated ones.

Each line of such a file is one JSON object; the right answer follows ``####``:

    {"question": "How many legs have 3 cats?", "answer": "They have 3*4 = <<3*4=12>>12 legs.\n#### 12"}

    task = TASK.questions(GsmSource(source="builtin", limit=20))
    task.items[0].question.text, task.items[0].gold
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from evals.scoring import GSM8K_SCORERS
from evals.task import Item, QuestionSet, Source, Task
from prompts.checks.numbers import number
from prompts.user_files import UserPath, read_text
from prompts.values import Question, UserError

VERSION = "1"
REPO = "openai/gsm8k"
BUILTIN = Path(__file__).with_name("builtin.jsonl")
BUILTIN_NOTICE = (
    "These are the project's own built-in questions, not GSM8K: accuracies are not comparable with GSM8K's."
)
GYM_SIZE = 500  # reasoning-gym generates without end; this is also its own default
HUB_SECONDS = 7.0  # with the imports, the choice between hub and built-in stays under 10 s


class GsmSource(Source):
    """Where questions of the GSM8K kind come from."""

    source: Literal["auto", "hub", "builtin", "gym"] = Field(
        default="auto",
        description="the real set from the hub, the built-in questions, generated ones, or hub else builtin",
    )
    data: UserPath | None = Field(
        default=None, description="a local file in the official format, instead of any source"
    )
    split: Literal["train", "test"] = Field(default="test", description="which part; with --data it only names the set")


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
        name, items, notice = f"gsm8k/{source.split}", _from_file(source.data, source.split), ""
    elif source.source == "builtin":
        name, items, notice = "gsm8k-builtin", _builtin(), BUILTIN_NOTICE
    else:
        name, items, notice = _hub_or_builtin(source.source, source.split)
    return QuestionSet(name, VERSION, source.sample(items), notice)


def _item(id: str, record: Any, where: str) -> Item:
    """Build an item from one decoded line; ``where`` names its place for error messages."""
    if not isinstance(record, dict):
        raise UserError(f"{where} is not a JSON object with 'question' and 'answer'.")
    for key in ("question", "answer"):
        if not isinstance(record.get(key), str) or not record[key].strip():
            raise UserError(f"{where} has no text under '{key}'.")
    worked, mark, gold = record["answer"].rpartition("####")
    gold = gold.strip()
    if not mark:
        raise UserError(f"{where} has no '####' before the final number in its 'answer'.")
    if number(gold) is None:
        raise UserError(f"{where} has {gold!r} after '####', which is not a number.")
    steps = tuple(line.strip() for line in worked.splitlines() if line.strip())
    return Item(Question(id, record["question"].strip()), gold, steps)


def _from_file(path: Path, split: str) -> tuple[Item, ...]:
    items = tuple(_item(f"{split}-{line}", record, where) for line, record, where in _records(path))
    if not items:
        raise UserError(f"{path} has no questions: it should hold one JSON object per line.")
    return items


def _builtin() -> tuple[Item, ...]:
    return tuple(_item(record["id"], record, where) for _, record, where in _records(BUILTIN))


def _records(path: Path) -> Iterator[tuple[int, Any, str]]:
    """Yield line number, decoded line and a name for the place; empty lines are skipped."""
    try:
        # Split at "\n" alone: splitlines() would also cut at U+2028, which JSON allows inside a string.
        lines = read_text(path).split("\n")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not a UTF-8 text file (byte {error.start}).") from error
    for line, text in enumerate(lines, 1):
        if text.strip():
            where = f"{path} line {line}"
            try:
                record = json.loads(text)
            except (ValueError, RecursionError) as error:
                raise UserError(f"{where} is not valid JSON: {error}.") from error
            yield line, record, where


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
    return tuple(_item(f"{split}-{n}", record, f"{REPO} {split} row {n}") for n, record in enumerate(records, 1))


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
        import reasoning_gym  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise UserError("Generated questions need reasoning-gym: run pip install '.[gym]'.") from error
    seed, offset = source.sample_seed, source.offset
    made = reasoning_gym.create_dataset("gsm_symbolic", size=offset + (source.limit or GYM_SIZE), seed=seed)
    items = tuple(_gym_item(f"gym-{seed}-{n}", made[n]) for n in range(offset, len(made)))
    return QuestionSet("gsm-symbolic", f"{VERSION}+{version('reasoning-gym')}", items)


def _gym_item(id: str, entry: Any) -> Item:
    worked = str(entry["metadata"]["answer_cot"]).rpartition("####")[0]
    record = {"question": entry["question"], "answer": f"{worked}#### {entry['answer']}"}
    return _item(id, record, f"reasoning-gym item {id}")


TASK = Task(
    name="gsm8k",
    help="grade-school mathematics",
    version=VERSION,
    source=GsmSource,
    load=load,
    scorers=GSM8K_SCORERS,
    primary="numeric",
    presets={
        "built-in questions": GsmSource(source="builtin"),
        "GSM8K test set, from the hub": GsmSource(source="hub"),
    },
)

if __name__ == "__main__":
    from evals.commands import main

    main("gsm8k")
