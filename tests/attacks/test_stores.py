"""Damaged and hostile stores: every command says in a sentence what it cannot do, and a repair leaves nothing wrong."""

from __future__ import annotations

import contextlib
import json
import random
import resource
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.backends.scripted import ScriptedBackend
from app.store import Store
from app.store.schema import APPLICATION_ID, MIGRATIONS
from app.store.wanted import Wanted
from tests.app.store.stores import filled, read
from tests.attacks.command_lines import QUESTION, Ended, run, write_replies

PAGE = 4096
DAMAGES = 60
HOSTILE = "\x1b]0;owned\x07\x1b[2J<script>alert(1)</script> \u202e[/bold]\n[red]"
NEVER = ("\x1b", "\x07", "\u202e")
"""What no command prints of a store."""
SQLITES = ("t.sqlite-wal", "t.sqlite-shm")
"""What SQLite itself may leave beside a store that it cannot write."""


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a bit of everything, in one file."""
    return filled(tmp_path_factory.mktemp("sound") / "t.sqlite")


@pytest.fixture
def path(sound: Path, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    return Path(shutil.copy(sound, tmp_path / "t.sqlite"))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for a lock gives up soon."""
    for module in ("connect", "migrate", "backup"):
        monkeypatch.setattr(f"app.store.{module}.PATIENCE", 0.05)


