# SPDX-License-Identifier: Apache-2.0
"""Charts as inline SVG that follow the page: its theme, its text size, its width.

A plot has no view box. What is drawn of data lies in an inner drawing of 1000 x 1000 units that is
stretched to whatever room there is, with strokes that do not stretch; text stands at percentages of
that room in the page's own size. Colours are classes, which the page gives its variables.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import assert_never

from markupsafe import Markup

from lmu_hw.measure.words import MINUS, NONE, count, decimal, number
from lmu_hw.report.ticks import linear_ticks, log_ticks

__all__ = ["Axis", "Chart", "Colour", "Label", "Mark", "Shape", "chart_svg", "span"]

_UNITS = 1000.0
_DIGIT = 7.5
"""Pixels of a digit of a tick, at most."""
_LONG, _FEW = 5, 4
"""Where a tick has more characters, there are at most so many of them."""

Values = Sequence[float | None]


class Shape(Enum):
    """What stands at each point."""

    LINE = "line"
    DASHES = "dashes"
    DOTTED = "dotted"
    DOTS = "dots"
    BARS = "bars"


class Colour(Enum):
    """The page's colours of data, by the names of their classes."""

    INK = "ink"
    MUTED = "muted"
    FLOAT = "float"
    FIXED = "fixed"
    BLUE = "blue"
    ORANGE = "orange"
    GREEN = "green"
    RED = "red"
    VIOLET = "violet"
    OCHRE = "ochre"


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One direction of a chart.

    Attributes
    ----------
    label : str
    low, high : float
        Ends; above 0 if `log`.
    log : bool
    ticks : tuple of (float, str)
        Where something is written, and what; empty: chosen.
    whole : bool
        It counts something: nothing is written between whole numbers.
    """

    label: str
    low: float
    high: float
    log: bool = False
    ticks: tuple[tuple[float, str], ...] = ()
    whole: bool = False

    def at(self, value: float) -> float:
        """Return where a value lies, 0 to 1."""
        if self.log:
            low, high, value = (math.log(v) for v in (self.low, self.high, value))
        else:
            low, high = self.low, self.high
        return (value - low) / (high - low)

    def marked(self) -> tuple[tuple[float, str], ...]:
        """Return the ticks."""
        if self.ticks:
            return self.ticks
        if self.log:
            return _in_words(log_ticks(self.low, self.high))
        places = linear_ticks(self.low, self.high)
        if self.whole:
            places = [place for place in places if place.is_integer()]
        ticks = _in_words(places)
        if max(len(text) for _, text in ticks) > _LONG:  # beside each other on a phone
            ticks = _in_words(linear_ticks(self.low, self.high, _FEW))
        return ticks


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A row of points; those without a value are left out.

    Attributes
    ----------
    name : str
        For the legend and the words at a point.
    tips : sequence of str
        What is said of each point; empty: its two numbers.
    width : float
        Of a line or a dot, in pixels; of a bar, in units of the horizontal axis.
    """

    shape: Shape
    name: str
    colour: Colour
    xs: Sequence[float]
    ys: Values
    tips: Sequence[str] = ()
    width: float = 1.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Words at a point."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Marks between two axes.

    Attributes
    ----------
    alternative : str
        For those who do not see the picture.
    zone : (float, float) or None
        Part of the horizontal axis that is shaded.
    height : int
        Of the plot, in pixels.
    """

    title: str
    alternative: str
    x: Axis
    y: Axis
    marks: Sequence[Mark]
    labels: Sequence[Label] = field(default=())
    zone: tuple[float, float] | None = None
    height: int = 200


def span(*rows: Values, log: bool = False, room: float = 0.06) -> tuple[float, float]:
    """Return ends of an axis with some room around all values."""
    values = [v for row in rows for v in row if v is not None and (v > 0.0 or not log)]
    low, high = (min(values), max(values)) if values else (0.5, 1.0)
    if log:
        factor = max((high / low) ** room, 1.15)
        return low / factor, high * factor
    margin = (high - low) * room or abs(high) * 0.1 or 1.0
    return low - margin, high + margin


def chart_svg(chart: Chart) -> Markup:
    """Return a chart as HTML: its title, its vertical axis, the plot, its horizontal axis."""
    rows, columns = chart.y.marked(), chart.x.marked()
    left = 12 + _DIGIT * max((len(text) for _, text in rows), default=0)
    body = [
        *(_row(chart.y.at(value), text) for value, text in rows),
        *(_column(chart.x.at(value), text) for value, text in columns),
        Markup('<svg class="data" viewBox="0 0 1000 1000" preserveAspectRatio="none">'),
        *(_path(mark, chart) for mark in chart.marks),
        Markup("</svg>"),
        *(_label(label, chart) for label in chart.labels),
    ]
    if chart.zone is not None:
        body.insert(0, _zone(*(chart.x.at(end) for end in chart.zone)))
    title = Markup("<h4>{}</h4>").format(chart.title) if chart.title else ""
    return Markup(
        '<div class="chart">{}<div class="axis">{}</div>'
        '<div class="plot" style="padding-left:{:.0f}px"><svg role="img" aria-label="{}" '
        'style="height:{}px">\n{}\n</svg></div><div class="axis below">{}</div></div>'
    ).format(
        title,
        chart.y.label,
        left,
        chart.alternative,
        chart.height,
        Markup("\n").join(body),
        chart.x.label,
    )


def _in_words(places: Sequence[float]) -> tuple[tuple[float, str], ...]:
    texts = [_tick_words(place) for place in places]
    decimals = max(len(text.partition(".")[2]) for text in texts)
    if decimals and all(abs(place) >= 1 or place == 0 or decimals == 1 for place in places):
        texts = [decimal(place, decimals) for place in places]
    return tuple(zip(places, texts, strict=True))


def _percent(share: float) -> str:
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + "%"


def _zone(low: float, high: float) -> Markup:
    return Markup('<rect class="zone" x="{}" width="{}" y="0" height="100%"/>').format(
        _percent(low), _percent(high - low)
    )


def _row(at: float, text: str) -> Markup:
    place = _percent(1 - at)
    return Markup(
        '<line class="grid" x2="100%" y1="{0}" y2="{0}"/>'
        '<text class="row" x="-8" y="{0}" dy=".32em">{1}</text>'
    ).format(place, text)


def _column(at: float, text: str) -> Markup:
    return Markup('<text class="column" x="{}" y="100%" dy="1.4em">{}</text>').format(
        _percent(at), text
    )


def _label(label: Label, chart: Chart) -> Markup:
    return Markup('<text class="label" x="{}" y="{}" dx="6" dy="-6">{}</text>').format(
        _percent(chart.x.at(label.x)), _percent(1 - chart.y.at(label.y)), label.text
    )


def _path(mark: Mark, chart: Chart) -> Markup:
    points, tips, joined = [], [], False
    for index, (x, y) in enumerate(zip(mark.xs, mark.ys, strict=True)):
        if y is None or (chart.y.log and y <= 0.0):
            joined = False
            continue
        place = f"{_units(chart.x.at(x))},{_units(1 - chart.y.at(y))}"
        points.append(_step(mark.shape, place, joined))
        tips.append(mark.tips[index] if mark.tips else f"{_tick_words(x)}: {number(y)}")
        joined = True
    width = mark.width
    if mark.shape is Shape.BARS:
        width *= _UNITS / (chart.x.high - chart.x.low)
    return Markup(
        '<path class="{} {}" style="stroke-width:{:.4g}" data-name="{}" data-tips="{}" d="{}"/>'
    ).format(mark.shape.value, mark.colour.value, width, mark.name, "|".join(tips), "".join(points))


def _step(shape: Shape, place: str, joined: bool) -> str:
    """Return how the pen goes to a point; its place comes first, so that the page can read it."""
    match shape:
        case Shape.LINE | Shape.DASHES | Shape.DOTTED:
            return f"L{place}" if joined else f"M{place}"
        case Shape.DOTS:
            return f"M{place}h0"
        case Shape.BARS:
            return f"M{place}V1000"
    assert_never(shape)


def _units(share: float) -> str:
    return f"{_UNITS * share:.1f}".removesuffix(".0")


def _tick_words(value: float) -> str:
    """Return a number as short as it is: whole ones in full, with thousands as everywhere."""
    if value == int(value) and abs(value) < 1e7:
        return count(int(value))
    return f"{value:g}".replace("-", MINUS) if math.isfinite(value) else NONE
