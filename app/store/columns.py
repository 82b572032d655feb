"""What a value in each column can be: SQLite takes any value in any column, so whatever is read is looked at.

check_values([{"id": 3, "started": 1795276770.5}])
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

LATEST = 253_000_000_000
"""Unix time, in the year 9987; a later moment has no date."""


def check_values(rows: Sequence[dict[str, Any]]) -> None:
    """Raise ``ValueError`` when a row, of whatever table or query, holds what a column of that name cannot."""
    for name in (rows[0].keys() & _IS.keys()) if rows else ():
        fits = _IS[name]
        for row in rows:
            if not fits(row[name]):
                raise ValueError(f"{name} is {repr(row[name])[:80]}")


def strings(text: str) -> tuple[str, ...]:
    """A JSON list of strings; raises ``ValueError`` when it is none."""
    match json.loads(text):
        case [*found] if all(isinstance(one, str) for one in found):
            return tuple(found)
    raise ValueError(f"{text[:80]!r} is no list of texts")


def one_of(names: Iterable[Any], value: Any) -> Any:
    """``value``; raises ``ValueError`` when it is none of ``names``."""
    if value not in names:
        raise ValueError(f"{str(value)[:80]!r} is none of {', '.join(map(str, names))}")
    return value


def is_number(value: object) -> bool:
    """Whether it is a finite number."""
    return isinstance(value, int | float) and -math.inf < value < math.inf


def is_moment(value: object) -> bool:
    """Whether it is a Unix time that has a date."""
    return isinstance(value, int | float) and 0 <= value < LATEST


def _is(*kinds: type) -> Callable[[object], bool]:
    return lambda value: isinstance(value, kinds)


def _or_none(fits: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or fits(value)


def _named(fits: Callable[[object], bool], names: str) -> dict[str, Callable[[object], bool]]:
    return dict.fromkeys(names.split(), fits)


_IS: dict[str, Callable[[object], bool]] = {
    **_named(_is(str), "question_id strategy backend model checks answer_form status program questions task_version"),
    **_named(
        _is(str), "primary_scorer source verb marks prompt finish_reason retries check kind text detail scorer why"
    ),
    **_named(_is(str), "host"),
    **_named(_or_none(_is(str)), "task error answer ending extracted"),
    **_named(_is(bytes, type(None)), "data"),
    **_named(_is(int), "id n idx round attempt step memory_before memory_after output layout seed max_tokens pid"),
    **_named(_is(int), "prompt_tokens cached_tokens completion_tokens peak_context generated"),
    **_named(_or_none(_is(int)), "run parent parent_attempt forked_at_step writer thought context completion schema"),
    **_named(_or_none(_is(int)), "identity item_hashes prompted completed"),
    **_named(_is(int, str), "question settings"),  # a text, or its id
    **_named(is_number, "temperature seconds attention_area"),
    **_named(_or_none(is_number), "value"),
    **_named(is_moment, "started ended"),
    **_named(_or_none(is_moment), "finished held_since"),
}
"""Whether a value fits, by the name of its column; the name means the same in every table and query."""
