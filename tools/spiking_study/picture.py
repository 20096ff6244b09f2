# SPDX-License-Identifier: Apache-2.0
"""The picture of docs/spiking.md: error against neurons, and against states."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tools.spiking_study.errors import Point
from tools.svg import MUTED, SERIES, draw

__all__ = ["picture"]


def picture(points: list[Point]) -> str:
    """Return the errors of one setup as SVG: marks are measured, lines predicted."""
    return draw(
        partial(_paint, points=points),
        name="spiking",
        alternative="Error of spiking memories against neurons and against states: d / sqrt(m)",
        width=9.6,
        height=3.6,
    )


def _paint(figure: Figure, points: list[Point]) -> None:
    left, right = figure.subplots(1, 2, sharey=True)
    _panel(left, points, lambda p: p.size, lambda p: p.order, "d = {}")
    _panel(right, points, lambda p: p.order, lambda p: p.size, "m = {:,}")
    left.set_xlabel("neurons, m")
    right.set_xlabel("states, d")
    left.set_ylabel("RMS error of the window")


def _panel(
    axes: Axes,
    points: list[Point],
    place: Callable[[Point], int],
    series: Callable[[Point], int],
    label: str,
) -> None:
    colours = iter(SERIES * 2)
    for value in sorted({series(point) for point in points}):
        mine = sorted((p for p in points if series(p) == value), key=place)
        if len(mine) < 2:
            continue
        colour = next(colours)
        x = [place(point) for point in mine]
        axes.plot(x, [p.predicted for p in mine], color=colour, linewidth=1.0)
        axes.plot(
            x,
            [p.window for p in mine],
            "o",
            color=colour,
            markersize=4,
            label=label.format(value),
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.grid(color=MUTED, alpha=0.2, linewidth=0.5)
    axes.legend()
