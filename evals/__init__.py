"""Evals: tasks, the runner, statistics and reports. ``TASKS`` lists the tasks by name, one file each."""

from __future__ import annotations

import ast
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evals.task import Task

    TASKS: dict[str, Task]


def __getattr__(name: str) -> Any:
    # On first use, not on import: a task's file may be the program that is running (``python -m evals.gsm8k``).
    if name == "TASKS":
        return _tasks()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@cache
def _tasks() -> dict[str, Task]:
    """The ``TASK`` of every module of this package that assigns one; the other modules are not imported."""
    paths = [path for folder in __path__ for path in sorted(Path(folder).glob("*.py")) if _assigns_task(path)]
    tasks = [import_module(f"{__name__}.{path.stem}").TASK for path in paths]
    return {task.name: task for task in tasks}


def _assigns_task(path: Path) -> bool:
    targets: list[ast.expr] = []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        targets += node.targets if isinstance(node, ast.Assign) else ()
        targets += [node.target] if isinstance(node, ast.AnnAssign) and node.value else ()
    return any(isinstance(target, ast.Name) and target.id == "TASK" for target in targets)
