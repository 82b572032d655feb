"""Removes attempts and runs that are no longer wanted, and every text that then nobody refers to.

    plan = plan_prune(store, Unwanted(before=time.time() - 90 * 86400))
    prune(store, plan)

What a run measured is never thinned out: before a date, runs go whole or stay whole, and the failed attempts that go
are those that are not the result of an item. A fork goes with its parent where a run is removed; elsewhere a parent
stays for the fork that stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.errors import BadInput, StoreError
from app.store import Store
from app.store.database import Row
from app.store.numbers import named, some
from app.store.removal import remove_attempts, remove_unused
from app.store.rows import as_json


@dataclass(frozen=True, slots=True)
class Unwanted:
    """What to remove: that of which everything given is true.

    Attributes:
        run: Number of a run.
        before: Unix time; what was begun before it.
        errors: Only failed attempts.
    """

    run: int | None = None
    before: float | None = None
    errors: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What would go: attempts, of which some are forks of others, and runs with nothing left in them."""

    unwanted: Unwanted
    attempts: tuple[int, ...]
    forks: int
    runs: tuple[int, ...]

    def __str__(self) -> str:
        """What would go, in words."""
        runs = f"{named('run', self.runs)} with " if self.runs else ""
        forks = f" ({self.forks:,} of them forks of others)" if self.forks else ""
        return f"{runs}{_attempts(self.attempts)}{forks}"


def plan_prune(store: Store, unwanted: Unwanted) -> Plan:
    """What ``prune`` would remove.

    Raises:
        BadInput: Nothing says what to remove.
        StoreError: There is no such run, or what would go is being written.
    """
    if unwanted == Unwanted():
        raise BadInput("Say what to remove with --before, --run or --errors: see isump store prune --help.")
    if unwanted.run is not None:
        store.run(unwanted.run)
    store.close_abandoned()
    plan = _planned(store, unwanted)
    _refuse_what_is_written(store, plan)
    return plan


def prune(store: Store, plan: Plan) -> None:
    """Remove what the plan names, all of it or nothing.

    Raises:
        StoreError: What is unwanted has changed since, some of it is being written, or the store cannot be.
    """
    with store._transaction(durable=True):
        if _planned(store, plan.unwanted) != plan:
            raise StoreError("The store was written meanwhile, and nothing was removed: look again at what would go.")
        _refuse_what_is_written(store, plan)
        remove_attempts(store._db, plan.attempts)
        store._db.execute("DELETE FROM runs WHERE id IN (SELECT value FROM json_each(?))", (as_json(plan.runs),))
        remove_unused(store._db)


def _planned(store: Store, unwanted: Unwanted) -> Plan:
    rows = store._rows(
        "SELECT attempts.id, attempts.run, parent_attempt AS parent, attempts.started, status,"
        " items.attempt IS NOT NULL AS result FROM attempts LEFT JOIN items ON items.attempt = attempts.id"
    )
    runs = {row["id"]: row["started"] for row in store._rows("SELECT id, started FROM runs")}
    attempts = {row["id"]: row for row in rows}
    whole: dict[int, list[Row]] = {run: [] for run in _chosen(runs, rows, unwanted)}
    for row in rows:
        if row["run"] in whole:
            whole[row["run"]].append(row)
    if unwanted.errors:
        failed = (row for row in rows if row["status"] == "error" and not row["result"])
        going = {row["id"] for row in failed if _is_wanted_gone(row, unwanted, whole)}
    else:
        going = {row["id"] for row in rows if _is_wanted_gone(row, unwanted, whole)}
    if unwanted.before is None and not unwanted.errors:
        going = _with_forks(attempts, going)
    else:
        going = _without_needed(attempts, going, keep_whole=not unwanted.errors)
    emptied = () if unwanted.errors else tuple(run for run in whole if all(row["id"] in going for row in whole[run]))
    forks = sum(attempts[attempt]["parent"] in going for attempt in going)
    return Plan(unwanted, tuple(sorted(going)), forks, emptied)


def _chosen(runs: Mapping[int, float], rows: Iterable[Row], unwanted: Unwanted) -> list[int]:
    """The runs that are wholly unwanted: asked for, and begun and gone on with before the date."""
    before = unwanted.before
    young = set() if before is None else {row["run"] for row in rows if row["started"] >= before}
    return [
        run
        for run, started in runs.items()
        if unwanted.run in (None, run) and run not in young and (before is None or started < before)
    ]


def _is_wanted_gone(row: Row, unwanted: Unwanted, whole: Mapping[int, object]) -> bool:
    if row["run"] is not None:
        return row["run"] in whole
    return unwanted.run is None and (unwanted.before is None or row["started"] < unwanted.before)


def _with_forks(attempts: Mapping[int, Row], of: set[int]) -> set[int]:
    """The attempts with every fork of theirs, and every fork of those."""
    found = set(of)
    for number in sorted(attempts):  # a fork has a higher number than its parent
        if attempts[number]["parent"] in found:
            found.add(number)
    return found


def _without_needed(attempts: Mapping[int, Row], going: set[int], *, keep_whole: bool) -> set[int]:
    """The attempts without those that are needed by forks that stay, and without the runs of these."""
    while True:
        needed = {row["parent"] for number, row in attempts.items() if number not in going} & going
        if not needed:
            return going
        if keep_whole:
            runs = {attempts[number]["run"] for number in needed} - {None}
            needed |= {number for number in going if attempts[number]["run"] in runs}
        going = going - needed


def _refuse_what_is_written(store: Store, plan: Plan) -> None:
    listed = as_json(plan.attempts)
    rows = store._rows(
        "SELECT id FROM attempts WHERE status = 'running' AND id IN (SELECT value FROM json_each(?)) LIMIT 1", listed
    )
    if rows:
        raise StoreError(f"Attempt {rows[0]['id']} is being written: wait for its end, or stop it.")
    rows = store._rows("SELECT DISTINCT run FROM attempts WHERE id IN (SELECT value FROM json_each(?))", listed)
    for run in {*plan.runs, *(row["run"] for row in rows if row["run"] is not None)}:
        if (owner := store.owner_of(run)) is not None:
            raise StoreError(f"Run {run} is being written by {owner}: wait for its end, or stop it.")


def _attempts(numbers: tuple[int, ...]) -> str:
    return named("attempt", numbers) if 0 < len(numbers) <= 5 else some(len(numbers), "attempt")
