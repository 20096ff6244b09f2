# SPDX-License-Identifier: Apache-2.0
"""The pictures of a classifier's answers: by how much the right class leads."""

from __future__ import annotations

import numpy as np

from lmu_hw.measure.classes import ClassReport
from lmu_hw.report.chart import Axis, Chart, Colour, Mark, Shape, span

__all__ = ["margins"]

_BINS = 24


def margins(classes: ClassReport) -> list[Chart]:
    """Return how large margins are in float and in fixed point, and how they differ."""
    pairs = [
        (a, b)
        for a, b in zip(classes.float_margins, classes.fixed_margins, strict=True)
        if a is not None and b is not None
    ]
    if not pairs:
        return []
    floats, fixed = (list(column) for column in zip(*pairs, strict=True))
    return [_counts(floats, fixed), _differences(floats, fixed, classes.ulp or 1.0)]


def _counts(floats: list[float], fixed: list[float]) -> Chart:
    low, high = span(floats, fixed, (0.0,), room=0.02)
    edges = np.linspace(low, high, _BINS + 1)
    width = float(edges[1] - edges[0])
    centres = (edges[:-1] + edges[1:]) / 2
    marks = []
    for name, colour, values, share in (
        ("float", Colour.FLOAT, floats, 0.85),
        ("fixed", Colour.FIXED, fixed, 0.35),
    ):
        counts = np.histogram(values, edges)[0].tolist()
        tips = [
            f"{start:.3g} to {start + width:.3g}: {count:,} of {len(values):,}"
            for start, count in zip(edges.tolist(), counts, strict=False)
        ]
        marks.append(
            Mark(
                shape=Shape.BARS,
                name=name,
                colour=colour,
                xs=centres.tolist(),
                ys=[count or None for count in counts],
                tips=tips,
                width=share * width,
            )
        )
    most = max(y or 0 for mark in marks for y in mark.ys)
    return Chart(
        title="",
        alternative="How many answers have which margin, in float and in fixed point",
        x=Axis(label="margin of the label (below 0: wrong)", low=low, high=high),
        y=Axis(label="answers", low=0.0, high=1.05 * most, whole=True),
        marks=marks,
        zone=(low, 0.0) if low < 0.0 else None,
    )


def _differences(floats: list[float], fixed: list[float], ulp: float) -> Chart:
    errors = [(b - a) / ulp for a, b in zip(floats, fixed, strict=True)]
    low, high = span(floats, (0.0,))
    least, most = span(errors, (0.0,))
    changed = [(a > 0.0) != (b > 0.0) for a, b in zip(floats, fixed, strict=True)]
    marks = [
        Mark(
            shape=Shape.DOTS,
            name=name,
            colour=colour,
            xs=floats,
            ys=[error if is_changed == which else None for error, is_changed in rows],
            width=width,
        )
        for rows in [list(zip(errors, changed, strict=True))]
        for name, colour, which, width in (
            ("fixed − float", Colour.FIXED, False, 3.6),
            ("right in one of them only", Colour.RED, True, 8),
        )
        if which in changed
    ]
    return Chart(
        title="",
        alternative="Difference of the margins by their value in float",
        x=Axis(label="margin in float", low=low, high=high),
        y=Axis(label="fixed − float (ulp)", low=least, high=most),
        marks=marks,
    )
