# SPDX-License-Identifier: Apache-2.0
"""The picture of what is certified, predicted and measured of memories."""

from __future__ import annotations

from collections.abc import Sequence

from lmu_hw.measure.certified import MemoryReport
from lmu_hw.measure.results import Report
from lmu_hw.report.chart import Axis, Chart, Colour, Mark, Shape, span

__all__ = ["rounding_noise"]

_MAX_STATES = 512


def rounding_noise(report: Report) -> list[Chart]:
    """Return the certified, predicted and measured rounding noise of every memory state."""
    ulps = {signal.name: signal.ulp or 1.0 for signal in report.signals}
    return [_noise(memory, ulps[memory.name]) for memory in report.memories]


def _noise(memory: MemoryReport, ulp: float) -> Chart:
    noise, proof = memory.noise, memory.proof
    states = range(min(len(noise.rms_ulp), _MAX_STATES))
    rms = noise.rms_ulp[: len(states)]
    white = [value if noise.white[state] else None for state, value in enumerate(rms)]
    other = [None if noise.white[state] else value for state, value in enumerate(rms)]
    marks = [_bars("measured, RMS", Colour.FLOAT, states, white)]
    if any(value is not None for value in other):
        marks.append(_bars("measured, RMS, not white", Colour.MUTED, states, other))
    if noise.predicted_ulp:
        predicted = noise.predicted_ulp[: len(states)]
        marks.append(_line("predicted, RMS", Colour.BLUE, states, predicted))
    largest = noise.max_ulp[: len(states)]
    marks.append(
        Mark(
            shape=Shape.DOTS, name="measured, largest", colour=Colour.FIXED, xs=states, ys=largest,
            width=5,
        )
    )  # fmt: skip
    if proof is not None:
        bounds = [value / ulp for value in proof.rounding] * memory.segments
        marks.append(_line("certified", Colour.INK, states, bounds[: len(states)]))
    low, high = span(*(mark.ys for mark in marks), log=True)
    return Chart(
        title=memory.name,
        alternative=f"Certified, predicted and measured rounding noise of {memory.name}",
        x=Axis(label="state", low=-0.7, high=len(states) - 0.3),
        y=Axis(label="rounding noise (ulp)", low=low / 2, high=high, log=True),
        marks=marks,
    )


def _bars(name: str, colour: Colour, xs: range, ys: list[float | None]) -> Mark:
    return Mark(shape=Shape.BARS, name=name, colour=colour, xs=xs, ys=ys, width=0.8)


def _line(name: str, colour: Colour, xs: range, ys: Sequence[float]) -> Mark:
    return Mark(shape=Shape.LINE, name=name, colour=colour, xs=xs, ys=ys)
