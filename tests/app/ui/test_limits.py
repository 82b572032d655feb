from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BadInput
from app.ui.limits import LONGEST_TYPED, check_typed, check_whole
from prompts.values import UserError


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()))
def test_any_value_is_a_number_within_the_bounds_or_a_sentence(value: object) -> None:
    try:
        found = check_whole(value, "Forks", 1, 8)
    except BadInput as error:
        assert "from 1 to 8" in str(error)
        return
    assert found in range(1, 9) and found == value


def test_a_question_may_be_long_but_not_enormous() -> None:
    assert check_typed(" why? ") == "why?"
    with pytest.raises(BadInput, match="the page takes 100,000"):
        check_typed("x" * (LONGEST_TYPED + 1))
    for nothing in (None, "", " \n"):
        with pytest.raises(UserError, match="empty"):
            check_typed(nothing)
