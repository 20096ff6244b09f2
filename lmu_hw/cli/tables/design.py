# SPDX-License-Identifier: Apache-2.0
"""A generated design: formats and schedule, the plans that were weighed, and fitted read-outs."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType

from lmu_hw.cli.tables.titled import titled
from lmu_hw.design import Design
from lmu_hw.network import VECTOR

__all__ = ["choice_table", "design_table", "refits_table", "unfitted"]


def design_table(manifest: dict[str, Any]) -> RenderableType:
    """Return the formats and the schedule of a generated design."""
    headings = ("Node", "Elements", "Code", "Sum", "Weights", "Activation", "Cycles")
    table = titled(f"{manifest['name']}: generated design", *headings)
    for layer in manifest["layers"]:
        for node in layer["nodes"]:
            weights = ", ".join(f"{w['source']} {w['format']}" for w in node["weights"])
            if node["row_shifts"]:
                weights += f", row shifts to {node['row_shifts']}"
            narrowing = node["sum"]
            table.add_row(
                node["name"],
                str(node["elements"]),
                str(node["format"]),
                f"{narrowing['rounding']}, {narrowing['overflow']}",
                weights,
                str(node["activation"] or ""),
                f"{node['cycles']:,}",
            )
    return Group(
        table,
        f"{manifest['lanes']} multipliers{_of_tables(manifest)}, "
        f"{manifest['multiplications_per_step']:,} "
        f"multiplications in {manifest['cycles_per_step']:,} cycles per time step "
        f"({100 * manifest['multiplier_utilization']:.1f} % of the largest layer's multiplier "
        "cycles)",
        *_streams_text(manifest.get("streams", {})),
        f"{manifest['coefficient_bits']:,} bits of coefficients, {manifest['table_bits']:,} of "
        f"tables; {manifest['rom_bits']:,} bits of ROM with padding; {manifest['state_bits']:,} "
        "bits of state",
        *(
            _stream_text(port, manifest["streams"])
            for port in ("s_axis", "m_axis")
            if "streams" in manifest  # that of an older version has whole vectors
        ),
        *(
            _activation_text(node)
            for layer in manifest["layers"]
            for node in layer["nodes"]
            if "table" in node
        ),
    )


def _streams_text(streams: dict[str, Any]) -> list[str]:
    """Say how many streams there are, and how long a step takes; nothing of one."""
    if "count" not in streams:
        return []
    return [
        f"{streams['count']} streams, {streams['contexts']} of them in a layer at once: a step in "
        f"{streams['cycles_per_step']:,.10g} cycles where all take turns "
        f"({100 * streams['multiplier_utilization']:.1f} %)"
    ]


def _stream_text(port: str, streams: dict[str, Any]) -> str:
    """Say how a vector travels."""
    packet = streams[port]
    element = f"{packet['element_bits']} bits"
    if streams["width"] == VECTOR:
        return f"{port}: a vector is a beat of {packet['width']:,} bits, {element} an element"
    if packet["beats_per_element"] > 1:
        element += f" in {packet['beats_per_element']} beats"
    beats = "1 beat" if packet["beats"] == 1 else f"{packet['beats']:,} beats"
    return (
        f"{port}: a vector is a packet of {beats} of {packet['width']:,} bits, {element} an "
        f"element, {packet['bytes_of_last_beat']} of {packet['width'] // 8} bytes in the last beat"
    )


def _of_tables(manifest: dict[str, Any]) -> str:
    count = manifest["table_multipliers"]
    return f" and {count} of slopes in tables" if count else ""


def _activation_text(node: dict[str, Any]) -> str:
    """Say what a tabulated activation is made of, and how far it is from its function."""
    table = node["table"]
    text = (
        f"{node['name']}: {node['activation']} of {table['form']}, {table['bits']:,} bits, off by "
        f"at most {table['error_ulp']:g} ulp"
    )
    if table["error_ulp_beyond_format"]:
        text += f" ({table['error_ulp_beyond_format']:g} where its format ends)"
    return text


def choice_table(choice: dict[str, Any]) -> RenderableType:
    """Return the plans that were weighed, the chosen one marked."""
    plan = ("--lanes", "Multipliers", "Beat", "Cycles", "ROM bits")
    chip = ("LUT", "FF", "Block RAM", "DSP", "MHz", "Samples/s")
    title = f"plans that were weighed, estimated for {choice['estimated_for']}"
    table = titled(title, "", numbers=(*plan, *chip))
    too_large = any(option["does_not_fit"] for option in choice["options"])
    if too_large:
        table.add_column("Does not fit")
    for option in choice["options"]:
        rate, mhz = option["samples_per_second"], option["mhz"]
        table.add_row(
            "chosen" if option["chosen"] else "",
            *(f"{option[name]:,}" for name in ("lanes", "multipliers", "beat", "cycles")),
            *(f"{option[name]:,}" for name in ("rom_bits", "lut", "ff")),
            *(f"{option[name]:,g}" for name in ("block_ram", "dsp")),
            "" if mhz is None else f"{mhz:.0f}",
            "" if rate is None else f"{rate:,.0f}",
            *([option["does_not_fit"]] if too_large else []),
            style="bold" if option["chosen"] else None,
        )
    return table


def refits_table(manifest: dict[str, Any]) -> RenderableType:
    """Return what fitting the read-outs to the memories came to."""
    headings = ("Over steps", "Responses off by", "Without the fit", "Weights grow by")
    table = titled("read-outs fitted to the quantized memories", "Memory", numbers=headings)
    worse = []
    for refit in manifest["refits"]:
        if refit["deviation"] > refit["deviation_before"]:
            worse.append(f"warning: the fit to {refit['memory']} takes it further from the trained")
        table.add_row(
            refit["memory"],
            f"{refit['horizon']:,}",
            f"{100 * refit['residual']:.3f} %",
            f"{100 * refit['before']:.1f} %",
            f"{refit['growth']:.3f}",
        )
    return Group(table, *(f"{line} memory than none" for line in worse))


def unfitted(design: Design) -> list[str]:
    """Return why what reads a memory was not fitted to it, where that was tried."""
    return [
        f"{name}: {reason}"
        for name, node in design.config.nodes.items()
        for reason in node.why
        if reason.startswith("not fitted")
    ]
