"""Compare two runs on the same questions: exact McNemar, paired bootstrap, what could have been seen, the flips.

python -m evals.compare 1 2
"""

from __future__ import annotations

from rich.console import Console

from app.config import read_config
from app.options import Parser, add_store, run
from app.store import Store
from evals.report import comparison_table
from evals.results import pair


def main() -> None:
    """Entry point of ``python -m evals.compare``."""
    parser = Parser(prog="python -m evals.compare", description="Compare two runs, paired by question.")
    parser.add_argument("run_a", type=int, help="the baseline's number, as `isump runs` lists it")
    parser.add_argument("run_b", type=int, help="the number of the run compared with it")
    parser.add_argument("--scorer", default="numeric", help="whose judgement counts (%(default)s)")
    add_store(parser, read_config())
    args = parser.parse_args()

    def compare() -> int:
        with Store.existing(args.store) as store:
            first, second = store.run(args.run_a), store.run(args.run_b)
            names = (f"{first.spec.strategy} (run {first.id})", f"{second.spec.strategy} (run {second.id})")
            Console().print(comparison_table(pair(store, first, second, args.scorer), *names))
        return 0

    run(compare)


if __name__ == "__main__":
    main()
