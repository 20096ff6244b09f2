# SPDX-License-Identifier: Apache-2.0
"""A report by layer: what each layer takes of a chip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lmu_hw.measure.implementation import Implementation, Resources
from lmu_hw.measure.results import Report

__all__ = ["LayerRow", "layer_rows"]

_LAYER = "layer_"
_REST = "ports and answers"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRow:
    """What a layer takes of a chip; what is not known is None.

    Attributes
    ----------
    cycles : int or None
        Of a time step.
    microseconds : float or None
        Of them at the clock that was reached.
    nanojoules : float or None
        Of a step's operations and memory accesses, by the model.
    """

    name: str
    cycles: int | None
    microseconds: float | None
    resources: Resources
    nanojoules: float | None


def layer_rows(report: Report, found: Implementation) -> list[LayerRow]:
    """Return a row for each layer, and one for what belongs to none."""
    names = [layer.name for layer in report.hardware.layers] if report.hardware else []
    cycles = {e.name: e.cycles_per_step for e in report.hardware.layers} if report.hardware else {}
    parts: dict[str, list[Resources]] = {name: [] for name in [*names, _REST]}
    for part in found.parts:
        first = part.path.removeprefix("core.").partition(".")[0]
        name = first.removeprefix(_LAYER) if first.startswith(_LAYER) else _REST
        parts.setdefault(name, []).append(part.resources)
    energy = {} if found.energy is None else found.energy.by_layer()
    return [
        LayerRow(
            name=name,
            cycles=cycles.get(name),
            microseconds=_time(cycles.get(name), found.mhz),
            resources=_sum(resources),
            nanojoules=sum(energy[name].values()) if name in energy else None,
        )
        for name, resources in parts.items()
        if resources or name in cycles
    ]


def _time(cycles: int | None, mhz: float | None) -> float | None:
    return None if cycles is None or mhz is None else cycles / mhz


def _sum(resources: Sequence[Resources]) -> Resources:
    return sum(resources, Resources())
