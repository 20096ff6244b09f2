# SPDX-License-Identifier: Apache-2.0
"""What registers, access to states and streams take: fitted to designs that were synthesised.

Coefficients are fitted to what a design takes more than the same one without an option, and whole
estimates are compared with what was measured. `tools.calibrate_estimates` runs this after its own
fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.optimize import nnls

from lmu_hw.hdl import emit_verilog
from lmu_hw.measure.implementation import Resources
from lmu_hw.network import stream_of
from lmu_hw.plan import Area, Goal, Plan, choose_plan
from lmu_hw.plan.chip import Checked
from lmu_hw.plan.counts import OPTIONS, Bits, port_counts
from lmu_hw.plan.estimate import Calibration, estimate_of
from lmu_hw.plan.interleaving import interleaved
from tools.estimate_designs import CASES, design_of
from tools.memory_bench.tables import Table

__all__ = ["Synthesised", "measured_options", "options_table", "with_options"]

HEADINGS = (
    *("design", "lanes", "with", "fitted to", "LUT", "estimated", "error", "FF", "estimated"),
    "error",
)
DESIGNS = {"dense d=8": 1, "LSTM 6": 1, "sweeps d=32": 4, "digits": 4, "2 sweeps d=12": 4}
"""Most multipliers of a layer, by the name of a design; streams are those of 32 bits."""

_HELD_OUT = ("digits", "2 sweeps d=12")
_PLAIN = ""
_VARIANTS: dict[str, Callable[[Plan], Plan]] = {
    _PLAIN: lambda plan: plan,
    "registers": partial(replace, registers=True),
    "state access": partial(replace, state_access=True),
    "registers, state access": partial(replace, registers=True, state_access=True),
    "4 streams": partial(interleaved, streams=4),
}

Synthesise = Callable[[str, dict[str, bytes], str], Resources]
"""Returns what files take, by a name of the design and its top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthesised:
    """A design with an option, or without, and what synthesis made of it."""

    design: str
    option: str
    plan: Plan
    taken: Resources

    @property
    def held_out(self) -> bool:
        """Nothing is fitted to it."""
        return self.design in _HELD_OUT


def measured_options(synthesise: Synthesise) -> list[Synthesised]:
    """Return all designs with each of the options, and without."""
    made = []
    for case in CASES:
        if case.name not in DESIGNS:
            continue
        design, _ = design_of(case)
        goal = Goal(lanes=DESIGNS[case.name])
        plan = choose_plan(design.network, goal, stream=stream_of()).chosen.plan
        for option, change in _VARIANTS.items():
            changed = change(plan)
            texts = emit_verilog(design.network, changed, digest=design.digest)
            files = {name: text.encode() for name, text in texts.items()}
            taken = synthesise(f"{case.name}, {option or 'packets'}", files, design.network.name)
            made.append(Synthesised(design=case.name, option=option, plan=changed, taken=taken))
    return made


def with_options(by: Calibration, measured: Sequence[Synthesised]) -> Calibration:
    """Return a calibration with coefficients of the options, and how good they are."""
    plain = {each.design: each for each in measured if each.option == _PLAIN}
    fitted = [each for each in measured if each.option and not each.held_out]
    made = by
    for name in ("lut", "ff"):
        more = [_more(each, plain[each.design], by, name) for each in fitted]
        sizes = [_of(each.taken, name) for each in fitted]
        found = _fit([_counted(each.plan) for each in fitted], more, sizes)
        made = replace(made, **{name: getattr(by, name) | found})
    errors = [_errors(each, made) for each in measured if each.option and each.held_out]
    lut, ff = (max(map(abs, of)) for of in zip(*errors, strict=True))
    return replace(made, options=Checked(designs=len(errors), lut=lut, ff=ff))


def options_table(by: Calibration, measured: Sequence[Synthesised]) -> Table:
    """Return what was measured beside what is estimated."""
    table = Table(name="options", title="estimates of options", headings=HEADINGS)
    for each in sorted(measured, key=lambda each: each.held_out):
        area, (lut, ff) = estimate_of(each.plan, by=by).total, _errors(each, by)
        table.add(
            *(each.design, f"{DESIGNS[each.design]}", each.option),
            "yes" if each.option and not each.held_out else "",
            *(f"{each.taken.lut:,}", f"{area.lut:,}", f"{100 * lut:+.1f} %"),
            *(f"{each.taken.ff:,}", f"{area.ff:,}", f"{100 * ff:+.1f} %"),
        )
    return table


def _counted(plan: Plan) -> Bits:
    """Return what of a plan is there for its options."""
    parts = port_counts(plan).parts
    return {name: count for part in OPTIONS for name, count in parts.get(part, {}).items()}


def _fit(counts: list[Bits], more: list[float], sizes: list[float]) -> Bits:
    """Return coefficients that are not negative, of the least squares of errors of the sizes."""
    names = sorted({name for bits in counts for name in bits})
    matrix = np.array([[bits.get(name, 0.0) for name in names] for bits in counts])
    weight = 1 / np.array(sizes)
    coefficients, _ = nnls(matrix * weight[:, None], np.array(more) * weight)
    return {
        name: float(f"{c:.4g}") for name, c in zip(names, coefficients, strict=True) if c > 1e-6
    }


def _more(each: Synthesised, plain: Synthesised, by: Calibration, name: str) -> float:
    """Return what an option takes beside what is estimated of the larger memories of a plan."""
    expected = _of(estimate_of(each.plan, by=by).total, name)
    expected -= _of(estimate_of(plain.plan, by=by).total, name)
    return _of(each.taken, name) - _of(plain.taken, name) - expected


def _errors(each: Synthesised, by: Calibration) -> tuple[float, float]:
    area = estimate_of(each.plan, by=by).total
    return area.lut / each.taken.lut - 1, area.ff / each.taken.ff - 1


def _of(taken: Area | Resources, name: str) -> float:
    return float(getattr(taken, name))
