from __future__ import annotations

from app.ui.page import page
from app.ui.site import Site


async def test_nothing_that_happens_on_load_is_queued(site: Site) -> None:
    """A stream of queued events that ends at the moment of the first click would take the answer with it."""
    on_load = [each for each in page(site).fns.values() if any(event == "load" for _, event in each.targets)]
    assert on_load
    assert not [each for each in on_load if each.queue]