def change(path: Path, *statements: str) -> None:
    """Change a store by SQL, its own rules unheeded."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("writable_schema = on", "ignore_check_constraints = on", "foreign_keys = off"):
            connection.execute(f"PRAGMA {pragma}")
        for statement in statements:
            connection.execute(statement)


def ask(store: Path, *words: str) -> Ended:
    """Run a command on a store: it ends with a code it may end with, and prints nothing that a terminal obeys."""
    ended = run([*words, "--store", str(store)])
    ended.check(0, 1, 2)
    assert not any(character in ended.out + ended.err for character in NEVER), words
    return ended


def solve(store: Path) -> Ended:
    replies = write_replies(store.parent, count=4)
    return ask(store, "solve", QUESTION, "--strategy", "direct", "--backend", "scripted", "--replies", str(replies))


def look(store: Path, number: int = 1) -> None:
    """Run every command that reads a store, and one that adds to it."""
    ask(store, "runs")
    ask(store, "show", str(number), "--prompts")
    ask(store, "store", "check")
    ask(store, "store", "export", str(store.parent / "traces.jsonl"))
    ask(store, "doctor")
    solve(store)


def mend(store: Path) -> bool:
    """Repair a store; whether that was possible: then nothing is wrong, and else a sentence says that it was not."""
    repaired = ask(store, "store", "repair")
    assert repaired.code in (0, 2), "nothing is left half mended"
    if repaired.code == 0:
        assert ask(store, "store", "check").code == 0
    return repaired.code == 0


# Bytes


def _truncated(data: bytearray, dice: random.Random) -> bytes:
    return bytes(data[: dice.randrange(len(data))])


def _page_of_noise(data: bytearray, dice: random.Random) -> bytes:
    start = dice.randrange(len(data) // PAGE) * PAGE
    data[start : start + PAGE] = dice.randbytes(PAGE)
    return bytes(data)


def _page_of_zeros(data: bytearray, dice: random.Random) -> bytes:
    start = dice.randrange(len(data) // PAGE) * PAGE
    data[start : start + PAGE] = bytes(PAGE)
    return bytes(data)


def _swapped_pages(data: bytearray, dice: random.Random) -> bytes:
    one, two = (dice.randrange(1, len(data) // PAGE) * PAGE for _ in range(2))
    data[one : one + PAGE], data[two : two + PAGE] = data[two : two + PAGE], data[one : one + PAGE]
    return bytes(data)


def _a_page_twice(data: bytearray, dice: random.Random) -> bytes:
    one, two = (dice.randrange(1, len(data) // PAGE) * PAGE for _ in range(2))
    data[one : one + PAGE] = data[two : two + PAGE]
    return bytes(data)


def _bytes_here_and_there(data: bytearray, dice: random.Random) -> bytes:
    for _ in range(dice.randrange(1, 40)):
        data[dice.randrange(len(data))] = dice.randrange(256)
    return bytes(data)


def _bytes_of_the_head(data: bytearray, dice: random.Random) -> bytes:
    for _ in range(dice.randrange(1, 4)):
        data[dice.randrange(100)] = dice.randrange(256)
    return bytes(data)


def _more_than_there_was(data: bytearray, dice: random.Random) -> bytes:
    return bytes(data) + dice.randbytes(dice.randrange(1, 3 * PAGE))


HARMS = (
    _truncated,
    _page_of_noise,
    _page_of_zeros,
    _swapped_pages,
    _a_page_twice,
    _bytes_here_and_there,
    _bytes_of_the_head,
    _more_than_there_was,
)


@pytest.mark.parametrize("seed", range(DAMAGES))
def test_damaged_bytes(path: Path, seed: int) -> None:
    dice = random.Random(seed)
    path.write_bytes(HARMS[seed % len(HARMS)](bytearray(path.read_bytes()), dice))
    ask(path, "runs")
    ask(path, "show", str(dice.randrange(1, 10)), "--prompts")
    match seed // len(HARMS) % 3:
        case 0:
            ask(path, "store", "export", str(path.parent / "traces.jsonl"))
        case 1:
            ask(path, "doctor")
        case _:
            solve(path)
    mend(path)


# Values

VALUES = (
    "'word'",
    "x'ff00fe'",
    "9e999",
    "9223372036854775807",
    "NULL",
    "-1",
    "1e300",
    f"'{'[' * 3000}'",
    """'[{"a": 1}, null, ["b"]]'""",
    f"'{HOSTILE}'",
)


def _columns() -> list[tuple[str, list[str]]]:
    """Every table with two of its columns after the other."""
    with Store.open(":memory:") as store:
        tables = [table for table in store._db.tables if not table.name.startswith("texts_fts")]
        names = {table.name: [column.name for column in table.columns] for table in tables}
    return [(table, columns[at : at + 2]) for table, columns in names.items() for at in range(0, len(columns), 2)]


@pytest.mark.parametrize(("table", "columns"), _columns(), ids=str)
def test_values_that_cannot_be(path: Path, table: str, columns: list[str]) -> None:
    """SQLite keeps a value of any type in any column."""
    dice = random.Random(f"{table} {columns}")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = on")
        names = [row[1] for row in connection.execute(f"PRAGMA table_info({table}) ") if row[5]]
        keys = connection.execute(f"SELECT {', '.join(names)} FROM {table}").fetchall()
        where = " AND ".join(f"{name} IS ?" for name in names)
        for number, key in enumerate(dice.sample(keys, len(keys))[: 2 * len(VALUES)]):
            column = columns[number % len(columns)]
            with contextlib.suppress(sqlite3.IntegrityError, sqlite3.OperationalError):
                connection.execute(f'UPDATE {table} SET "{column}" = {dice.choice(VALUES)} WHERE {where}', key)
    ask(path, "runs")
    ask(path, "show", str(dice.randrange(1, 10)), "--prompts")
    assert mend(path), "what cannot be read is removed, and the rest stays"


_RICH: dict[str, tuple[str, ...]] = {
    "a date beyond all dates": ("UPDATE runs SET started = 1e15", "UPDATE attempts SET started = 1e15"),
    "a role of no message": ("UPDATE texts SET text = replace(text, '[\"user\"', '[\"[/x]\"')",),
    "a step of no verb": ("UPDATE steps SET verb = '[/x]'",),
    "surrogates": (r"""UPDATE steps SET marks = '["\ud800", "\udfff\u001b[2J"]'""",),
    "a deep schema": (f"UPDATE texts SET text = '{'[' * 90_000}' WHERE text LIKE '%nit%'",),
    "a long text": ("UPDATE texts SET text = replace(hex(zeroblob(50000)), '00', 'é<') WHERE id < 5",),
    "words of a terminal": (
        f"UPDATE texts SET text = '{HOSTILE}' || text WHERE text NOT LIKE '{{%' AND text NOT LIKE '[%'",
    ),
    "names of a terminal": (
        f"UPDATE attempts SET strategy = '{HOSTILE}', model = '{HOSTILE}', backend = '{HOSTILE}', answer = '{HOSTILE}'",
        f"UPDATE runs SET questions = '{HOSTILE}', model = '{HOSTILE}'",
        f"UPDATE finding_kinds SET kind = kind || '{HOSTILE}'",
        f"UPDATE findings SET text = '{HOSTILE}', detail = '{HOSTILE}'",
    ),
    "nothing at all": tuple(f"DELETE FROM {table}" for table in ("calls", "findings", "scores", "steps", "attempts")),
    "no texts": ("DELETE FROM texts",),
    "no memories": ("DELETE FROM memories",),
    "steps of nobody": ("UPDATE steps SET attempt = attempt + 100",),
    "calls of nobody": ("UPDATE calls SET step = step + 1000",),
    "scores of nobody": ("UPDATE scores SET attempt = attempt + 1000",),
    "a run of no identity": ("UPDATE runs SET item_hashes = NULL",),
    "a fork of itself": ("UPDATE attempts SET parent_attempt = id, forked_at_step = 0",),
    "writers of no process": (
        "UPDATE writers SET pid = -1, host = 'x', started = 'y'",
        "UPDATE runs SET writer = 1",
        "UPDATE attempts SET status = 'running', writer = 1 WHERE run IS NULL",
    ),
    "an index of nothing": ("INSERT INTO texts_fts (texts_fts) VALUES ('delete-all')",),
    "an index of other words": ("INSERT INTO texts_fts (rowid, text) SELECT id, 'pears' FROM texts",),
    "a damaged index": ("UPDATE texts_fts_data SET block = randomblob(length(block))",),
    "no index at all": ("DROP TABLE texts_fts",),
    "hashes of other texts": ("UPDATE texts SET sha256 = randomblob(16)",),
    "tables of one column": ("DROP VIEW items", "DROP TABLE scores", "CREATE TABLE scores (attempt)"),
    "numbers from the end": ("UPDATE attempts SET id = 9223372036854775807 WHERE id = 9",),
    "numbers below nothing": ("UPDATE steps SET id = -id", "UPDATE attempts SET id = -5 WHERE id = 9"),
}


@pytest.mark.parametrize("what", _RICH)
def test_rows_that_cannot_be(path: Path, what: str) -> None:
    with contextlib.suppress(sqlite3.OperationalError):
        change(path, *_RICH[what])
    look(path, 2)
    mend(path)


@pytest.mark.parametrize(
    "words",
    [
        *(
            '"',
            '""',
            "NEAR(a b, 3)",
            "a AND",
            "NOT",
            "OR OR",
            "text:a",
            "^a",
            "a*",
            "(",
            "-a",
            "{a b}: c",
            "\0",
            "a\0b",
        ),
        *("'; --", "\ud800", "*", "+", "a + b", "π", "\u202e", "x" * 100_000, "a " * 50_000, HOSTILE),
    ],
    ids=range(24),
)
def test_words_that_are_no_words(sound: Path, words: str) -> None:
    with Store.existing(sound) as store:
        assert len(store.find(Wanted(words))) <= 9


# Files


def _write(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


def _foreign(path: Path) -> None:
    path.unlink()
    change(path, "CREATE TABLE theirs (x)")


def _claims(version: int) -> Callable[[Path], None]:
    return lambda path: change(path, f"PRAGMA user_version = {version}")


def _loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def _link_to_nothing(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.parent / "no folder" / "t.sqlite")


def _empty_of_ours(path: Path) -> None:
    path.unlink()
    change(path, f"PRAGMA application_id = {APPLICATION_ID}", f"PRAGMA user_version = {len(MIGRATIONS)}")


_FILES: dict[str, tuple[Callable[[Path], object], bool]] = {
    "empty": (_write(b""), True),
    "text": (_write(b"this is no database\n" * 400), False),
    "zeros": (_write(bytes(3 * PAGE)), False),
    "noise": (_write(random.Random(0).randbytes(5 * PAGE)), False),
    "a head and no more": (_write(b"SQLite format 3\0"), False),
    "a byte": (_write(b"S"), False),
    "of another program": (_foreign, False),
    "newer": (_claims(len(MIGRATIONS) + 1), False),
    "much newer": (_claims(2**31 - 1), False),
    "of a version below nothing": (_claims(-1), False),
    "older than it says": (_claims(3), False),
    "of no version": (_claims(0), False),
    "with another mark": (lambda path: change(path, "PRAGMA application_id = 7"), False),
    "a link to itself": (_loop, False),
    "a link to nothing": (_link_to_nothing, False),
    "ours, with nothing in it": (_empty_of_ours, False),
}
"""What is where the store should be, and whether it can be used as one."""


@pytest.mark.parametrize("kind", _FILES)
def test_a_file_that_is_no_store(path: Path, kind: str) -> None:
    make, usable = _FILES[kind]
    make(path)
    before = path.read_bytes() if path.exists() else None
    look(path)
    mended = mend(path)
    assert (ask(path, "runs").code == 0) in (usable, mended)
    if not usable and not mended and not kind.startswith("ours"):
        assert (path.read_bytes() if path.exists() else None) == before, "what is not ours is left alone"


def _beside(name: str, make: Callable[[Path], object]) -> Callable[[Path], object]:
    return lambda path: make(path.with_name(f"{path.name}{name}"))


def _log_of_another(path: Path) -> None:
    """The write-ahead log of another store with the same pages."""
    other = path.with_name("other.sqlite")
    with Store.open(other) as store:
        store.begin_run(next(iter(read(path)[0])).spec)
        shutil.copy(f"{other}-wal", f"{path}-wal")


def _half_a_log(path: Path) -> None:
    """A log that ends amid a step, without the file that says how far it goes."""
    with Store.open(path) as store:
        store.begin_run(store.run(1).spec)
        log = path.with_name(f"{path.name}-wal").read_bytes()
        shutil.copy(path, path.with_name("copy"))
    path.with_name("copy").replace(path)
    path.with_name(f"{path.name}-wal").write_bytes(log[: len(log) - PAGE // 2])


_BESIDE: dict[str, Callable[[Path], object]] = {
    "a log of noise": _beside("-wal", _write(random.Random(1).randbytes(9000))),
    "a log of another store": _log_of_another,
    "half a log": _half_a_log,
    "a log that is a folder": _beside("-wal", Path.mkdir),
    "an index of the log of noise": _beside("-shm", _write(random.Random(2).randbytes(32768))),
    "a journal of noise": _beside("-journal", _write(random.Random(3).randbytes(9000))),
    "locks that are a file": _beside(".locks", _write(b"x")),
    "locks that are a link to itself": _beside(".locks", lambda path: path.symlink_to(path.name)),
    "locks of hostile names": _beside(
        ".locks",
        lambda path: [(path / name).mkdir(parents=True) for name in ("writer-1.lock", "writer-x.lock", "\n\x1b")],
    ),
    "copies in the way": _beside(".damaged", Path.mkdir),
}


@pytest.mark.parametrize("what", _BESIDE)
def test_what_lies_beside_a_store(path: Path, what: str) -> None:
    before = [attempt.id for attempt, _, _ in read(path)[1]]
    _BESIDE[what](path)
    look(path)
    if mend(path) and "another store" not in what:  # SQLite takes that one for its own
        with Store.existing(path) as store:
            assert {attempt.id for attempt in store.attempts(99)} >= set(before), "what is in the store stays"


# Who else is at it


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("how", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE", "PRAGMA locking_mode = exclusive"])
def test_a_store_that_another_process_keeps_locked(path: Path, how: str) -> None:
    before = read(path)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(how)
        if how.startswith("PRAGMA"):
            other.execute("BEGIN EXCLUSIVE")
        look(path)
        assert solve(path).code == 2
        for words in (["repair"], ["vacuum"], ["prune", "--run", "1", "--yes"]):
            assert ask(path, "store", *words).code in (0, 2)
    assert read(path) == before


def _replaced(path: Path) -> None:
    shutil.copy(path, path.with_name("copy"))
    path.with_name("copy").replace(path)


def _replaced_by_noise(path: Path) -> None:
    path.with_name("noise").write_bytes(b"x" * 9000)
    path.with_name("noise").replace(path)


_MEANWHILE: dict[str, tuple[Callable[[Path], object], str]] = {
    "removed": (Path.unlink, "was moved or replaced"),
    "moved": (lambda path: path.rename(path.with_name("away")), "was moved or replaced"),
    "replaced by a copy": (_replaced, "was moved or replaced"),
    "replaced by noise": (_replaced_by_noise, "was moved or replaced"),
    "brought up to date": (_claims(len(MIGRATIONS) + 1), "newer isump"),
    "brought back": (_claims(2), "isump"),
    "without a table": (lambda path: change(path, "DROP TABLE findings", "DROP TABLE calls"), "could not be"),
    "of other columns": (lambda path: change(path, "ALTER TABLE steps RENAME COLUMN verb TO deed"), "could not be"),
    "refused by a trigger": (
        lambda path: change(path, "CREATE TRIGGER no BEFORE INSERT ON steps BEGIN SELECT raise(ABORT, 'no'); END"),
        "could not be written (no)",
    ),
    "without the attempt": (lambda path: change(path, "DELETE FROM attempts"), "could not be written"),
    "closed by somebody": (lambda path: change(path, "UPDATE attempts SET status = 'error'"), "closed or removed"),
}


@pytest.mark.parametrize("what", _MEANWHILE)
def test_what_happens_to_a_store_while_it_is_written(path: Path, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    happen, says = _MEANWHILE[what]
    generate = ScriptedBackend.generate

    async def sabotaged(self: ScriptedBackend, request: object) -> object:
        monkeypatch.setattr(ScriptedBackend, "generate", generate)
        happen(path)
        return await self.generate(request)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(ScriptedBackend, "generate", sabotaged)
    ended = solve(path)
    assert ended.code == 2 and says in ended.err, ended


@contextlib.contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """A disk that is full: whatever would make a file larger than that fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room", [PAGE, 12 * PAGE])
@pytest.mark.parametrize("command", ["solve", "runs", "export", "import", "backup", "prune", "vacuum", "repair"])
def test_a_disk_that_is_full(sound: Path, path: Path, command: str, room: int) -> None:
    replies, traces = write_replies(path.parent, count=4), path.with_name("traces.jsonl")
    if command == "import":
        ask(sound, "store", "export", str(traces))
    if command == "repair":
        change(path, "INSERT INTO texts VALUES (9999, x'00', 'orphan')")
    words = {
        "solve": ["solve", QUESTION, "--strategy", "direct", "--backend", "scripted", "--replies", str(replies)],
        "runs": ["runs"],
        "export": ["store", "export", str(path.with_name("new.jsonl"))],
        "import": ["store", "import", str(traces)],
        "backup": ["store", "backup", str(path.with_name("new.sqlite"))],
        "prune": ["store", "prune", "--run", "1", "--yes"],
        "vacuum": ["store", "vacuum"],
        "repair": ["store", "repair"],
    }
    before = sorted(file.name for file in path.parent.iterdir())
    with files_no_larger_than(room):
        ended = ask(path, *words[command])
    assert ended.code in (0, 2)
    if ended.code == 2:
        left = {file.name for file in path.parent.iterdir()} - {*before, "isump.log", *SQLITES}
        assert not left, "nothing half is left"
    if ended.code == 2 or command in ("runs", "export", "backup", "vacuum"):
        assert read(path)[1][:9] == read(sound)[1]
    assert mend(path)


