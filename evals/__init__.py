"""Evals: tasks, the runner, statistics and reports. ``TASKS`` lists the tasks by name, one file each."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evals.task import Task

    TASKS: dict[str, Task]

_DEFINES_TASK = re.compile(r"^TASK\s*(:.*)?=", re.MULTILINE)


def __getattr__(name: str) -> Any:
    # On first use, not on import: a task's file may be the program that is running (``python -m evals.gsm8k``).
    if name == "TASKS":
        return _tasks()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@cache
def _tasks() -> dict[str, Task]:
    """The ``TASK`` of every module of this package that defines one; the other modules are not imported."""
    folders = [Path(folder) for folder in __path__]
    names = [
        found.name
        for found in iter_modules(__path__)
        for folder in folders
        if (source := folder / f"{found.name}.py").is_file() and _DEFINES_TASK.search(source.read_text("utf-8"))
    ]
    tasks = [import_module(f"{__name__}.{name}").TASK for name in names]
    return {task.name: task for task in tasks}
