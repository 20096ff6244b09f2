# SPDX-License-Identifier: Apache-2.0
"""What a plan will take of a chip, and how fast it will be: estimated, before synthesis.

Block RAM and multipliers are counted as synthesis maps them. Tables, flip-flops and the clock are
sums of what `lmu_hw.plan.counts` counts, each with a coefficient that was fitted to designs placed
and routed on an ECP5 of speed grade 6. ``python -m tools.calibrate_estimates`` fits them, and
writes them beside how far they are from what was measured.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from math import log2

from lmu_hw.plan.area import Area
from lmu_hw.plan.clock import shape_ns
from lmu_hw.plan.counts import Counts, counts_of, pace_counts, port_counts
from lmu_hw.plan.pipeline import Plan
from lmu_hw.records import decode

__all__ = [
    "CALIBRATION",
    "Calibration",
    "Comparison",
    "Estimate",
    "Figures",
    "calibration",
    "estimate_of",
    "pace_of",
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
    """

    made_by: str
    device: str
    tools: dict[str, str]
    comparisons: tuple[Comparison, ...]
    lut: Coefficients
    ff: Coefficients
    ns: Coefficients

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
    mhz : float
        Of the clock.
    """

    layers: dict[str, Area]
    ports: Area
    mhz: float

    @property
    def total(self) -> Area:
        """Of all layers and the ports."""
        return sum(self.layers.values(), self.ports)


@cache
def calibration() -> Calibration:
    """Return the coefficients that this package brings."""
    text = files("lmu_hw.plan").joinpath(CALIBRATION).read_text(encoding="utf-8")
    return decode(Calibration, json.loads(text))


def estimate_of(plan: Plan, by: Calibration | None = None) -> Estimate:
    """Estimate what a plan takes of an ECP5, and its clock.

    Parameters
    ----------
    plan : Plan
    by : Calibration, optional
        None: the one of the package.
    """
    by = calibration() if by is None else by
    layers = {layer.layer.name: _area(counts_of(layer), by) for layer in plan.layers}
    ports = _area(port_counts(plan), by)
    size = sum(layers.values(), ports).lut
    return Estimate(layers=layers, ports=ports, mhz=1000.0 / _period(plan, size, by))


def pace_of(plan: Plan, size: float) -> dict[str, float]:
    """Return what the period of the clock depends on; of what layers have, the most counts.

    Parameters
    ----------
    plan : Plan
    size : float
        Tables of the design: its wires get longer.
    """
    layers = [pace_counts(layer) for layer in plan.layers]
    most = {name: max(counts[name] for counts in layers) for name in layers[0]}
    return most | {"size": log2(max(size, _SMALLEST) / _SMALLEST)}


def _period(plan: Plan, size: float, by: Calibration) -> float:
    """Return the period of the clock in ns."""
    fitted = sum(by.ns.get(name, 0.0) * count for name, count in pace_of(plan, size).items())
    return max(fitted, *map(shape_ns, plan.layers))


def _area(counts: Counts, by: Calibration) -> Area:
    return Area(
        lut=round(_sum(counts, by.lut)),
        ff=round(_sum(counts, by.ff)),
        block_ram=counts.block_ram,
        dsp=counts.dsp,
    )


def _sum(counts: Counts, coefficients: Coefficients) -> float:
    return sum(
        coefficients.get(name, 0.0) * number
        for bits in counts.parts.values()
        for name, number in bits.items()
    )
