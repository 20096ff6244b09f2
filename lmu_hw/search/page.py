# SPDX-License-Identifier: Apache-2.0
"""The page of a sweep. Import it only where one is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lmu_hw.measure import words
from lmu_hw.report.chart import Axis, Chart, Colour, Label, Mark, Shape, span
from lmu_hw.report.page import Card, Figure, render
from lmu_hw.search.commands import generate_command
from lmu_hw.search.cost import Cost
from lmu_hw.search.grid import SweepReport
from lmu_hw.search.lengths import Knob
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
        title = f"{_loss_words(report)} against cost"
        figures.append(Figure(title=title, caption=_CAPTION, charts=[_front(report)]))
    return render(
        "sweep.html.j2",
        report=report,
        cards=_cards(report),
        figures=figures,
        swept=_swept(report),
        measure=measure_words(report.measure),
        cost=COST_WORDS[Cost(report.cost)],
        front=[_row(report, point) for point in report.front],
        rows=[_row(report, point) for point in report.points],
    )


def _swept(report: SweepReport) -> str:
    """Return which word lengths differ between the points, and between which."""
    parts = []
    for knob, name in zip(Knob, ("weights", "memory", "states", "activations"), strict=True):
        bits = [point.lengths.get(knob) for point in report.points]
        if bits and min(bits) < max(bits):
            parts.append(f"{name} of {min(bits)} to {max(bits)}")
    return f"{words.listed(parts)} bits" if parts else "one combination"


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
    cells["command"] = generate_command(report.options, point.lengths)
    if point.costs is not None and point.task is not None:
        cells |= {
            "costs": [words.count(point.costs.get(cost)) for cost in Cost],
            "score": words.score(report.measure, point.score),
            "interval": words.interval(report.measure, point.interval),
            "to_float": words.score(None, point.task.nrmse_to_float),
        }
    return cells


def _loss_words(report: SweepReport) -> str:
    """Return the name of what the picture shows: the smaller, the better."""
    return "Wrong answers" if report.measure == ACCURACY else measure_words(report.measure)


def _loss(report: SweepReport, score: float | None) -> float | None:
    """Return the percentage of wrong answers, or the error."""
    if score is None:
        return None
    return 100 * (1 - score) if report.measure == ACCURACY else score


def _front(report: SweepReport) -> Chart:
    """Return loss against cost of all designs; losses that differ by orders are logarithmic."""
    cost = Cost(report.cost)
    others = [point for point in report.points if point.costs is not None and not point.pareto]
    designs = _designs("designs", Colour.FLOAT, others, report, width=7)
    front = _designs("Pareto front", Colour.FIXED, report.front, report, width=9)
    floats = [] if report.float_score is None else [_loss(report, report.float_score)]
    losses = [loss for loss in (*designs.ys, *front.ys, *floats) if loss is not None]
    log = min(losses) > 0.0 and max(losses) > _SPREAD * min(losses)
    low, high = span(designs.xs, front.xs, room=0.1)
    least, most = span(losses, log=log, room=0.1)
    marks = [designs, front, replace(front, shape=Shape.LINE, width=1.4)]
    marks += [
        Mark(shape=Shape.LINE, name="float", colour=Colour.BLUE, xs=(low, high), ys=(y, y), width=1)
        for y in floats
    ]
    unit = " (%)" if report.measure == ACCURACY else ""
    return Chart(
        title="",
        alternative=f"{_loss_words(report)} against cost, with the Pareto front",
        x=Axis(label=COST_WORDS[cost], low=low, high=high),
        y=Axis(
            label=_loss_words(report).lower().replace("nrmse", "NRMSE") + unit,
            low=least,
            high=most,
            log=log,
        ),
        marks=marks,
        labels=[
            Label(x=x, y=y, text=str(point.lengths))
            for point, x, y in zip(report.front, front.xs, front.ys, strict=True)
            if y is not None
        ],
        height=380,
    )


def _designs(
    name: str, colour: Colour, points: Sequence[SweepPoint], report: SweepReport, *, width: float
) -> Mark:
    """Return the dots of points that have costs."""
    return Mark(
        shape=Shape.DOTS,
        name=name,
        colour=colour,
        xs=[point.costs.get(Cost(report.cost)) for point in points if point.costs is not None],
        ys=[_loss(report, point.score) for point in points],
        tips=[_tip(report, point) for point in points],
        width=width,
    )


def _tip(report: SweepReport, point: SweepPoint) -> str:
    """Return what is said of a point: its word lengths, its cost, its score."""
    cost = Cost(report.cost)
    amount = words.count(None if point.costs is None else point.costs.get(cost))
    score = words.score(report.measure, point.score)
    interval = f" ({words.interval(report.measure, point.interval)})" if point.interval else ""
    measure = measure_words(report.measure)
    return f"{point.lengths}: {measure} {score}{interval}, {amount} {COST_WORDS[cost]}"
