"""AttemptView: the events of one attempt folded into what is shown of it, in the terminal and on the page alike.

view = AttemptView()
async for event in solve(...):
view = view.after(event)
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.session import Began, Ended, Event
from app.store import Store
from app.store.records import Attempt, ContextSize, Costs, Record, context_sizes, usages
from graphs.live import Delta
from prompts.values import UserError

STOPPED = "stopped"
"""The error of an attempt that its user ended."""


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One attempt as far as it has come.

    Attributes:
        number: Its number in the store, once it has one.
        records: Its steps so far.
        attempt: The attempt as it was closed, and ``costs`` with it; absent while it runs and when it failed.
        writing: What the model has written of the step to come, where that is followed.
        error: Why it failed, in one sentence; ``STOPPED`` when its user ended it.
    """

    number: int | None = None
    records: tuple[Record, ...] = ()
    attempt: Attempt | None = None
    costs: Costs | None = None
    writing: str = ""
    error: str | None = None

    def after(self, event: Event | UserError) -> AttemptView:
        """The view with what has just happened."""
        match event:
            case Began(attempt=number):
                return replace(self, number=number)
            case Delta(text):
                return replace(self, writing=self.writing + text)
            case Record():
                return replace(self, records=(*self.records, event), writing="")
            case Ended(attempt, costs):
                return replace(self, attempt=attempt, costs=costs)
            case UserError():
                return replace(self, error=str(event))

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.attempt is not None or self.error is not None

    @property
    def stopped(self) -> bool:
        """Whether its user ended it."""
        return self.error == STOPPED

    @property
    def sizes(self) -> list[ContextSize]:
        """The context of each step's largest call, in tokens."""
        return context_sizes(usages(self.records))


def stored_view(store: Store, number: int) -> AttemptView:
    """An attempt as the store has it; raises ``StoreError`` when there is none of that number."""
    attempt = store.attempt(number)
    done = attempt.status == "done"
    records = tuple(store.records(number))
    costs = store.costs(number) if done else None
    return AttemptView(number, records, attempt if done else None, costs, error=attempt.error)
