"""The parts of README.md that come from the code; `cog -r -I docs README.md` writes them, `.ci/run` checks them."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

from graphs import STRATEGIES
from graphs.strategy import graph

ROOT = Path(__file__).parent.parent


def strategies() -> str:
    """A table row for each strategy."""
    rows = (f"| `{name}` | {strategy.help} |" for name, strategy in STRATEGIES.items())
    return "\n".join(("| name | what it does |", "|---|---|", *rows))


def drawn(strategy: str) -> str:
    """The compiled graph of a strategy as a Mermaid block."""
    return f"```mermaid\n{graph(STRATEGIES[strategy]).get_graph().draw_mermaid(with_styles=False).strip()}\n```"


def files() -> str:
    """Every tracked Python file of the product with the first sentence of its docstring."""
    listed = subprocess.run(("git", "ls-files", "*.py"), cwd=ROOT, capture_output=True, text=True, check=True)
    paths = [Path(line) for line in listed.stdout.splitlines() if not line.startswith(("tests/", "docs/"))]
    says = {path.as_posix(): _says(path) for path in paths}
    width = max(map(len, says)) + 2
    return "\n".join(("```text", *(f"{path:<{width}}{what}" for path, what in says.items() if what), "```"))


def _says(path: Path) -> str:
    text = ast.get_docstring(ast.parse((ROOT / path).read_text())) or ""
    sentence = " ".join(text.split("\n\n")[0].split())
    return sentence.split(". ")[0].split("; ")[0].rstrip(".:")
