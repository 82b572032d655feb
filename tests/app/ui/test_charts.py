from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from app.record import Record
from app.ui import charts
from app.ui.charts import FULL, USED, Judged, RunPoint
from graphs.reasoner import Step, Verb
from prompts.fidelity import Fidelity
from prompts.values import Call, Generation, Message, Request, TextMemory, Usage

REQUEST = Request((Message("user", ("Why?",)),), 10)


def taken(index: int, verb: Verb, *usages: Usage, invented: tuple[str, ...] = ()) -> Record:
    calls = tuple(Call(REQUEST, Generation("words", usage, "stop", 0.1)) for usage in usages)
    fidelity = Fidelity((), (), invented) if verb == "summarize" else None
    return Record(index, Step(verb, 1, TextMemory(), TextMemory(), calls), fidelity)


ATTEMPT = (
    taken(0, "step", Usage(100, 40)),
    taken(1, "summarize", Usage(150, 20), Usage(150, 30), invented=("7",)),
    taken(2, "step", Usage(120, 50)),
    taken(3, "conclude"),
)


def column(table: pd.DataFrame, name: str, **where: str) -> list[Any]:
    rows = table.to_dict("records")
    return [row[name] for row in rows if all(row[key] == value for key, value in where.items())]


def test_each_call_stands_beside_what_the_full_history_would_be() -> None:
    table = charts.context_lines(ATTEMPT)
    for line, tokens in ((USED, [140, 180, 170]), (FULL, [140, 140, 190])):
        assert column(table, "step", line=line) == [0, 1, 2, 3], "a conclusion without a call is no mark"
        assert column(table, "tokens", line=line) == [0, *tokens]


def test_a_chart_that_grows_has_its_lines_from_the_beginning() -> None:
    table = charts.context_lines(())
    assert column(table, "line") == list(charts.CONTEXT.color_map) == [USED, FULL]
    assert all(map(pd.isna, column(table, "tokens"))), "and draws none of them"
    first = {"x_lim": [0, 10], "y_lim": [0, 250]}
    assert charts.limits(()) == charts.limits(ATTEMPT) == first
    assert first.items() <= charts.CONTEXT.drawn().items()
    assert charts.limits([ATTEMPT[0]] * 10) == {"x_lim": [0, 10], "y_lim": [0, 500]}
    assert charts.limits([ATTEMPT[0]] * 21) == {"x_lim": [0, 40], "y_lim": [0, 1000]}


def test_a_name_has_one_colour() -> None:
    found = charts.colours(["a", "b", "a", *map(str, range(20))])
    assert len(found) == 22
    assert found["a"] != found["b"]


def test_the_mean_context_is_over_the_attempts_that_got_so_far() -> None:
    table = charts.context_by_step({"run 1": [ATTEMPT, ATTEMPT[:1]], "run 2": [ATTEMPT[2:]], "run 3": []})
    assert column(table, "tokens", run="run 1") == [140, 180, 170]
    assert column(table, "tokens", run="run 2") == [170]
    assert "run 3" not in column(table, "run")


def test_runs_are_marks_with_their_interval_in_percent() -> None:
    (row,) = charts.run_points([RunPoint("run 1, isump", 64, 0.5, 0.378, 0.6224, 812.5, 2048)]).to_dict("records")
    assert row == {
        "run": "run 1, isump",
        "peak context": 812.5,
        "processed": 2048,
        "accuracy": 50,
        "95% interval": "37.8 to 62.2%",
        "questions": 64,
    }


def test_right_answers_are_grouped_by_what_was_invented() -> None:
    judged = [Judged(0, True), Judged(0, True), Judged(1, False), Judged(3, True), Judged(9, False)]
    table = charts.fidelity_bars(reversed(judged))
    assert table.to_dict("records") == [
        {"invented": "0", "right": 100, "attempts": 2},
        {"invented": "1", "right": 0, "attempts": 1},
        {"invented": "3 or more", "right": 50, "attempts": 2},
    ]
    assert charts.invented(ATTEMPT) == 1


@pytest.mark.parametrize(
    ("table", "drawing"),
    [
        (charts.context_by_step({}), charts.CONTEXT_BY_STEP),
        (charts.run_points(()), charts.ACCURACY_BY_PEAK),
        (charts.run_points(()), charts.ACCURACY_BY_PROCESSED),
        (charts.fidelity_bars(()), charts.FIDELITY),
    ],
)
def test_an_empty_chart_has_its_axes(table: pd.DataFrame, drawing: charts.Drawing) -> None:
    assert table.empty
    assert {drawing.x, drawing.y, drawing.color or drawing.x} <= set(table.columns)
    assert pd.api.types.is_numeric_dtype(table[drawing.y].dtype)
    assert drawing.x_title and drawing.y_title.endswith(")"), "an axis says its unit"
