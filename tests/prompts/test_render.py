from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.render import TemplateError, fill, render, template

ANY = st.text(max_size=80)


@given(ANY, ANY)
def test_placeholders_inside_a_value_are_not_filled(question: str, memory: str) -> None:
    assert fill("Q: {{q}} M: {{m}}", {"q": question, "m": memory}) == f"Q: {question} M: {memory}"


def test_a_question_that_holds_placeholders_stays_as_typed() -> None:
    assert render("isump/question", question="{{memory}} {{question}} $12 {x} \\1") == (
        "Question: {{memory}} {{question}} $12 {x} \\1"
    )


def test_missing_and_unused_names_are_all_named() -> None:
    with pytest.raises(TemplateError, match=r"missing b, c; unused x, y"):
        fill("{{a}} {{b}} {{c}}", {"a": "1", "x": "2", "y": "3"})


def test_an_absent_template_is_named() -> None:
    with pytest.raises(TemplateError, match=r"prompts/isump/nothing\.txt"):
        template("isump/nothing")


def test_every_template_is_reachable_and_not_empty() -> None:
    root = Path(str(files("prompts")))
    names = [str(path.relative_to(root).with_suffix("")) for path in root.rglob("*.txt")]
    assert len(names) > 15
    assert all(template(name) for name in names)
