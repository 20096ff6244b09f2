# SPDX-License-Identifier: Apache-2.0
"""Designs and memories on real chips: area, clock, critical path, and area times time.

Designs and folded memories are those of `lmu-hw generate` by default, streams of 32 bits. Prints
the table of docs/implement.md and puts its rows there; rows of cases left out stay as they are.
The clock is the median over the seeds. ``--only TEXT`` runs the cases whose name or target holds a
text.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

import lmu_hw
from lmu_hw.errors import ToolError
from lmu_hw.hdl import emit_verilog
from lmu_hw.implement import TARGETS, Job, implement_verilog
from lmu_hw.implement.activity import clocking
from lmu_hw.implement.energy import step_energy
from lmu_hw.measure.implementation import Implementation
from lmu_hw.network import QuantizedNetwork, stream_of
from lmu_hw.plan import Goal, Plan, choose_plan
from tests import networks
from tools.emit_rtl import reference_designs
from tools.memory_bench.cases import WIDTH, WINDOWS, equal
from tools.memory_bench.cells import Cell, da4ml_cell, dense_integers, parallel
from tools.memory_bench.networks import dense_network, semiseparable_network
from tools.memory_bench.tables import Table, update_page

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "implement.md"
SEEDS = 3
BY_HAND_TAIL = 4  # cycles of a step of tools/bench_mac.v beside those of its products
ORDERS = (8, 32, 256)
HEADINGS = (
    *("design", "target", "LUT", "FF", "block RAM", "multipliers", "MHz", "spread"),
    *("seeds", "cycles a step", "µs a step", "LUT × µs", "nJ a step", "critical path"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Emitted:
    """Verilog of a case, its top, the cycles of a step, and its plan if it has one."""

    files: dict[str, bytes]
    top: str
    cycles: int
    plan: Plan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is implemented, and on what."""

    name: str
    target: str
    emit: Callable[[], Emitted]


def design(example: str, options: dict[str, Any], lanes: int | None) -> Emitted:
    """Return an example network as `lmu-hw generate` emits it."""
    folder = ROOT / "examples" / example
    network = lmu_hw.load(folder / "model.safetensors")
    made = lmu_hw.quantize(network, np.load(folder / "calibrate_x.npy"), **options)
    return emit_design(made, lanes)


def random_design(order: int, hidden: str, bank_words: int | None = None) -> Emitted:
    """Return a random network whose memory is computed by two recursions, with 16 multipliers."""
    theta = WINDOWS * float(order)
    network = networks.network(
        order=order, units=64, inputs=40, dense=12, hidden=hidden, theta=theta
    )
    x = networks.noise(network, sequences=2, steps=64)
    made = lmu_hw.quantize(network, x, realization="semiseparable", weight_bits=8)
    return emit_design(made, 16, bank_words)


def emit_design(made: lmu_hw.Design, lanes: int | None, bank_words: int | None = None) -> Emitted:
    """Return the Verilog of a design with so many multipliers at most, and words in a bank."""
    return emit_network(made.network, made.digest, Goal(lanes=lanes, bank_words=bank_words))


def emit_network(network: QuantizedNetwork, digest: str, goal: Goal) -> Emitted:
    """Return the Verilog of a network, with the streams that are the default."""
    plan = choose_plan(network, goal, stream=stream_of()).chosen.plan
    files = emit_verilog(network, plan, digest=digest)
    return Emitted(
        files={name: text.encode() for name, text in files.items()},
        top=network.name,
        cycles=plan.cycles(last_step=False),
        plan=plan,
    )


def folded(build: Callable[[int], QuantizedNetwork], order: int) -> Emitted:
    """Return a memory alone, with one multiplier."""
    return emit_network(build(order), "0" * 64, Goal(lanes=1))


def unfolded(build: Callable[[int], Cell], order: int) -> Emitted:
    """Return a memory alone that takes a step a clock, as the bench of memories makes it."""
    cell = build(order)
    files = {name: text.encode() for name, text in cell.files.items()}
    files[f"{cell.top}.v"] = files.pop("cell.v")
    return Emitted(files=files, top=cell.top, cycles=cell.cycles)


