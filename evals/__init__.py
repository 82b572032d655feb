"""Evals: tasks, the runner that measures strategies on them, statistics, reports and benchmarks."""
