# SPDX-License-Identifier: Apache-2.0
"""The page of a sweep. Import it only where one is written."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import StrMethodFormatter

from lmu_hw.measure import words
from lmu_hw.report.page import Card, Figure, render
from lmu_hw.report.svg import ACCENT, FIXED, FLOAT, GRID, draw
from lmu_hw.search.cost import Cost
from lmu_hw.search.grid import SweepReport
from lmu_hw.search.points import ACCURACY, NRMSE, SweepPoint

__all__ = ["COST_WORDS", "measure_words", "sweep_page"]

COST_WORDS = {
    Cost.STATE_BITS: "bits of state",
    Cost.COEFFICIENT_BITS: "bits of coefficients and tables",
    Cost.MULTIPLIER_AREA: "one-bit partial products",
}
_CAPTION = (
    "Each dot is a design: left is cheaper, down is better. No design is both cheaper and better "
    "than one on the line. Labels are the word lengths of weights / memory / states / activations."
)
_SPREAD = 10.0  # largest loss divided by the smallest, from which on the axis is logarithmic


def measure_words(measure: str | None) -> str:
    """Return the name of what points are judged by."""
    return {ACCURACY: "Accuracy", NRMSE: "NRMSE to the targets"}.get(
        measure or "", "NRMSE to float"
    )


def sweep_page(report: SweepReport) -> str:
    """Return the page of a sweep."""
    figures = []
    if report.front:
        svg = draw(
            partial(_paint, report=report),
            name="front",
            alternative=f"{_loss_words(report)} against cost, with the Pareto front",
            width=9.6,
            height=5.0,
        )
        title = f"{_loss_words(report)} against cost"
        figures.append(Figure(title=title, caption=_CAPTION, svg=Markup(svg)))
    return render(
        "sweep.html.j2",
        report=report,
        cards=_cards(report),
        figures=figures,
        measure=measure_words(report.measure),
        cost=COST_WORDS[Cost(report.cost)],
        front=[_row(report, point) for point in report.front],
        rows=[_row(report, point) for point in report.points],
    )


def _cards(report: SweepReport) -> list[Card]:
    refused = sum(point.reason is not None for point in report.points)
    cards = [
        Card(
            title="Designs measured",
            value=words.count(len(report.points) - refused),
            note=f"{words.count(refused)} not feasible" if refused else "all feasible",
        ),
        Card(
            title="On the front",
            value=words.count(len(report.front)),
            note=f"by {COST_WORDS[Cost(report.cost)]}",
        ),
    ]
    if report.float_score is not None:
        value = words.score(report.measure, report.float_score)
        cards.append(Card(title=measure_words(report.measure), value=value, note="of float"))
    scores = [point for point in report.front if point.loss is not None]
    if scores:
        best = min(scores, key=lambda point: point.loss or 0.0)
        value = words.score(report.measure, best.score)
        cards.append(Card(title="Best", value=value, note=f"at {best.lengths} bits"))
    return cards


def _row(report: SweepReport, point: SweepPoint) -> dict[str, object]:
    """Return the cells of a point, as text."""
    cells = {"bits": point.lengths.bits, "pareto": point.pareto, "reason": point.reason}
    if point.costs is not None and point.task is not None:
        cells |= {
            "costs": [words.count(point.costs.get(cost)) for cost in Cost],
            "score": words.score(report.measure, point.score),
            "to_float": words.score(None, point.task.nrmse_to_float),
        }
    return cells


def _loss_words(report: SweepReport) -> str:
    """Return the name of what the picture shows: the smaller, the better."""
    return "Wrong answers" if report.measure == ACCURACY else measure_words(report.measure)


def _loss(report: SweepReport, score: float) -> float:
    """Return the percentage of wrong answers, or the error."""
    return 100 * (1 - score) if report.measure == ACCURACY else score


def _paint(figure: Canvas, report: SweepReport) -> None:
    axes = figure.subplots()
    others = [point for point in report.points if not point.pareto]
    dots = {"linestyle": "none", "marker": "o", "markersize": 4, "markeredgewidth": 0}
    axes.plot(*_places(others, report), color=FLOAT, label="designs", **dots)
    front = _places(report.front, report)
    axes.plot(*front, color=FIXED, marker="o", markersize=5, linewidth=1.4, label="Pareto front")
    for point, x, y in zip(report.front, *front, strict=True):
        axes.annotate(
            str(point.lengths),
            (x, y),
            xytext=(-2, -3),
            textcoords="offset points",
            fontsize=7,
            rotation=40,
            rotation_mode="anchor",
            ha="right",
            va="top",
        )
    if report.float_score is not None:
        at = _loss(report, report.float_score)
        axes.axhline(at, color=ACCENT, linewidth=0.9, linestyle="--", label="float")
    _scales(axes, report)
    unit = " (%)" if report.measure == ACCURACY else ""
    axes.set_xlabel(COST_WORDS[Cost(report.cost)])
    axes.set_ylabel(_loss_words(report).lower().replace("nrmse", "NRMSE") + unit)
    axes.grid(color=GRID, linewidth=0.5)
    figure.legend(loc="outside upper right", ncols=3)


def _scales(axes: Axes, report: SweepReport) -> None:
    """Leave room for labels; make losses logarithmic where they differ by orders of magnitude."""
    axes.margins(y=0.1)
    xs, ys = _places(report.points, report)
    axes.set_xlim(min(xs) - 0.12 * (max(xs) - min(xs) or 1.0))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    if min(ys) > 0.0 and max(ys) > _SPREAD * min(ys):
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))


def _places(points: Sequence[SweepPoint], report: SweepReport) -> tuple[list[int], list[float]]:
    """Return cost and loss of the points that have them."""
    cost = Cost(report.cost)
    places = [
        (point.costs.get(cost), _loss(report, point.score))
        for point in points
        if point.costs is not None and point.score is not None
    ]
    return [x for x, _ in places], [y for _, y in places]
