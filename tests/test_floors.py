"""The house has floors: a module imports only downwards, and heavy packages only where they are used."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = {"app", "graphs", "prompts", "memory", "evals"}
TASKS_MAY = {
    "evals.task",
    "evals.noise",
    "evals.prosqa_graph",
    "evals.retention",
    "evals.math_files",
    "evals.gsm8k",
    "evals.statistics",
}
LAZY = {
    "vllm",
    "transformers",
    "gradio",
    "xllamacpp",
    "datasets",
    "openai",
    "reasoning_gym",
    "huggingface_hub",
    "scipy",
    "numpy",
}
ENTRY = {
    "evals.runner",
    "evals.tasks",
    "evals.identity",
    "evals.dry_run",
    "evals.length_chart",
    "evals.commands",
    "evals.sweep",
    "evals.report",
    "evals.results",
    "evals.formatting",
    "evals.compare",
    "memory.train",
}


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def allowed(module: str) -> set[str]:
    """Prefixes of ours that ``module`` may import; the page stands, like the evals' commands, on top of everything."""
    package = module.split(".")[0]
    if module in ENTRY or module.startswith("evals.bench") or within(module, "app.ui"):
        return OURS
    if package == "evals":
        return {"prompts", *TASKS_MAY}
    return {
        "app": {"app", "graphs", "prompts", "memory"},
        "graphs": {"graphs", "prompts"},
        "prompts": {"prompts"},
        "memory": {"memory"},
    }[package]


def imports(tree: ast.Module) -> Iterator[tuple[str, int, bool]]:
    """(module, line, at the top level), leaving out what runs only as a program (``_main`` and the main guard)."""
    stack: list[tuple[ast.AST, bool]] = [(node, True) for node in tree.body]
    while stack:
        node, top = stack.pop()
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno, top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", node.lineno, top
        elif not _runs_as_program(node):
            inner = top and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            stack += [(child, inner) for child in ast.iter_child_nodes(node)]


def _runs_as_program(node: ast.AST) -> bool:
    if isinstance(node, ast.If):
        return ast.unparse(node.test) in ("__name__ == '__main__'", "TYPE_CHECKING")
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == "_main"


ASK_THE_MEMORY = ("graphs", "app.store", "app.session", "app.terminal", "app.jsonl", "app.attempt_view", "evals")
"""Modules that work with any kind of memory."""


def _names_a_kind_of_memory(tree: ast.Module, module: str) -> bool:
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return any(within(module, each) for each in ASK_THE_MEMORY) and bool(names & {"TextMemory", "VectorMemory"})


def faults(module: str, source: str) -> list[str]:
    found, tree = [], ast.parse(source)
    for name, line, top in imports(tree):
        root, page = name.split(".")[0], within(module, "app.ui")
        if root in OURS and not any(within(name, may) for may in allowed(module)):
            found.append(f"{module}:{line} imports {name}, which is not below it")
        opens = module == "app.cli" and (not top or name == "app.ui.access")
        if within(name, "app.ui") and not (page or opens):
            found.append(f"{module}:{line} imports {name}: only the command line does, and only to open the page")
        if root == "argparse" and module != "app.options":
            found.append(f"{module}:{line} imports argparse: the command line ends in app.options")
        if name == "prompts.memories" and _names_a_kind_of_memory(tree, module):
            found.append(f"{module}:{line} names a kind of memory: ask the memory itself")
        if root == "torch" and not (module.startswith("memory.") or module == "app.backends.recurrent"):
            found.append(f"{module}:{line} imports torch outside memory/")
        if root == "gradio" and not page:
            found.append(f"{module}:{line} imports gradio outside app/ui/")
        elif root in LAZY and top and not (page and root == "gradio") and module != f"app.backends.{root}":
            found.append(f"{module}:{line} imports {root} at the top; import it in the function that needs it")
    return found


MODULES = sorted(
    (".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), path)
    for package in OURS
    for path in (ROOT / package).rglob("*.py")
)


@pytest.mark.parametrize(("module", "path"), MODULES, ids=[module for module, _ in MODULES])
def test_every_module_imports_downwards(module: str, path: Path) -> None:
    assert not faults(module, path.read_text())


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("prompts.render", "from graphs.nodes import State"),
        ("prompts.render", "def f():\n    import app.store"),
        ("graphs.isump", "import app"),
        ("memory.rmt", "from prompts.values import Question"),
        ("evals.gsm8k", "from app.store import Store"),
        ("app.store", "import torch"),
        ("app.session", "import openai"),
        ("graphs.isump", "import evals.task"),
        ("app.session", "def f():\n    from evals.results import pair"),
        ("app.session", "def f():\n    from app.ui.page import page"),
        ("evals.runner", "from app.ui.page import page"),
        ("app.cli", "from app.ui.server import serve"),
        ("app.cli", "def f():\n    import gradio"),
        ("app.ui.html.charts", "import scipy"),
        ("app.session", "import argparse"),
        ("graphs.isump", "from prompts.memories import TextMemory\n\nx = TextMemory()"),
        ("prompts.checks.equations", "from graphs.reasoner import Reasoner"),
    ],
)
def test_an_offender_is_named(module: str, source: str) -> None:
    (found,) = faults(module, source)
    assert found.startswith(module)


def test_the_top_level_holds_only_what_the_design_names() -> None:
    shown = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith((".", "__"))}
    assert shown - {"build", "isump.egg-info", "node_modules"} <= OURS | {"tests", "docs"}