def test_a_store_that_is_only_to_be_read_is_not_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What media that cannot be written look like to a program that root runs."""
    for module in ("connect", "database", "backup", "check", "salvage", "in_use"):
        monkeypatch.setattr(f"app.store.{module}.can_write", lambda _: False)
    before = path.read_bytes()
    for words in (["runs"], ["show", "2"], ["store", "check"]):
        assert ask(path, *words).code == 0
    for words in (["store", "vacuum"], ["store", "prune", "--run", "1", "--yes"]):
        assert ask(path, *words).code == 2
    assert path.read_bytes() == before
    assert {file.name for file in path.parent.iterdir()} <= {"t.sqlite", "isump.log", *SQLITES}


def test_an_import_of_times_without_a_date_is_refused(path: Path) -> None:
    ask(path, "store", "export", str(path.with_name("t.jsonl")))
    lines = [json.loads(line) for line in path.with_name("t.jsonl").read_text(encoding="utf-8").splitlines()]
    for number, moment in ((1, 1e15), (1, -1e15), (3, 9e11)):
        changed = [{**line, "started": moment} if at == number else line for at, line in enumerate(lines)]
        path.with_name("bad.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in changed))
        ended = ask(path, "store", "import", str(path.with_name("bad.jsonl")))
        assert ended.code == 2 and "no time that a trace can hold" in ended.err


def test_there_are_as_many_cases_as_were_promised() -> None:
    disks = 2 * 8
    assert DAMAGES >= 60
    assert DAMAGES + len(_columns()) + len(_RICH) + len(_FILES) + len(_BESIDE) + len(_MEANWHILE) + disks >= 150
