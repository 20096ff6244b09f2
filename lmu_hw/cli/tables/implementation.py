# SPDX-License-Identifier: Apache-2.0
"""What an implementation came to, for the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table

from lmu_hw.cli.tables.titled import titled
from lmu_hw.measure.implementation import Implementation, Resources

__all__ = ["implementation_table"]


def implementation_table(result: Implementation) -> RenderableType:
    """Return resources by part, clock and critical path, and what they mean."""
    return Group(
        *([_resources(result)] if result.library is None else _cells(result)),
        *_used(result),
        f"ports: {result.ports}",
        *_timing(result),
        *(result.energy.lines() if result.energy else ()),
        *(f"warning: {text}" for text in result.warnings),
    )


def _resources(result: Implementation) -> Table:
    title = f"{result.target}: {result.device}, after synthesis"
    numbers = ("LUT", "of it carry", "of it memory", "FF", "Block RAM", "Multipliers")
    table = titled(title, "Part", numbers=numbers)
    for part in result.parts:
        table.add_row(part.words, *_numbers(part.resources))
    table.add_section()
    table.add_row("design", *_numbers(result.total))
    if result.wrapper is not None:
        table.add_row("wrapper around it", *_numbers(result.wrapper))
    return table


def _cells(result: Implementation) -> list[RenderableType]:
    """Return what a design takes of standard cells, and the memories beside them."""
    title = f"{result.target}: {result.device}, after mapping"
    table = titled(title, "Part", numbers=("Area", "of it flip-flops", "FF"))
    for part in result.parts:
        table.add_row(part.words, *_areas(part.resources))
    table.add_section()
    table.add_row("design without memory macros", *_areas(result.total))
    return [table, *([_macros(result)] if result.macros else [])]


def _areas(resources: Resources) -> list[str]:
    return [f"{resources.area:,.1f}", f"{resources.ff_area:,.1f}", f"{resources.ff:,}"]


def _macros(result: Implementation) -> Table:
    numbers = ("Words", "Bits a word", "Bits", "Ports")
    table = titled("memory macros, in no area", "Memory", "In", numbers=numbers)
    for macro in result.macros:
        size = (macro.depth, macro.width, macro.bits)
        table.add_row(macro.words, macro.part, *(f"{value:,}" for value in size), macro.ports)
    table.add_section()
    table.add_row("all", "", "", "", f"{sum(macro.bits for macro in result.macros):,}", "")
    return table


def _numbers(resources: Resources) -> list[str]:
    values = (
        *(resources.lut, resources.carry, resources.lut_ram),
        *(resources.ff, resources.block_ram, resources.dsp),
    )
    return [f"{value:,g}" if value < 1e6 else f"{value:,}" for value in values]


def _used(result: Implementation) -> list[str]:
    if not result.used:
        return []
    shares = (
        f"{used.name} {used.used:,} of {used.available:,}" for used in result.used if used.available
    )
    return [f"placed: {'; '.join(shares)}"]


def _timing(result: Implementation) -> list[RenderableType]:
    if result.mhz is None:
        return [result.timing or "synthesis only: no clock"]
    lines: list[RenderableType] = [
        f"clock: {result.mhz:.1f} MHz, {_found(result)}",
        *([f"critical path: {result.path_words}", _path(result)] if result.path else []),
    ]
    if result.samples_per_second is not None and result.latency_us is not None:
        lines.append(
            f"at that clock {result.samples_per_second:,.0f} time steps a second "
            f"({result.cycles_per_step:,.10g} cycles each); {result.latency_us:,.2f} µs from the "
            "last step to its answer"
        )
    if result.bitstream:
        lines.append(f"bitstream of the fastest run: {result.bitstream}")
    return lines


def _found(result: Implementation) -> str:
    """Return where the clock comes from, and what was asked for."""
    asked = "" if result.clock_asked is None else f"; asked for {result.clock_asked:g}"
    if not result.runs:
        return f"{result.timing}{asked}"
    clocks = [run.mhz for run in result.runs]
    spread = f"{min(clocks):.1f} to {max(clocks):.1f}"
    return f"the median of {len(clocks)} runs ({spread}){asked}"


def _path(result: Implementation) -> Table:
    table = titled(None, "Step", "In", numbers=("Wire, ns", "Cells, ns"))
    for step in result.path:
        table.add_row(step.what, step.part, f"{step.wire_ns:.2f}", f"{step.logic_ns:.2f}")
    return table
