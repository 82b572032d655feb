"""Shows an attempt in the terminal: each step as it happens, or replayed from the store in the same words.

Everything a model wrote is hostile until shown inert: control and direction-changing characters are made visible.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from app.doctor import Finding
from app.models.catalogue import ModelStatus
from app.sanitize import sanitize
from app.store.records import Attempt, Context, Costs, Record, Run
from prompts.checks.equations import Claim
from prompts.checks.fidelity import Fidelity
from prompts.memories import TextMemory, VectorMemory

_MARKS = {"right": ("✓", "green"), "wrong": ("✗", "bold red"), "unreadable": ("?", "dim")}


def header(attempt: Attempt) -> RenderableType:
    """Which question, how it is being solved, and the number to look it up by."""
    spec = attempt.spec
    line = Text(f"attempt {attempt.id} · {spec.strategy} · {spec.model} ({spec.backend})", style="dim")
    return Group(Text(sanitize(spec.question.text), style="bold"), line)


def step(record: Record, context: Context) -> RenderableType:
    """One record: the thought with its equations judged, or the memory with its numbers traced."""
    taken = record.step
    body: list[RenderableType] = []
    if taken.verb == "step" and taken.thought:
        body += [Rule(f"step {taken.round}", align="left", style="cyan"), Text(sanitize(taken.thought.text))]
        body += [_claim(claim) for claim in record.claims if claim.verdict != "right"]
    elif taken.verb == "conclude" and taken.calls and taken.answer:
        body += [Rule("conclusion", align="left", style="cyan"), Text(sanitize(taken.answer.source))]
    elif isinstance(taken.memory_after, TextMemory) and taken.verb == "summarize":
        body.append(_memory(taken.memory_after, record.fidelity))
    elif isinstance(taken.memory_after, VectorMemory):
        body.append(Text(f"memory {taken.memory_after.shape}, norm {taken.memory_after.norm:.3g}", style="magenta"))
    body += [Text(f"! {sanitize(mark)}", style="yellow") for mark in taken.marks]
    for call in taken.calls:
        body += [Text(f"! tried again: {sanitize(retry.error)}", style="yellow") for retry in call.generation.retries]
    if taken.calls:
        body.append(_cost_line(record, context))
    return Padding(Group(*body), (0, 0, 1, 0)) if body else Text("", end="")


def ended(attempt: Attempt, costs: Costs) -> RenderableType:
    """The answer, why the attempt ended, and what it cost."""
    answer = (
        Text(sanitize(attempt.answer), style="bold green") if attempt.answer is not None else Text("none", "bold red")
    )
    line = Text.assemble("Answer: ", answer, (f"   ({attempt.ending})", "dim"))
    if attempt.status == "error":
        line = Text(f"Error: {sanitize(attempt.error or '')}", style="bold red")
    elif attempt.status == "running":
        line = Text("Unfinished: the process that ran it is gone, or is still at it.", style="yellow")
    return Group(line, cost_table(costs), Text(f"Replay it with: isump show {attempt.id}", style="dim"))


def cost_table(costs: Costs) -> Table:
    """Every cost of the design, in one row."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    cells = {
        "peak context": f"{costs.peak_context:,}",
        "generated": f"{costs.generated:,}",
        "prompt": f"{costs.prompt_tokens:,}",
        "cached": f"{costs.cached_tokens:,}",
        "processed": f"{costs.processed:,}",
        "attention area": f"{costs.attention_area:,}",
        "calls": f"{costs.calls}",
        "seconds": f"{costs.seconds:.1f}",
    }
    for name in cells:
        table.add_column(name)
    table.add_row(*cells.values())
    return table


def prompts(record: Record) -> RenderableType:
    """Every prompt of a record exactly as it was sent, its parts apart: what is stable, the memory, the instruction."""
    shown: list[RenderableType] = []
    for number, call in enumerate(record.step.calls, 1):
        shown.append(Rule(f"{record.step.verb}, call {number}", align="left", style="dim"))
        for message in call.request.messages:
            for i, part in enumerate(message.parts):
                shown.append(Text.assemble((f"{message.role if not i else '':>9} │ ", "cyan"), (sanitize(part), "dim")))
    return Group(*shown)


