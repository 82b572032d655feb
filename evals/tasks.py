"""Tasks by name, one file each."""

from __future__ import annotations

from evals import babi_long, gsm8k, gsm8k_chain, prosqa, reasoning_gym, riw, variable_tracking
from evals.task import Task

TASKS: dict[str, Task] = {
    "babi_long": babi_long.TASK,
    "gsm8k": gsm8k.TASK,
    "gsm8k_chain": gsm8k_chain.TASK,
    "prosqa": prosqa.TASK,
    "reasoning_gym": reasoning_gym.TASK,
    "riw": riw.TASK,
    "variable_tracking": variable_tracking.TASK,
}
"""Every task by the name of its file."""
