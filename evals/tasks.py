"""Tasks by name, one file each."""

from __future__ import annotations

from evals import gsm8k
from evals.task import Task

TASKS: dict[str, Task] = {"gsm8k": gsm8k.TASK}
"""Every task by the name of its file."""