def listing(runs: Sequence[Run], attempts: Sequence[Attempt]) -> RenderableType:
    """The runs, and the newest attempts with how they ended."""
    evals = Table("run", "task", "strategy", "model", "questions", "started", box=None, header_style="dim")
    for run in runs:
        spec = run.spec
        cells = (str(run.id), spec.task, spec.strategy, spec.model, str(spec.n), _when(run.started))
        evals.add_row(*(Text(sanitize(cell)) for cell in cells))
    tries = Table("attempt", "run", "strategy", "status", "answer", "question", box=None, header_style="dim")
    for attempt in attempts:
        spec, run_id = attempt.spec, "" if attempt.spec.run is None else str(attempt.spec.run)
        answer = attempt.answer or attempt.error or ("none" if attempt.status == "done" else "")
        cells = (str(attempt.id), run_id, spec.strategy, attempt.status, answer[:30], spec.question.text[:60])
        tries.add_row(*(Text(sanitize(cell).replace("\n", " ")) for cell in cells))
    return Group(*([evals, Text()] if runs else []), tries)


def catalogue(statuses: Sequence[ModelStatus], default: str) -> Table:
    """The models known by name and which of them are here."""
    table = Table("model", "size", "here", "licence", "what it is", box=None, header_style="dim")
    for status in statuses:
        model = status.model
        size = f"{(model.bytes or 0) / 1e6:,.0f} MB"
        here = "yes" if status.path else f"{status.bytes / 1e6:,.0f} MB of it" if status.bytes else "no"
        name = f"{model.name} (default)" if model.name == default else model.name
        table.add_row(name, size, here, model.licence, model.description)
    return table


def diagnosis(findings: Sequence[Finding]) -> Table:
    """What works and what does not, with the command that mends it."""
    table = Table.grid(padding=(0, 2))
    for finding in findings:
        sign, style = ("✓", "green") if finding.works else ("✗", "bold red") if finding.needed else ("–", "yellow")
        table.add_row(Text(sign, style), finding.name, Text(sanitize(finding.says)))
    return table


def _when(moment: float) -> str:
    return datetime.fromtimestamp(moment).strftime("%Y-%m-%d %H:%M")


def _claim(claim: Claim) -> Text:
    sign, style = _MARKS[claim.verdict]
    known = f" (it is {_decimal(claim)})" if claim.verdict == "wrong" and claim.left is not None else ""
    return Text(f"{sign} {sanitize(claim.text)}{known}", style=style)


def _decimal(claim: Claim) -> str:
    assert claim.left is not None, "only a readable claim is wrong"
    return str(claim.left) if claim.left.denominator == 1 else f"{float(claim.left):.6g}"


def _memory(memory: TextMemory, fidelity: Fidelity | None) -> RenderableType:
    invented = fidelity.invented if fidelity else ()
    lists = []
    for title, lines in (("what we know", memory.known), ("what to do next", memory.next)):
        text = Text(f"{title}\n", style="magenta")
        for line in lines or ("none",):
            entry = Text(f"• {sanitize(line)}\n", style="default")
            for number in invented:
                entry.highlight_regex(rf"(?<![\d.]){re.escape(sanitize(number))}(?![\d])", "bold red")
            text.append_text(entry)
        lists.append(text)
    shown: list[RenderableType] = [Columns(lists, padding=(0, 4))]
    if fidelity:
        shown.append(_fidelity(fidelity))
    return Group(*shown)


def _fidelity(found: Fidelity) -> Text:
    text = Text(f"numbers: {len(found.kept)} kept", style="dim")
    for name, numbers, style in (("dropped", found.dropped, "yellow"), ("invented", found.invented, "bold red")):
        if numbers:
            text.append(f" · {len(numbers)} {name}: {sanitize(', '.join(numbers))}", style=style)
    return text


def _cost_line(record: Record, context: Context) -> Text:
    usages = [call.generation.usage for call in record.step.calls]
    prompt, cached = sum(u.prompt for u in usages), sum(u.cached for u in usages)
    seconds = sum(call.generation.seconds for call in record.step.calls)
    return Text(
        f"context {context.used:,} tokens (with the full history {context.full_history:,}) · "
        f"{sum(u.completion for u in usages):,} generated · {cached / prompt if prompt else 0:.0%} of {prompt:,} "
        f"prompt tokens cached · {seconds:.1f} s",
        style="dim",
    )
