# SPDX-License-Identifier: Apache-2.0
"""Magnitudes of every signal, in float and in fixed point, against its format."""

from __future__ import annotations

import math

from lmu_hw.measure.results import Report, SignalReport
from lmu_hw.measure.words import decimal, number
from lmu_hw.report.chart import Axis, Chart, Colour, Mark, Shape

__all__ = ["histograms"]

_HEIGHT = 96
_MOST_POWERS = 5
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def histograms(report: Report) -> list[Chart]:
    """Return a histogram for each signal."""
    return [_histogram(signal) for signal in report.signals]


def _histogram(signal: SignalReport) -> Chart:
    histogram = signal.histogram
    floats = _shares(histogram.float_counts, histogram.float_zeros)
    fixed = _shares(histogram.fixed_counts, histogram.fixed_zeros)
    used = [k for k, shares in enumerate(zip(floats, fixed, strict=True)) if any(shares)]
    first = min([*used, histogram.ulp_bin])
    end = max([*(k + 1 for k in used), histogram.end_bin])
    low, high = histogram.lowest + first, histogram.lowest + end
    step = max(1, math.ceil((high - low) / _MOST_POWERS))
    top = max(*floats, *fixed, 1.0)
    marks = [
        _bars(name, colour, shares, histogram.lowest, width)
        for name, colour, shares, width in (
            ("float", Colour.FLOAT, floats, 0.86),
            ("fixed", Colour.FIXED, fixed, 0.4),
        )
        if any(shares)
    ]
    return Chart(
        title=f"{signal.name}  {signal.format}",
        alternative=f"Magnitudes of {signal.name} against {signal.format}",
        x=Axis(
            label=_outside(signal, floats),
            low=low - 0.5,
            high=high + 0.5,
            ticks=tuple((power, _power(power)) for power in range(low, high + 1, step)),
        ),
        y=Axis(label="", low=0.0, high=1.1 * top, ticks=((top, f"{number(top)} %"),)),
        marks=marks,
        zone=(
            histogram.lowest + histogram.ulp_bin,
            histogram.lowest + histogram.end_bin,
        ),
        height=_HEIGHT,
    )


def _shares(counts: tuple[int, ...], zeros: int) -> list[float]:
    """Return percentages of all values, zeros among them."""
    total = max(sum(counts) + zeros, 1)
    return [100 * count / total for count in counts]


def _bars(name: str, colour: Colour, shares: list[float], lowest: int, width: float) -> Mark:
    return Mark(
        shape=Shape.BARS,
        name=name,
        colour=colour,
        xs=[lowest + k + 0.5 for k in range(len(shares))],
        ys=[share or None for share in shares],
        tips=[
            f"{_power(lowest + k)} to {_power(lowest + k + 1)}: {number(share)} %"
            for k, share in enumerate(shares)
        ],
        width=width,
    )


def _outside(signal: SignalReport, floats: list[float]) -> str:
    """Return the headroom, and what of float its format cannot hold."""
    histogram = signal.histogram
    headroom = signal.headroom_bits
    parts = ["only zeros" if headroom is None else f"headroom {decimal(headroom, 1)} bit"]
    if small := sum(floats[: histogram.ulp_bin]):
        parts.append(f"{number(small)} % of float below an ulp")
    if large := sum(floats[histogram.end_bin :]):
        parts.append(f"{number(large)} % beyond")
    return ", ".join(parts)


def _power(exponent: int) -> str:
    return f"2{str(exponent).translate(_SUPERSCRIPTS)}"
