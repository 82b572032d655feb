"""Compare two runs on the same questions: exact McNemar, paired bootstrap, detectable difference, flips.

python -m evals.compare 1 2
"""

from __future__ import annotations

import sys

from pydantic import Field
from pydantic_settings import CliPositionalArg
from rich.console import Console

from app import program
from app.options import MAX_ROW, StoreOption, parse
from app.store import Store
from evals.report import comparison_table
from evals.results import pair


class Compare(StoreOption):
    """Compare two runs, paired by question."""

    run_a: CliPositionalArg[int] = Field(
        ge=1, le=MAX_ROW, description="the baseline's number, as `isump runs` lists it"
    )
    run_b: CliPositionalArg[int] = Field(ge=1, le=MAX_ROW, description="the number of the run compared with it")
    scorer: str | None = Field(default=None, description="whose judgement counts (the one the runs say)")

    def run(self) -> int:
        """Print the comparison."""
        with Store.existing(self.store) as store:
            first, second = store.run(self.run_a), store.run(self.run_b)
            names = (f"{first.spec.strategy} (run {first.id})", f"{second.spec.strategy} (run {second.id})")
            comparison = pair(store, first, second, self.scorer or first.spec.primary)
            Console().print(comparison_table(comparison, *names))
        return 0


def main() -> None:
    """Entry point of ``python -m evals.compare``."""
    program.run(lambda: parse(Compare, sys.argv[1:], "python -m evals.compare").run())


if __name__ == "__main__":
    main()
