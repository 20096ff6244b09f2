# SPDX-License-Identifier: Apache-2.0
"""What a plan will take of a chip, and how fast it will be: estimated, before synthesis.

Block RAM and multipliers are counted as synthesis maps them. Tables, flip-flops and the clock are
sums of what `lmu_hw.plan.counts` counts, each with a coefficient that was fitted to designs placed
and routed on an ECP5 of speed grade 6. ``python -m tools.calibrate_estimates`` fits them, and
writes them beside how far they are from what was measured.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from math import log2

from lmu_hw.plan.chip import DEFAULT, Area, Checked, Chip
from lmu_hw.plan.clock import placed_ns, shape_ns
from lmu_hw.plan.counts import REGISTER_FILE, Bits, Counts, counts_of, pace_counts, port_counts
from lmu_hw.plan.layer import LayerPlan
from lmu_hw.plan.pipeline import Plan
from lmu_hw.records import decode

__all__ = [
    "CALIBRATION",
    "Calibration",
    "Comparison",
    "Estimate",
    "Figures",
    "area_of",
    "calibration",
    "estimate_of",
    "pace_of",
    "period_of",
    "port_area",
]

CALIBRATION = "estimates.json"
"""File of the coefficients, in this package."""

_SMALLEST = 500.0
"""Tables of a design that is as good as none."""

Coefficients = dict[str, float]
"""By what is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Tables, flip-flops, and the clock in MHz."""

    lut: float
    ff: float
    mhz: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A design that was placed and routed, and what is estimated of it.

    Attributes
    ----------
    design : str
    held_out : bool
        Nothing was fitted to it.
    measured, estimated : Figures
    """

    design: str
    held_out: bool
    measured: Figures
    estimated: Figures

    @property
    def errors(self) -> Figures:
        """Of the estimates, relative to what was measured."""
        pairs = {
            f.name: (getattr(self.estimated, f.name), getattr(self.measured, f.name))
            for f in fields(Figures)
        }
        return Figures(**{name: ours / theirs - 1 for name, (ours, theirs) in pairs.items()})


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Fitted coefficients, and how well they fit.

    Attributes
    ----------
    made_by, device : str
    tools : dict of package to version
    comparisons : tuple of Comparison
    lut, ff, ns : dict of what is counted to coefficient
        Of tables, flip-flops, and the period of the clock.
    options : Checked or None
        How good estimates are of designs with registers, access to states, or several streams.
    """

    made_by: str
    device: str
    tools: dict[str, str]
    comparisons: tuple[Comparison, ...]
    lut: Coefficients
    ff: Coefficients
    ns: Coefficients
    options: Checked | None = None

    @property
    def held_out(self) -> list[Comparison]:
        """The designs that nothing was fitted to."""
        return [comparison for comparison in self.comparisons if comparison.held_out]

    @property
    def worst(self) -> Figures:
        """The largest errors of the designs that nothing was fitted to."""
        errors = [comparison.errors for comparison in self.held_out]
        return Figures(
            **{f.name: max(abs(getattr(e, f.name)) for e in errors) for f in fields(Figures)}
        )


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a plan will take, and how fast it will be.

    Attributes
    ----------
    layers : dict of name to Area
    ports : Area
        What is around the layers.
    period : float
        Of the clock on an ECP5, in ns.
    chip : Chip
        What it is an estimate for.
    """

    layers: dict[str, Area]
    ports: Area
    period: float
    chip: Chip = DEFAULT

    @property
    def mhz(self) -> float | None:
        """The clock; None: that of the chip is not known."""
        return self.chip.mhz(self.period)

    @property
    def total(self) -> Area:
        """Of all layers and the ports."""
        return sum(self.layers.values(), self.ports)


@cache
def calibration() -> Calibration:
    """Return the coefficients that this package brings."""
    text = files("lmu_hw.plan").joinpath(CALIBRATION).read_text(encoding="utf-8")
    return decode(Calibration, json.loads(text))


def estimate_of(plan: Plan, chip: Chip = DEFAULT, by: Calibration | None = None) -> Estimate:
    """Estimate what a plan takes of a chip, and its clock.

    Parameters
    ----------
    plan : Plan
    chip : Chip
    by : Calibration, optional
        None: the one of the package.
    """
    by = calibration() if by is None else by
    areas = {layer.layer.name: area_of(layer, chip, by) for layer in plan.layers}
    ports = port_area(plan, chip, by)
    size = sum(areas.values(), ports).lut
    paces = [pace_counts(layer) for layer in plan.layers]
    period = period_of(paces, size, plan.layers, by)
    return Estimate(layers=areas, ports=ports, period=period, chip=chip)


def area_of(plan: LayerPlan, chip: Chip = DEFAULT, by: Calibration | None = None) -> Area:
    """Estimate what a layer takes of a chip; blocks of memory and multipliers are counted."""
    return _area(counts_of(plan, chip), chip, by)


def port_area(plan: Plan, chip: Chip = DEFAULT, by: Calibration | None = None) -> Area:
    """Estimate what is around the layers."""
    return _area(port_counts(plan, chip), chip, by)


def pace_of(paces: Sequence[Bits], size: float) -> Bits:
    """Return what the period of the clock depends on; of what layers have, the most counts.

    Parameters
    ----------
    paces : sequence of dict
        `pace_counts` of each layer.
    size : float
        Tables of the design: its wires get longer.
    """
    most = {name: max(counts[name] for counts in paces) for name in paces[0]}
    return most | {"size": log2(max(size, _SMALLEST) / _SMALLEST)}


def period_of(
    paces: Sequence[Bits],
    size: float,
    layers: Sequence[LayerPlan],
    by: Calibration | None = None,
) -> float:
    """Return the period of the clock on an ECP5, in ns.

    Parameters
    ----------
    paces, size
        As for `pace_of`.
    layers : sequence of LayerPlan
    """
    ns = (calibration() if by is None else by).ns
    fitted = sum(ns.get(name, 0.0) * count for name, count in pace_of(paces, size).items())
    return max(fitted + max(map(placed_ns, layers)), *map(shape_ns, layers))


def _area(counts: Counts, chip: Chip, by: Calibration | None) -> Area:
    by = calibration() if by is None else by
    registers = sum(bits.get(REGISTER_FILE, 0.0) for bits in counts.parts.values())
    return Area(
        lut=round(chip.lut * _sum(counts, by.lut) + chip.product_tables(counts.multipliers)),
        ff=round(chip.ff * _sum(counts, by.ff) + registers),
        block_ram=chip.memory_blocks(counts.memories),
        dsp=chip.multipliers(counts.multipliers),
    )


def _sum(counts: Counts, coefficients: Coefficients) -> float:
    return sum(
        coefficients.get(name, 0.0) * number
        for bits in counts.parts.values()
        for name, number in bits.items()
    )
