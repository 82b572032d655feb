import io
import json
from dataclasses import astuple, replace

import pytest
from rich.console import Console

from app.store.records import Identity
from evals.report import (
    COST_UNITS,
    CostSummary,
    RunSummary,
    comparison_table,
    describe,
    json_line,
    provenance,
    run_table,
)
from evals.statistics import accuracy, compare_paired

JSON_KEYS = [
    "run_id", "task", "strategy", "n", "accuracy", "ci95", "unanswered", "unstated", "errors", "peak_context",
    "generated", "prompt_tokens", "cached_tokens", "attention_area", "calls", "seconds", "program", "commit", "engine",
    "model", "model_fingerprint", "questions_hash",
]  # fmt: skip
IDENTITY = Identity(("a" * 32, "b" * 32), {}, "sha256:" + "c" * 64, "xllamacpp 1.2", "0.1.0", "d" * 40 + "-dirty")

# Every cost gets a mean of its own, so that a value in the wrong row or under the wrong key is seen.
COSTS = {name: CostSummary.of([100 * i + 1, 100 * i + 2, 100 * i + 6]) for i, name in enumerate(COST_UNITS, start=1)}
RUN = RunSummary(
    run_id="r-1",
    task="gsm8k",
    strategy="isump",
    model="qwen2.5-coder-1.5b-instruct",
    n=100,
    accuracy={"decimal": accuracy(53, 100), "strict_match": accuracy(41, 100), "captured": accuracy(0, 100)},
    means={"decimal": (0.5699, 93), "strict_match": (0.41, 100), "captured": (None, 0)},
    primary="decimal",
    unanswered=7,
    errors=2,
    reasons={"the server gave no answer": 1, "unfinished": 1},
    costs=COSTS,
    wall_seconds=1043.2,
    identity=IDENTITY,
)
EMPTY = replace(RUN, n=0, accuracy={"decimal": accuracy(0, 0)}, unanswered=0, errors=3, reasons={}, costs={})


def rendered(table, width=100):
    console = Console(width=width, file=io.StringIO())
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def row(text, label):
    lines = [line for line in text.splitlines() if line.startswith(label)]
    assert len(lines) == 1, f"{label!r} begins {len(lines)} lines"
    return lines[0].removeprefix(label).split()


def comparison(gained=9, lost=1, same=90, excluded=0, **changes):
    a = [False] * gained + [True] * lost + [True] * same
    b = [True] * gained + [False] * lost + [True] * same
    ids = [f"q{i}" for i in range(len(a))]
    costs_a = {"generated": [200.0] * len(a), "peak_context": [800.0] * len(a)}
    costs_b = {"generated": [50.0] * len(a), "peak_context": [1000.0] * len(a)}
    return replace(compare_paired(ids, a, b, costs_a, costs_b, excluded=excluded, resamples=200), **changes)


def test_cost_summary():
    assert astuple(CostSummary.of([1, 2, 3, 4, 10])) == pytest.approx((4.0, 3.0, 8.8, 10.0, 20.0))


@pytest.mark.parametrize("width", [80, 120])
def test_run_table_shows_every_number(width):
    text = rendered(run_table(RUN), width)
    assert row(text, "decimal") == ["53.0%", "43.3", "to", "62.5%", "53", "100", "0.570", "93"]
    assert row(text, "strict_match") == ["41.0%", "31.9", "to", "50.8%", "41", "100", "0.410", "100"]
    for i, (name, unit) in enumerate(COST_UNITS.items(), start=1):
        h = 100 * i
        numbers = [f"{h + 3}", f"{h + 2}", f"{h + 5.6:.1f}", f"{h + 6}", f"{3 * h + 9:,}"]
        assert row(text, name.replace("_", " ")) == [*numbers, *unit.split()]
    assert "captured" not in text, "nothing could be judged by it"
    flat = " ".join(text.split())
    assert "isump on gsm8k with qwen2.5-coder-1.5b-instruct (run r-1)" in flat
    assert "100 questions judged in 1,043 s; 7 unanswered (counted as wrong), 2 errors (not counted)" in flat


def test_numbers_that_no_answer_states_are_counted_apart() -> None:
    told = " ".join(rendered(run_table(replace(RUN, unstated=3)), 200).split())
    assert "2 errors (not counted); 3 of the unanswered tell a number without stating it" in told


