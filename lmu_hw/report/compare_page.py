# SPDX-License-Identifier: Apache-2.0
"""The page of a comparison. Import it only where one is written."""

from __future__ import annotations

from collections.abc import Sequence

from lmu_hw.report.chart import Axis, Chart, Colour, Mark, Shape, span
from lmu_hw.report.compare import Comparison
from lmu_hw.report.compare_rows import Row
from lmu_hw.report.page import Figure, render

__all__ = ["comparison_page"]

_COSTS = ("rom_bits", "multiplications_per_step", "cycles_per_step")
_COLOURS = (Colour.BLUE, Colour.ORANGE, Colour.GREEN, Colour.RED, Colour.VIOLET, Colour.OCHRE)
_LONGEST = 100.0
"""Of a bar, in percent of the room for it."""


def comparison_page(comparison: Comparison) -> str:
    """Return the page of a comparison."""
    return render(
        "compare.html.j2",
        comparison=comparison,
        figures=_figures(comparison),
        colours_of=[_colour(index).value for index in range(len(comparison.names))],
        bars=_bars(comparison.signals),
    )


def _colour(index: int) -> Colour:
    return _COLOURS[index % len(_COLOURS)]


def _bars(rows: Sequence[Row]) -> list[tuple[str, list[tuple[float, str]]]]:
    """Return the label of each signal that has an SQNR, and a length and a text by design."""
    compared = [row for row in rows if any(value is not None for value in row.values)]
    longest = max((value or 0.0 for row in compared for value in row.values), default=0.0) or 1.0
    return [
        (
            row.label,
            [
                (_LONGEST * max(value or 0.0, 0.0) / longest, text)
                for value, text in zip(row.values, row.texts, strict=True)
            ],
        )
        for row in compared
    ]


def _figures(comparison: Comparison) -> list[Figure]:
    costs = {row.key: row for row in comparison.costs}
    quality = next(row for row in comparison.errors if row.key == "sqnr")
    panels = [costs[key] for key in _COSTS if None not in costs[key].values]
    if not panels or None in quality.values:
        return []
    caption = "Up is more accurate, left is cheaper."
    if not quality.best:
        caption += " The errors are on different data."
    charts = [_tradeoff(comparison.names, cost, quality) for cost in panels]
    return [Figure(title="Error against cost", caption=caption, charts=charts)]


def _tradeoff(names: Sequence[str], cost: Row, quality: Row) -> Chart:
    low, high = span(quality.values, room=0.3)
    marks = [
        Mark(
            shape=Shape.DOTS,
            name=name,
            colour=_colour(index),
            xs=[cost.values[index] or 0.0],
            ys=[quality.values[index]],
            tips=[f"{cost.texts[index]}: {quality.texts[index]}"],
            width=12,
        )
        for index, name in enumerate(names)
    ]
    most = max(value or 0.0 for value in cost.values) * 1.15 or 1.0
    return Chart(
        title="",
        alternative=f"Output SQNR against {cost.label.lower()}",
        x=Axis(label=cost.label, low=0.0, high=most),
        y=Axis(label="output SQNR (dB)", low=low, high=high),
        marks=marks,
    )
