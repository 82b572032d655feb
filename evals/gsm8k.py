r"""Grade-school maths in the GSM8K format: the real set, a local file, 64 built-in problems, or generated ones.

Each line of such a file is one JSON object; the right answer follows ``####``:

    {"question": "How many legs have 3 cats?", "answer": "They have 3*4 = <<3*4=12>>12 legs.\n#### 12"}

    task = load("auto", None, "test", limit=20, seed=0)
    task.items[0].question.text, task.items[0].gold
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import Any, Literal, TypeVar, get_args

from evals.scoring import GSM8K_SCORERS
from evals.task import Item, Task
from prompts.checks.numbers import number
from prompts.values import Question, UserError

Source = Literal["auto", "hub", "builtin", "gym"]
T = TypeVar("T")

VERSION = "1"
REPO = "openai/gsm8k"
BUILTIN = Path(__file__).with_name("builtin.jsonl")
BUILTIN_NOTICE = (
    "These are the project's own built-in questions, not GSM8K: accuracies are not comparable with GSM8K's."
)
GYM_SIZE = 500  # reasoning-gym generates without end; this is also its own default
HUB_SECONDS = 7.0  # with the imports, the choice between hub and built-in stays under 10 s


def load(
    source: Source = "auto",
    data: Path | None = None,
    split: str = "test",
    limit: int | None = None,
    seed: int = 0,
    offset: int = 0,
) -> Task:
    """Load a task of the GSM8K kind.

    Items come in an order shuffled by ``seed``: a larger ``limit`` extends a smaller
    one, and ``offset`` skips the first items so that two samples can be disjoint.

    Args:
        source: "hub" (the real set), "builtin", "gym" (generated), or "auto": hub, and built-in where that fails.
        data: A local file in the GSM8K format; used instead of any source.
        split: "train" or "test"; with ``data`` it only names the task.
        limit: How many items to take; ``None`` takes all.
        seed: Shuffles the items; for "gym" it chooses which are generated.
        offset: How many items to skip first.

    Raises:
        UserError: Nothing can be loaded as asked.
    """
    if limit is not None and limit <= 0:
        raise UserError(f"The limit is {limit}: ask for at least 1 question, or leave it out for all of them.")
    if offset < 0:
        raise UserError(f"The offset is {offset}: it cannot be negative.")
    if data is not None and source != "auto":
        raise UserError(f"Both a data file and the source '{source}' were given: choose one of them.")
    if source == "gym":
        return _gym(limit, seed, offset)
    if data is not None:
        name, items, notice = f"gsm8k/{split}", _from_file(data, split), ""
    elif source == "builtin":
        name, items, notice = "gsm8k-builtin", _builtin(), BUILTIN_NOTICE
    else:
        name, items, notice = _hub_or_builtin(source, split)
    return Task(name, VERSION, _sample(items, limit, seed, offset), GSM8K_SCORERS, "numeric", notice)


def _sample(items: Sequence[T], limit: int | None, seed: int, offset: int) -> tuple[T, ...]:
    if offset >= len(items):
        raise UserError(f"The offset {offset} skips all of the {len(items)} questions: choose a smaller one.")
    shuffled = Random(seed).sample(items, len(items))
    return tuple(shuffled[offset : None if limit is None else offset + limit])


def _item(id: str, record: Any, where: str) -> Item:
    """Make an item of one decoded line; ``where`` names its place for the error message."""
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
        lines = path.read_text(encoding="utf-8-sig").split("\n")
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


def _hub_or_builtin(source: Source, split: str) -> tuple[str, tuple[Item, ...], str]:
    """Choose between the hub and the built-in questions: task name, items, notice."""
    if split not in ("train", "test"):
        raise UserError(f"GSM8K has no split '{split}': choose train or test.")
    try:
        return f"gsm8k/{split}", _hub(split), ""
    except _Unreachable as error:
        if source == "hub":
            raise UserError(f"GSM8K cannot be loaded from the hub ({error}): give a local file instead.") from error
        return "gsm8k-builtin", _builtin(), f"GSM8K cannot be loaded from the hub ({error}). {BUILTIN_NOTICE}"


class _Unreachable(Exception):
    """The hub did not give the data, for the reason in the message."""


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


def _gym(limit: int | None, seed: int, offset: int) -> Task:
    """Generate problems from the templates of GSM-Symbolic; item n is the same whatever the limit."""
    try:
        import reasoning_gym  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise UserError("Generated questions need reasoning-gym: run pip install '.[gym]'.") from error
    made = reasoning_gym.create_dataset("gsm_symbolic", size=offset + (limit or GYM_SIZE), seed=seed)
    items = tuple(_gym_item(f"gym-{seed}-{n}", made[n]) for n in range(offset, len(made)))
    return Task("gsm-symbolic", f"{VERSION}+{version('reasoning-gym')}", items, GSM8K_SCORERS, "numeric")


def _gym_item(id: str, entry: Any) -> Item:
    worked = str(entry["metadata"]["answer_cot"]).rpartition("####")[0]
    record = {"question": entry["question"], "answer": f"{worked}#### {entry['answer']}"}
    return _item(id, record, f"reasoning-gym item {id}")


def _main() -> None:
    from app.options import Parser, whole
    from evals.runner import add_options, main

    parser = Parser(prog="python -m evals.gsm8k", description="Measure a strategy on grade-school mathematics.")
    questions = parser.add_argument_group("questions")
    questions.add_argument("--data", type=Path, help="a local file in the official format")
    questions.add_argument("--source", default="auto", choices=get_args(Source), help="where from (%(default)s)")
    questions.add_argument("--split", default="test", choices=("train", "test"), help="(%(default)s)")
    questions.add_argument("--limit", type=whole, help="how many questions (all)")
    questions.add_argument("--offset", type=int, default=0, help="how many of the shuffled questions to skip first")
    questions.add_argument("--sample-seed", type=int, default=0, help="which shuffling (%(default)s)")
    add_options(parser)
    args = parser.parse_args()
    asked = {
        "source": args.source,
        "data": str(args.data.absolute()) if args.data else None,
        "split": args.split,
        "limit": args.limit,
        "seed": args.sample_seed,
        "offset": args.offset,
    }
    main(args, from_stored, asked)


def from_stored(asked: Mapping[str, Any]) -> Task:
    """The task that the arguments of ``load``, as a run keeps them, stand for; raises as ``load`` does."""
    return load(**{**asked, "data": Path(asked["data"]) if asked["data"] else None})


if __name__ == "__main__":
    _main()