def test_json_line_has_exactly_the_promised_keys_and_the_means():
    line = json_line(RUN)
    assert "\n" not in line
    parsed = json.loads(line)
    assert list(parsed) == JSON_KEYS
    assert (parsed["n"], parsed["accuracy"], parsed["unanswered"], parsed["errors"]) == (100, 0.53, 7, 2)
    assert parsed["ci95"] == pytest.approx([0.4329, 0.6249], abs=1e-4)
    assert parsed["seconds"] == 1043.2
    for name in ("peak_context", "generated", "prompt_tokens", "cached_tokens", "attention_area", "calls"):
        assert parsed[name] == COSTS[name].mean


def test_json_line_says_null_for_what_is_not_known():
    parsed = json.loads(json_line(EMPTY))
    assert list(parsed) == JSON_KEYS
    assert {parsed[key] for key in ("accuracy", "ci95", "peak_context", "generated", "calls")} == {None}
    assert (parsed["n"], parsed["errors"]) == (0, 3)


@pytest.mark.parametrize("width", [80, 120])
def test_comparison_table_shows_every_number(width):
    text = rendered(comparison_table(comparison(), "cot", "isump"), width)
    assert "isump against cot on 100 questions" in text
    assert row(text, "accuracy")[:4] == ["91.0%", "99.0%", "+8.0", "pts"]
    assert row(text, "generated") == ["200", "50", "×0.25", "×0.25", "to", "×0.25"]
    assert row(text, "peak context") == ["800", "1,000", "×1.25", "×1.25", "to", "×1.25"]
    flat = " ".join(text.replace("•", " ").split())
    for line in describe(comparison(), "cot", "isump"):
        assert line in flat


def test_words_for_a_difference_that_is_shown():
    words = describe(comparison(), "cot", "isump")
    assert words == (
        "isump got 9 questions right that cot got wrong, and 1 the other way.",
        "A split of 9 to 1 is hard to put down to chance (exact McNemar p = 0.021).",
        "With 100 questions a difference below 8.8 points could not have been seen reliably; "
        "one of 8.8 is seen 4 times in 5.",
        "Gained: q0, q1, q2, q3, q4, q5, q6, q7, q8",
        "Lost: q9",
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"gained": 3, "lost": 2}, "A split of 3 to 2 may well be chance (exact McNemar p = 1)."),
        ({"gained": 5, "lost": 0}, "A split of 5 to 0 may well be chance (exact McNemar p = 0.062)."),
        ({"gained": 40, "lost": 0}, "A split of 40 to 0 is hard to put down to chance (exact McNemar p < 0.0001)."),
        ({"gained": 0, "lost": 0}, "cot and isump got the same questions right (exact McNemar p = 1)."),
        ({"gained": 1, "lost": 0, "same": 2}, "With 3 questions no difference could have been seen, however large."),
        ({"gained": 0, "lost": 0, "same": 0}, "No question was finished by both runs, so there is nothing to compare."),
        ({"unanswered_a": 2, "unanswered_b": 4}, "Unanswered, counted as wrong: 2 by cot, 4 by isump."),
        ({"excluded": 1}, "1 question left out because a run ended in an error there."),
        ({"gained": 14, "lost": 0}, "Gained: q0, q1, q2, q3, q4, q5, q6, q7, q8, q9, q10, q11 and 2 more"),
    ],
)
def test_words(changes, sentence):
    assert sentence in describe(comparison(**changes), "cot", "isump")


def test_markup_and_control_characters_in_names_are_shown_and_not_obeyed():
    text = rendered(comparison_table(comparison(), "[red]a[/red]", "b\x1b[2J"))
    assert "[red]a[/red]" in text
    assert "\x1b" not in text


def test_the_reasons_of_errors_are_listed_with_their_counts() -> None:
    shown = rendered(run_table(replace(RUN, errors=5, reasons={"unfinished": 1, "The server gave no answer.": 4})))
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert lines.index("4 The server gave no answer.") < lines.index("1 unfinished")


def test_what_made_the_numbers_is_told():
    line = provenance(IDENTITY)
    assert line.startswith(
        "Made by isump 0.1.0 (commit dddddddddddd-dirty) with xllamacpp 1.2, model sha256:cccccccccccc,"
    )
    assert " ".join(line.split()[-1:]).rstrip(".") == json.loads(json_line(RUN))["questions_hash"][:12]
    other = replace(IDENTITY, items=IDENTITY.items[::-1], commit="", engine="", model="gpt")
    assert provenance(other).startswith("Made by isump 0.1.0, model gpt, questions ")
    assert provenance(other).split()[-1] != line.split()[-1]
