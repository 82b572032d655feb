"""One flow with a real small model: the page, the embedded backend and the trace store together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.backends.config import BackendConfig
from app.store import Store
from app.ui.backends import Backends
from tests.browser.conftest import ASKED, serving

pytestmark = [pytest.mark.integration, pytest.mark.browser, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


def test_a_real_model_is_watched(smollm2: Path, visit: Callable[..., Page], tmp_path: Path) -> None:
    backends = Backends(BackendConfig(model=str(smollm2), slots=1, context=2048))
    short = {"step_tokens": 32, "memory_tokens": 48, "answer_tokens": 16, "max_steps": 2}
    with Store.open(tmp_path / "t.sqlite") as store, serving(store, backends=backends, settings=short) as served:
        page = visit(served.url)
        page.get_by_label("Question", exact=True).first.fill(ASKED)
        page.get_by_role("button", name="Solve", exact=True).click()
        expect(page.locator(".steps .is-step").first).to_be_visible(timeout=120_000)
        expect(page.locator(".answer-box .is-answer")).to_be_visible(timeout=240_000)
        (attempt,) = store.attempts()
        assert (attempt.status, attempt.spec.backend) == ("done", "embedded")
        assert store.costs(attempt.id).generated > 0
        assert page.locator(".steps").inner_text().strip()
