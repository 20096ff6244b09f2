# SPDX-License-Identifier: Apache-2.0
"""The page of a comparison. Import it only where one is written."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from lmu_hw.report.compare import Comparison
from lmu_hw.report.compare_rows import Row
from lmu_hw.report.page import Figure, render
from lmu_hw.report.svg import GRID, SERIES, draw

__all__ = ["comparison_page"]

_COSTS = ("rom_bits", "multiplications_per_step", "cycles_per_step")


def comparison_page(comparison: Comparison) -> str:
    """Return the page of a comparison."""
    return render("compare.html.j2", comparison=comparison, figures=_figures(comparison))


def _figures(comparison: Comparison) -> list[Figure]:
    figures = []
    rows = [row for row in comparison.signals if any(v is not None for v in row.values)]
    if rows:
        bars = draw(
            partial(_bars, names=comparison.names, rows=rows),
            name="bars",
            alternative="SQNR of each shared signal",
            width=9.6,
            height=0.9 + len(rows) * (0.12 + 0.13 * len(comparison.names)),
        )
        caption = "Longer is better; 6 dB are one bit. Exact signals are left out."
        figures.append(Figure(title="SQNR by signal", caption=caption, svg=Markup(bars)))
    costs = {row.key: row for row in comparison.costs}
    quality = next(row for row in comparison.errors if row.key == "sqnr")
    panels = [costs[key] for key in _COSTS if None not in costs[key].values]
    if panels and None not in quality.values:
        dots = draw(
            partial(_tradeoffs, names=comparison.names, costs=panels, quality=quality),
            name="tradeoffs",
            alternative="Output SQNR against hardware cost",
            width=9.6,
            height=3.0,
        )
        caption = "Up is more accurate, left is cheaper."
        if not quality.best:
            caption += " The errors are on different data."
        figures.append(Figure(title="Error against cost", caption=caption, svg=Markup(dots)))
    return figures


def _bars(figure: Canvas, names: Sequence[str], rows: Sequence[Row]) -> None:
    axes = figure.subplots()
    height = 0.8 / len(names)
    for index, name in enumerate(names):
        lengths = [row.values[index] or 0.0 for row in rows]
        at = np.arange(len(rows)) + (index - (len(names) - 1) / 2) * height
        axes.barh(at, lengths, height * 0.9, color=SERIES[index % len(SERIES)], label=name)
    axes.set_yticks(range(len(rows)), [row.label for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel("SQNR (dB)")
    axes.grid(axis="x", color=GRID, linewidth=0.5)
    axes.set_axisbelow(True)
    figure.legend(loc="outside upper right", ncols=min(len(names), 5))


def _tradeoffs(figure: Canvas, names: Sequence[str], costs: Sequence[Row], quality: Row) -> None:
    panels = figure.subplots(1, len(costs), sharey=True, squeeze=False).ravel()
    for axes, cost in zip(panels, costs, strict=True):
        _dots(axes, names, cost, quality)
    panels[0].set_ylabel("output SQNR (dB)")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=min(len(names), 5))


def _dots(axes: Axes, names: Sequence[str], cost: Row, quality: Row) -> None:
    for index, name in enumerate(names):
        x, y = cost.values[index], quality.values[index]
        axes.plot(
            [x or 0.0],
            [y or 0.0],
            linestyle="none",
            marker="o",
            markersize=9,
            alpha=0.9,
            color=SERIES[index % len(SERIES)],
            label=name,
        )
    axes.set_xlim(0, max(value or 0.0 for value in cost.values) * 1.15 or 1.0)
    axes.margins(y=0.3)
    axes.set_xlabel(cost.label)
    axes.locator_params(axis="x", nbins=5)
    axes.grid(color=GRID, linewidth=0.5)
