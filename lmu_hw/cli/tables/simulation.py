# SPDX-License-Identifier: Apache-2.0
"""What simulators compared."""

from __future__ import annotations

from rich.console import Group, RenderableType

from lmu_hw.cli.tables.titled import titled
from lmu_hw.simulate import Result
from lmu_hw.simulate.coverage_sentences import coverage_lines

__all__ = ["bulk_table", "simulation_table"]


def simulation_table(results: list[Result]) -> RenderableType:
    """Return what each simulator compared."""
    title, texts = "simulation against the golden model", ("Simulator", "Version", "Verdict")
    numbers = ("Words", "Mismatches", "Steps", "Cycles", "Cycles/step")
    table = titled(title, *texts, numbers=numbers)
    lines: list[RenderableType] = [table]
    for result in results:
        per_step = "" if result.cycles_per_step is None else f"{result.cycles_per_step:,.10g}"
        table.add_row(
            result.name,
            result.version,
            _verdict(result),
            f"{result.words_compared:,}",
            f"{result.mismatches:,}",
            f"{result.steps:,}",
            f"{result.cycles:,}",
            per_step,
        )
        lines += _remarks(result)
    return Group(*lines)


def bulk_table(result: Result) -> RenderableType:
    """Return what a run of many steps compared, and how fast."""
    title = "simulation in bulk against the golden model"
    cycles = ("Cycles", "Cycles/step", "Planned")
    numbers = ("Words", "Mismatches", "Steps", "Steps/s", *cycles)
    table = titled(title, "Verilator", "Verdict", numbers=numbers)
    run = result.bulk
    if run is None:
        raise ValueError("the result must be that of a run in bulk")
    table.add_row(
        result.version,
        _verdict(result),
        f"{result.words_compared:,}",
        f"{result.mismatches:,}",
        f"{result.steps:,}",
        f"{result.steps / run.seconds:,.0f}" if run.seconds else "",
        f"{result.cycles:,}",
        "" if result.cycles_per_step is None else f"{result.cycles_per_step:,.10g}",
        f"{run.planned_cycles:,.10g}",
    )
    return Group(table, f"{run.sequences:,} sequences", *_remarks(result))


def _verdict(result: Result) -> str:
    return "[green]equal[/]" if result.passed else "[bold red]DIFFERENT[/]"


def _remarks(result: Result) -> list[str]:
    lines = []
    if result.netlist:
        lines.append(
            f"{result.words_compared:,} words at the ports of the netlist of {result.netlist}"
        )
    first = result.first_mismatch
    if first is not None:
        expected = "nothing" if first.expected is None else first.expected
        actual = "nothing or an unknown value" if first.got is None else first.got
        lines.append(
            f"{result.name}: first mismatch at {first.node}\\[{first.index}], sequence "
            f"{first.sequence}, step {first.step}: expected {expected}, got {actual}"
        )
    if result.failure:
        lines.append(f"{result.name}: {result.failure}")
    if result.input_steps < result.input_steps_given and result.bulk is None:
        lines.append(
            f"{result.name}: ran {result.input_steps:,} of the {result.input_steps_given:,} "
            "steps of your data; --max-cycles 0 runs all"
        )
    return lines + [f"{result.name}: {line}" for line in coverage_lines(result.coverage)]
