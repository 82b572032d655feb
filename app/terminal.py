"""Attempts, runs and models in the terminal: for people with rich, each step as it happens, and as JSON lines.

Everything a model wrote is hostile until shown inert: control and direction-changing characters are made visible.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from app.attempt_view import AttemptView
from app.doctor import Diagnosis
from app.session import Began, Ended, Event
from app.store.records import COST_UNITS, Attempt, AttemptSpec, ContextSize, Costs, Record, Run
from app.text import format_number, sanitize, when
from graphs.live import Delta
from prompts.caller import VERIFIER
from prompts.checks import fault_name
from prompts.forgetting import FORGETTING
from prompts.memories import Memory
from prompts.steps import Step
from prompts.values import Finding


class TerminalPrinter:
    """Prints each step of an attempt as it comes, with a spinner that says what is being done and written.

    ``live`` says whether anyone can see the spinner.
    """

    def __init__(self) -> None:
        self._console = Console()
        self._doing = "thinking"
        self._status = self._console.status(self._doing)
        self.live = self._console.is_terminal

    def __enter__(self) -> TerminalPrinter:
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def show(self, event: Event, view: AttemptView) -> None:
        """Print what an event says; ``view`` has it folded in already."""
        match event:
            case Began(spec=spec):
                self._console.print(attempt_header(event.attempt, spec))
            case Record():
                self._console.print(step_block(event, view.sizes[-1]))
                self._doing = "summarizing" if event.step.verb == "step" else "thinking"
                self._status.update(f"{self._doing} (round {event.step.round})")
            case Delta():
                written = sanitize(view.writing).split("\n")[-1]
                room = max(20, self._console.width - len(self._doing) - 8)
                self._status.update(Text.assemble(f"{self._doing}: ", (written[-room:], "dim")))
            case Ended(attempt, costs):
                self._console.print(result_block(attempt, costs))


def attempt_header(number: int, spec: AttemptSpec) -> RenderableType:
    """The question, the way it is being solved, and the attempt's number."""
    line = f"attempt {number} · {spec.strategy} · {spec.model} ({spec.backend})"
    return Group(Text(sanitize(spec.question.text), style="bold"), Text(sanitize(line), style="dim"))


def step_block(record: Record, size: ContextSize) -> RenderableType:
    """One record: the thought or the memory, what the checks found in it, its cost."""
    taken = record.step
    body: list[RenderableType] = []
    if taken.verb == "step" and taken.thought:
        body += [Rule(f"step {taken.round}", align="left", style="cyan"), Text(sanitize(taken.thought.text))]
        body += [_finding(found) for found in record.findings if found.kind != "right"]
    elif taken.verb == "conclude" and taken.calls and taken.answer:
        body += [Rule("conclusion", align="left", style="cyan"), Text(sanitize(taken.answer.source))]
    elif taken.verb in ("summarize", "read"):
        if taken.verb == "read":
            read = taken.thought.text if taken.thought else ""
            body += [Rule(f"part {taken.round} of the text", align="left", style="cyan"), Text(sanitize(read))]
        body += [_memory(taken.memory_after, record.findings), *_counts(record.findings)]
    body += [Text(f"! {sanitize(mark)}", style="yellow") for mark in taken.marks]
    for call in taken.calls:
        body += [Text(f"! tried again: {sanitize(retry.error)}", style="yellow") for retry in call.generation.retries]
    if taken.calls:
        body.append(_cost_line(taken, size))
    return Padding(Group(*body), (0, 0, 1, 0)) if body else Text("", end="")


def result_block(attempt: Attempt, costs: Costs) -> RenderableType:
    """The answer, why the attempt ended, and what it cost."""
    answer = (
        Text(sanitize(attempt.answer), style="bold green") if attempt.answer is not None else Text("none", "bold red")
    )
    ending = attempt.ending.sentence if attempt.ending else ""
    line = Text.assemble("Answer: ", answer, (f"   ({ending})", "dim"))
    if attempt.status == "error":
        line = Text(f"Error: {sanitize(attempt.error or '')}", style="bold red")
    elif attempt.status == "running":
        line = Text("Unfinished: the process that ran it is gone, or is still at it.", style="yellow")
    return Group(line, cost_table(costs), Text(f"Replay it with: isump show {attempt.id}", style="dim"))


