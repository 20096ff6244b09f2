# SPDX-License-Identifier: Apache-2.0
"""Tables for the terminal: what is in a network, in a design, and what simulation found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, assert_never

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table

from lmu_hw.design import Design
from lmu_hw.lmu import (
    DenseLayer,
    Discretizer,
    GruCell,
    HiddenCell,
    LmuLayer,
    LstmCell,
    Network,
    RecurrentLayer,
    SimpleCell,
    measured_window,
    window,
)
from lmu_hw.lmu.activations import LINEAR
from lmu_hw.lmu.layers import Layer
from lmu_hw.measure.words import count
from lmu_hw.proofs import Summary, spectral_radius
from lmu_hw.proofs.loop import loop_radius
from lmu_hw.prove.claims import Lemma
from lmu_hw.simulate import Result
from lmu_hw.simulate.coverage_sentences import coverage_lines
from lmu_verify import Verdict

__all__ = [
    "bulk_table",
    "choice_table",
    "claims_table",
    "design_table",
    "network_table",
    "proofs_table",
    "refits_table",
    "simulation_table",
    "unfitted",
]


def network_table(network: Network) -> RenderableType:
    """Return the layers of a trained network."""
    table = _table(f"{network.name}: trained network", "Layer", "Kind", "In", "Out")
    for heading in ("Memory", "Connections", "Activation", "Answers", "Weights", "Radius"):
        table.add_column(heading, justify="right" if heading in ("Weights", "Radius") else "left")
    for layer in network.layers:
        table.add_row(*_layer_cells(layer))
    answers = "once, at the last step" if network.answers_once else "at every step"
    lines: list[RenderableType] = [
        table,
        f"{network.inputs} inputs, {network.outputs} outputs, answers {answers}",
    ]
    if network.softmax:
        lines.append("softmax at the end is left to the host: hardware answers its arguments")
    lines += [text for layer in network.layers if (text := _window_text(layer))]
    lines += [note if note.startswith("warning: ") else f"note: {note}" for note in network.notes]
    return Group(*lines)


def _layer_cells(layer: Layer) -> list[str]:
    """Return the row of a layer: as many cells as `network_table` has headings."""
    memory, links, radius = "", "", ""
    match layer:
        case LmuLayer():
            kind, memory, links = "LMU", _memory_text(layer), _links(layer)
            radius = f"{_radius(layer):.4f}"
            activation = "no hidden cell" if layer.hidden is None else _cell_text(layer.hidden)
            if layer.encoder != LINEAR:
                activation += f"; u: {layer.encoder}"
            weights = _size(layer.E_x, layer.E_h, layer.E_m, layer.b_u) + _cell_size(layer.hidden)
        case RecurrentLayer():
            kind, activation, weights = "recurrent", _cell_text(layer.cell), _cell_size(layer.cell)
            links = "x-h" if layer.cell.W_h is None else "x-h h-h"
        case DenseLayer():
            kind, activation, weights = "dense", layer.activation, _size(layer.W, layer.b)
        case _:
            assert_never(layer)
    return [
        layer.name,
        kind,
        str(layer.inputs),
        str(layer.outputs),
        memory,
        links,
        activation,
        "every step" if layer.return_sequences else "last step",
        f"{weights:,}",
        radius,
    ]


def _memory_text(layer: LmuLayer) -> str:
    theta = window(layer.memory)
    steps = "unknown" if theta is None else f"{theta:g}"
    memory = f"order {layer.memory.order}, theta {steps}, {layer.memory.discretizer.value}"
    return f"{layer.memory_d} x {memory}" if layer.memory_d > 1 else memory


def _window_text(layer: Layer) -> str:
    """Return where the window of stored matrices comes from, and how well it fits them."""
    if not isinstance(layer, LmuLayer) or layer.memory.discretizer is not Discretizer.STORED:
        return ""
    fit = measured_window(layer.memory)
    if fit is None:
        return (
            f"{layer.name}: its window is unknown: A and B are not those of a Legendre memory of "
            "any; --theta states it"
        )
    origin = "found from them" if layer.memory.theta is None else "stated"
    return (
        f"{layer.name}: A and B are those of {fit.discretizer.value} for a window of {fit.theta:g} "
        f"steps ({origin}) up to {fit.deviation:.1e} of the largest change in a step"
    )


def _links(layer: LmuLayer) -> str:
    """Return the connections of a layer, each as source-target."""
    links = {
        "x-h": layer.input_to_hidden,
        "h-h": layer.hidden is not None and layer.hidden.W_h is not None,
        "h-m": layer.E_h is not None,
        "m-m": layer.E_m is not None,
    }
    return " ".join(name for name, there in links.items() if there)


def _cell_text(cell: HiddenCell) -> str:
    """Return the activations of a hidden cell, and the kind of one that has gates."""
    match cell:
        case SimpleCell():
            return cell.activation
        case LstmCell():
            return f"LSTM: {cell.activation}, gates {cell.recurrent_activation}"
        case GruCell():
            reset = f"reset {'after' if cell.reset_after else 'before'} the product"
            return f"GRU: {cell.activation}, gates {cell.recurrent_activation}, {reset}"
    assert_never(cell)


def _cell_size(cell: HiddenCell | None) -> int:
    if cell is None:
        return 0
    shared = _size(cell.W_m, cell.W_x, cell.W_h, cell.b)
    match cell:
        case SimpleCell() | LstmCell():
            return shared
        case GruCell():
            return shared + _size(cell.b_h)
    assert_never(cell)


def _radius(layer: LmuLayer) -> float:
    """Return the spectral radius of the memory, with the linear loop through E_m closed."""
    if layer.E_m is None:
        return spectral_radius(layer.memory.A)
    return loop_radius(layer.memory.A, layer.memory.B, layer.E_m)


def _size(*arrays: np.ndarray | None) -> int:
    return sum(array.size for array in arrays if array is not None)


def design_table(manifest: dict[str, Any]) -> RenderableType:
    """Return the formats and the schedule of a generated design."""
    table = _table(f"{manifest['name']}: generated design", "Node", "Elements", "Code", "Sum")
    for heading in ("Weights", "Activation", "Cycles"):
        table.add_column(heading)
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
        f"{manifest['coefficient_bits']:,} bits of coefficients, {manifest['table_bits']:,} of "
        f"tables; {manifest['rom_bits']:,} bits of ROM with padding; {manifest['state_bits']:,} "
        "bits of state",
        *(
            _activation_text(node)
            for layer in manifest["layers"]
            for node in layer["nodes"]
            if "table" in node
        ),
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
    table = _table(f"plans that were weighed, estimated for {choice['estimated_for']}", "")
    for heading in ("--lanes", "Multipliers", "Beat", "Cycles", "ROM bits"):
        table.add_column(heading, justify="right")
    for heading in ("LUT", "FF", "Block RAM", "DSP", "MHz", "Samples/s"):
        table.add_column(heading, justify="right")
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
    table = _table("read-outs fitted to the quantized memories", "Memory")
    headings = ("Over steps", "Responses off by", "Without the fit")
    for heading in (*headings, "Weights grow by"):
        table.add_column(heading, justify="right")
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


def proofs_table(design: Design, summary: Summary) -> RenderableType:
    """Return what is proved of the memories of a design, and what would be if it is not."""
    table = _table("proved for all inputs and all time", "Memory", "Format", "Overflow")
    for heading in ("Bound", "Limit", "Radius"):
        table.add_column(heading, justify="right")
    notes = []
    for proof in summary.memories:
        name = proof.name
        node = next(node for node in design.network.nodes if node.name == name)
        table.add_row(
            name,
            node.requant.format.notation(),
            "impossible" if proof.proved else node.requant.overflow.value,
            f"{proof.bound:.4f}",
            f"{proof.limit:.4f}",
            f"{proof.spectral_radius:.5f}",
        )
        notes += [f"{name}: {line}" for line in design.config.nodes[name].why if "provable" in line]
    parts = [*_readouts(design, summary), *_bounded(design, summary)] if summary.readouts else []
    return Group(table, *notes, *parts)


def _readouts(design: Design, summary: Summary) -> list[RenderableType]:
    """Return how far off is what reads the memories, and what that rests on."""
    table = _table("what reads the memories, off by at most, for the u that they hear", "Read by")
    headings = ("Full scale", "For all time", f"In {count(summary.steps)} steps", "Rounding")
    for heading in ("Of", *headings):
        table.add_column(heading, justify="left" if heading == "Of" else "right")
    limits = {node.name: node.requant.format.max_value for node in design.network.nodes}
    for proof in summary.readouts:
        likely = proof.likely_rounding
        table.add_row(
            f"{proof.name} \\[t-1]" if proof.delayed else proof.name,
            proof.memory,
            f"{limits[proof.name]:.4g}",
            f"{max(proof.error):.2e}",
            f"{max(proof.error_within):.2e}",
            "" if likely is None else f"{max(likely):.2e}",
        )
    worst = ", ".join(f"{max(proof.rounding):.2e}" for proof in summary.readouts)
    return [
        table,
        "coefficients, discretization and weights, for all inputs; rounding comes in addition: it "
        "exceeds what is said at an element and step with a probability of 1e-12, if rounding "
        f"errors are independent; in the worst case it is {worst}",
    ]


def _bounded(design: Design, summary: Summary) -> list[str]:
    """Say how far the outputs are from float, where that has a bound."""
    lines = []
    for name in design.network.layers[-1].outputs:
        error = summary.error_of(name)
        if error is not None:
            lines.append(
                f"{name} is within {max(error.total):.3g} of float for all inputs and all time, "
                f"within {max(error.within):.3g} in {count(summary.steps)} steps, while nothing "
                "leaves its format with a loss"
            )
    return lines


def claims_table(verdicts: Sequence[Verdict]) -> RenderableType:
    """Return which claims of a folder and its certificate hold."""
    table = _table("folder and certificate, checked again", "Of", "Claim", "Holds", "Detail")
    for verdict in verdicts:
        holds = "yes" if verdict.holds else "NO"
        style = None if verdict.holds else "bold red"
        table.add_row(verdict.memory, verdict.claim, holds, verdict.detail, style=style)
    return table


def lemmas_table(lemmas: Sequence[Lemma]) -> RenderableType:
    """Return what became of each claim of a proof."""
    table = _table("the emitted Verilog, for all inputs", "Of", "Claim", "Shown", "Detail")
    for lemma in lemmas:
        style = None if lemma.shown else "bold red"
        table.add_row(lemma.part.value, lemma.claim, lemma.status.value, lemma.detail, style=style)
    return table


def simulation_table(results: list[Result]) -> RenderableType:
    """Return what each simulator compared."""
    table = _table("simulation against the golden model", "Simulator", "Version", "Verdict")
    for heading in ("Words", "Mismatches", "Steps", "Cycles", "Cycles/step"):
        table.add_column(heading, justify="right")
    lines: list[RenderableType] = [table]
    for result in results:
        per_step = "" if result.cycles_per_step is None else f"{result.cycles_per_step:,}"
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
    table = _table("simulation in bulk against the golden model", "Verilator", "Verdict")
    for heading in ("Words", "Mismatches", "Steps", "Steps/s", "Cycles", "Cycles/step", "Planned"):
        table.add_column(heading, justify="right")
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
        "" if result.cycles_per_step is None else f"{result.cycles_per_step:,}",
        f"{run.planned_cycles:,}",
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


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left", header_style="dim")
    for heading in headings:
        table.add_column(heading)
    return table