def by_hand(order: int) -> Emitted:
    """Return the dense memory of `dense_memory` as one writes it by hand: tools/bench_mac.v."""
    A, B, shift = dense_integers(dense_memory(order))
    codes = np.column_stack([A, B])
    bits = 1 + max(int(abs(code)).bit_length() for code in codes.flat)
    digits = -(-bits // 4)
    rom = "".join(f"{code & (1 << bits) - 1:0{digits}x}\n" for code in codes.ravel().tolist())
    top = f"by_hand_{order}"
    text = (ROOT / "tools" / "bench_mac.v").read_text().replace("module bench_mac", f"module {top}")
    for name, value in (("ORDER", order), ("COEFFICIENT_BITS", bits), ("SHIFT", shift)):
        text = re.sub(rf"(parameter {name}) = \d+", rf"\1 = {value}", text)
    files = {f"{top}.v": text.encode(), "coefficients.hex": rom.encode()}
    return Emitted(files=files, top=top, cycles=codes.size + BY_HAND_TAIL)


def dense_memory(order: int) -> QuantizedNetwork:
    """Return a dense memory as good as the one of `sweeps_memory`."""
    theta = float(WINDOWS * order)
    return dense_network(order, theta, equal(order, theta, "own"))


def sweeps_memory(order: int) -> QuantizedNetwork:
    """Return a memory of two sweeps."""
    return semiseparable_network(order, float(WINDOWS * order), WIDTH)


def parallel_sweeps(order: int) -> Cell:
    """Return a memory of two sweeps that takes a step a clock."""
    return parallel(sweeps_memory(order))


def da4ml_dense(order: int) -> Cell:
    """Return a dense memory whose product is da4ml's."""
    return da4ml_cell(dense_memory(order))


def cases() -> Iterator[Case]:
    """Return all cases, the quick ones first."""
    for target in ("ecp5-25k", "ice40-up5k", "gowin-nano-9k", "xilinx7"):
        for name, (example, options, lanes) in reference_designs().items():
            if target == "ecp5-25k" or example == "digits":
                emit = partial(design, example, options, lanes)
                yield Case(name=name.replace("_", " "), target=target, emit=emit)
    for order in ORDERS:
        # Order 256: 65,792 coefficients are more than the blocks of the small part hold.
        large = "ecp5-85k" if order == ORDERS[-1] else "ecp5-25k"
        for name, build, target in (
            ("dense", dense_memory, large),
            ("sweeps", sweeps_memory, "ecp5-25k"),
        ):
            emit = partial(folded, build, order)
            yield Case(name=f"memory, {name}, d={order}", target=target, emit=emit)
        yield Case(
            name=f"memory, dense, d={order}, by hand",
            target=large,
            emit=partial(by_hand, order),
        )
        if order == ORDERS[0]:
            emit = partial(unfolded, parallel_sweeps, order)
            yield Case(name=f"memory, sweeps, d={order}, parallel", target="ecp5-25k", emit=emit)
            if importlib.util.find_spec("da4ml") is not None:
                emit = partial(unfolded, da4ml_dense, order)
                yield Case(name=f"memory, dense, d={order}, da4ml", target="ecp5-25k", emit=emit)
    for lanes in (4, 16):
        options = {"input_scale": "1/255", "weight_bits": 8, "realization": "semiseparable"}
        emit = partial(design, "psmnist", options, lanes)
        yield Case(name=f"psMNIST, sweeps, {lanes} lanes", target="ecp5-85k", emit=emit)
    for order, hidden, read in ((128, "rnn", "fed back"), (64, "dense", "not fed back")):
        emit = partial(random_design, order, hidden)
        yield Case(name=f"random, sweeps, d={order}, {read}", target="ecp5-25k", emit=emit)
    emit = partial(random_design, 128, "rnn", 128)
    name = "random, sweeps, d=128, fed back, banks of 128 words"
    yield Case(name=name, target="ecp5-25k", emit=emit)


def energy_of(case: Case, plan: Plan, work: Path, top: str, flip_flops: int) -> float:
    """Return the nanojoules of a step of a design that was implemented in a folder."""
    latency = sum(layer.cycles(last_step=True) for layer in plan.layers)
    cycles = plan.cycles(last_step=True)
    enables = clocking(
        work, TARGETS[case.target], top, cycles=cycles, latency=latency, source=plan.source
    )
    return step_energy(plan, flip_flops, enables).total


def row(
    case: Case, emitted: Emitted, found: Implementation, energy: float | None
) -> tuple[str, ...]:
    """Return what a case came to."""
    total = found.total
    counts = (
        *(f"{total.lut:,}", f"{total.ff:,}"),
        *(f"{total.block_ram:g}", f"{total.dsp:g}"),
    )
    nanojoules = "" if energy is None else f"{energy:.3g}"
    if found.mhz is None:
        return (
            case.name,
            case.target,
            *counts,
            "",
            "",
            "",
            f"{emitted.cycles:,}",
            "",
            "",
            nanojoules,
            "",
        )
    microseconds = emitted.cycles / found.mhz
    clocks = [run.mhz for run in found.runs]
    return (
        *(case.name, case.target, *counts),
        *(f"{found.mhz:.1f}", f"{min(clocks):.1f} to {max(clocks):.1f}"),
        *(f"{len(clocks)}", f"{emitted.cycles:,}", f"{microseconds:,.3f}"),
        *(f"{total.lut * microseconds:,.0f}", nanojoules, found.path_words),
    )


def main() -> None:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", metavar="TEXT", help="cases whose name holds it")
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"default: {SEEDS}")
    options = parser.parse_args()
    progress = Console(stderr=True)
    table = Table(name="physical", title="on chips", headings=HEADINGS)
    for case in cases():
        if options.only not in f"{case.name}, {case.target}":
            continue
        start, emitted = time.monotonic(), case.emit()
        job = Job(target=TARGETS[case.target], seeds=options.seeds)
        with tempfile.TemporaryDirectory() as work:
            try:
                found = implement_verilog(emitted.files, emitted.top, Path(work), job)
                energy = emitted.plan and energy_of(
                    case, emitted.plan, Path(work), emitted.top, found.total.ff
                )
            except ToolError as error:
                table.notes.append(f"{case.name}: {error}")
                continue
        table.add(*row(case, emitted, found, energy))
        took = time.monotonic() - start
        line = f"{' | '.join(table.rows[-1])} ({took:.0f} s)"
        progress.print(line, highlight=False, soft_wrap=True)
    table.show(Console(width=250))
    table.rows[:] = merged(page_rows(PAGE.read_text()), table.rows)
    update_page(PAGE, [table])


def page_rows(text: str) -> list[tuple[str, ...]]:
    """Return the rows of the table in the page that have today's columns."""
    lines = text.partition("<!-- table: physical -->")[2].partition("<!-- end -->")[0].splitlines()
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines if line]
    return [row for row in rows[2:] if len(row) == len(HEADINGS)]


def merged(old: list[tuple[str, ...]], new: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return the new rows and the old ones of other cases, in the order of the cases."""
    rows = {row[:2]: row for row in (*old, *new)}
    return [rows[key] for case in cases() if (key := (case.name, case.target)) in rows]


if __name__ == "__main__":
    main()