def cost_table(costs: Costs) -> Table:
    """Every cost of the design, in one row."""
    shown = {name.removesuffix("_tokens").replace("_", " "): name for name in COST_UNITS if name != "steps"}
    table = Table(*shown, box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_row(*(format_number(getattr(costs, name)) for name in shown.values()))
    return table


def prompt_block(record: Record) -> RenderableType:
    """Every prompt of a record exactly as it was sent, its parts apart: what is stable, the memory, the instruction."""
    shown: list[RenderableType] = []
    for number, call in enumerate(record.step.calls, 1):
        shown.append(Rule(f"{record.step.verb}, call {number}", align="left", style="dim"))
        for message in call.request.messages:
            for i, part in enumerate(message.parts):
                shown.append(
                    Text.assemble((f"{message.role if not i else '':>9} │ ", "cyan"), (sanitize(part.text), "dim"))
                )
    return Group(*shown)


def listing(runs: Sequence[Run], attempts: Sequence[Attempt]) -> RenderableType:
    """The runs, and the newest attempts with how they ended."""
    evals = Table("run", "questions", "strategy", "model", "n", "started", box=None, header_style="dim")
    for run in runs:
        spec = run.spec
        cells = (str(run.id), spec.questions, spec.strategy, spec.model, str(spec.n), when(run.started))
        evals.add_row(*(Text(sanitize(cell)) for cell in cells))
    tries = Table("attempt", "run", "strategy", "status", "answer", "question", box=None, header_style="dim")
    for attempt in attempts:
        spec, run_id = attempt.spec, "" if attempt.spec.run is None else str(attempt.spec.run)
        answer = attempt.answer or attempt.error or ("none" if attempt.status == "done" else "unfinished")
        cells = (str(attempt.id), run_id, spec.strategy, attempt.status, answer[:30], spec.question.text[:60])
        tries.add_row(*(Text(sanitize(cell).replace("\n", " ")) for cell in cells))
    return Group(*([evals, Text()] if runs else []), tries)


def diagnosis(found: Sequence[Diagnosis]) -> Table:
    """The checks of ``isump doctor``, each failed one with the command that mends it."""
    table = Table.grid(padding=(0, 2))
    for finding in found:
        sign, style = ("✓", "green") if finding.works else ("✗", "bold red") if finding.needed else ("–", "yellow")
        table.add_row(Text(sign, style), finding.name, Text(sanitize(finding.says)))
    return table


def models_table(models: Sequence[Sequence[tuple[str, str]]], default: str = "") -> RenderableType:
    """Models, each a list of names and values as ``app.models.describe`` yields them."""
    table = Table.grid(padding=(0, 2))
    for model in models:
        for name, value in model:
            more = " (default)" if (name, value) == ("model", default) else ""
            style = "bold" if name == "model" else ""
            table.add_row(Text(name, "dim"), Text(sanitize(value) + more, style, overflow="fold"))
        table.add_row()
    return table


def _finding(found: Finding) -> Text:
    fault = fault_name(found.check, found.kind)
    sign, style = ("✗", "bold red") if fault else ("↺", "yellow") if found.check == VERIFIER else ("?", "dim")
    detail = f" ({sanitize(found.detail)})" if found.detail else ""
    return Text(f"{sign} {sanitize(found.text)}{detail}", style=style)


def _memory(memory: Memory, findings: Sequence[Finding]) -> RenderableType:
    """The sections of a memory side by side, every piece of text that a check finds faulty marked."""
    faulty = [sanitize(found.text) for found in findings if fault_name(found.check, found.kind)]
    columns = []
    for section in memory.sections:
        text = Text(f"{section.title}\n", style="magenta")
        for line in section.lines or ("none",):
            entry = Text(f"• {sanitize(line)}\n", style="default")
            for piece in faulty:
                entry.highlight_regex(rf"(?<![\d.]){re.escape(piece)}(?![\d])", "bold red")
            text.append_text(entry)
        columns.append(text)
    return Columns(columns, padding=(0, 4))


def _counts(findings: Sequence[Finding]) -> list[Text]:
    """Counts of the findings of each kind in a memory, the faulty ones by name."""
    kinds = dict.fromkeys((found.check, found.kind) for found in findings)
    parts = list[Text]()
    for check, kind in kinds:
        texts = [sanitize(found.text) for found in findings if (found.check, found.kind) == (check, kind)]
        fault = fault_name(check, kind)
        named = f": {', '.join(texts)}" if fault or kind == "dropped" or check == FORGETTING else ""
        style = "bold red" if fault else "yellow" if named else "dim"
        parts.append(Text(f"{len(texts)} {sanitize(kind)}{named}", style=style))
    return [Text(" · ", style="dim").join(parts)] if parts else []


def _cost_line(step: Step, size: ContextSize) -> Text:
    costs, seconds = Costs().after(step), sum(call.generation.seconds for call in step.calls)
    return Text(
        f"context {size.used:,} tokens (with the full history {size.full_history:,}) · {costs.generated:,} generated · "
        f"{costs.cached_tokens / (costs.prompt_tokens or 1):.0%} of {costs.prompt_tokens:,} prompt tokens cached · "
        f"{seconds:.1f} s",
        style="dim",
    )


class JsonPrinter:
    """Prints each step and the result of an attempt as they come."""

    live = False

    def __enter__(self) -> JsonPrinter:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, event: Event, view: AttemptView) -> None:
        """Print what an event says; ``view`` has it folded in already."""
        match event:
            case Record():
                print(step_line(event, view.sizes[-1]), flush=True)
            case Ended(attempt, costs):
                print(result_line(attempt, costs), flush=True)


def step_line(record: Record, size: ContextSize) -> str:
    """One record: what was thought, what the memory became, what was found in it, its cost in tokens and seconds."""
    step, costs = record.step, Costs().after(record.step)
    return _line(
        {
            "event": "step",
            "index": record.index,
            "verb": step.verb,
            "round": step.round,
            "thought": step.thought.text if step.thought else None,
            "memory": json.loads(step.memory_after.encode().text),
            "marks": step.marks,
            "findings": [asdict(finding) for finding in record.findings],
            "context": size.used,
            "full_history": size.full_history,
            "prompt_tokens": costs.prompt_tokens,
            "cached_tokens": costs.cached_tokens,
            "generated": costs.generated,
            "seconds": round(sum(call.generation.seconds for call in step.calls), 3),
        }
    )


def result_line(attempt: Attempt, costs: Costs) -> str:
    """The end: the answer or null, why it ended, every cost."""
    return _line(
        {
            "event": "result",
            "attempt": attempt.id,
            "strategy": attempt.spec.strategy,
            "model": attempt.spec.model,
            "answer": attempt.answer,
            "ending": attempt.ending,
            **asdict(costs),
            "processed": costs.processed,
        }
    )


def _line(values: dict[str, object]) -> str:
    readable = (sys.stdout.encoding or "").lower().startswith("utf")  # elsewhere a letter may have no code
    return json.dumps(values, ensure_ascii=not readable, allow_nan=False)
