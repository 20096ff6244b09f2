# SPDX-License-Identifier: Apache-2.0
"""The network as a diagram: what enters each layer, its signals, and arrows to what reads them.

Rows have fixed heights, so that arrows are drawn where the page is written: what is read within a
step on the left, downwards; what is read of the step before on the right, dashed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from lmu_hw.measure.results import Report, SignalReport

__all__ = ["Arrow", "Box", "LayerDiagram", "layer_diagrams"]

BEFORE = "[t-1]"
ENTRY, NODE, GAP = 28, 48, 8
"""Pixels: the height of what enters, that of a signal, and what lies between two of them."""
_TRACK, _HEAD = 8, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A signal in a layer: one of its own, or one that enters; `row` is its place in the table."""

    row: int
    signal: SignalReport
    enters: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """From a box to all that read it: numbers of boxes of the layer."""

    source: int
    readers: tuple[int, ...]

    @property
    def span(self) -> tuple[int, int]:
        """First and last box beside its line."""
        return min(self.source, *self.readers), max(self.source, *self.readers)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerDiagram:
    """A layer: `now` are its arrows within a step, `before` those from the step before."""

    name: str
    boxes: tuple[Box, ...]
    now: tuple[Arrow, ...]
    before: tuple[Arrow, ...]

    @property
    def left(self) -> int:
        """Pixels beside the boxes that arrows within a step need."""
        return _width(self.now)

    @property
    def right(self) -> int:
        """Pixels that arrows from the step before need."""
        return _width(self.before)

    @property
    def svgs(self) -> list[Markup]:
        """Both drawings; nothing where there is no arrow."""
        sides = (("now", self.now), ("before", self.before))
        return [self._drawn(side, arrows) for side, arrows in sides if arrows]

    def _tops(self) -> list[int]:
        tops = [0]
        for box in self.boxes:
            tops.append(tops[-1] + (ENTRY if box.enters else NODE) + GAP)
        return tops

    def _drawn(self, side: str, arrows: Sequence[Arrow]) -> Markup:
        """Return lines in a drawing whose right end touches the boxes, or its left one."""
        tops, width = self._tops(), _width(arrows)
        entering = _entering(arrows)
        lines = []
        for arrow, track in zip(arrows, _tracks(arrows), strict=True):
            x = width - _TRACK * (track + 1) - _HEAD
            source = self.boxes[arrow.source]
            start = tops[arrow.source] + (ENTRY // 2 if source.enters else NODE - 8)
            path = ""
            for reader in arrow.readers:
                numbers = entering[reader]
                step = (NODE - 22) / max(len(numbers) - 1, 1)
                y = tops[reader] + 8 + round(step * numbers.index(arrow.source))
                path += f"M{width},{start}H{x}V{y}H{width - _HEAD}m-4,-3l4,3l-4,3"
            names = ", ".join(self.boxes[reader].signal.name for reader in arrow.readers)
            step_before = BEFORE if side == "before" else ""
            text = f"{source.signal.name}{step_before} {source.signal.format} → {names}"
            lines.append(Markup('<path d="{}"><title>{}</title></path>').format(path, text))
        height = tops[-1] - GAP
        return Markup(
            '<svg class="arrows {}" width="{}" height="{}" aria-hidden="true">{}</svg>'
        ).format(side, width, height, Markup("").join(lines))


def layer_diagrams(report: Report) -> list[LayerDiagram]:
    """Return the layers in order, the input first."""
    rows = {signal.name: row for row, signal in enumerate(report.signals)}
    layers: dict[str, list[SignalReport]] = {}
    for signal in report.signals:
        layers.setdefault(signal.layer or "input", []).append(signal)
    return [_diagram(name, signals, report, rows) for name, signals in layers.items()]


def _diagram(
    name: str, signals: Sequence[SignalReport], report: Report, rows: dict[str, int]
) -> LayerDiagram:
    own = {signal.name for signal in signals}
    read = dict.fromkeys(_source(text) for signal in signals for text in signal.reads)
    entering = [source for source in read if source in rows and source not in own]
    names = [*entering, *(signal.name for signal in signals)]
    boxes = [
        Box(row=rows[each], signal=report.signals[rows[each]], enters=each not in own)
        for each in names
    ]
    return LayerDiagram(
        name=name,
        boxes=tuple(boxes),
        now=_arrows(names, signals, before=False),
        before=_arrows(names, signals, before=True),
    )


def _arrows(
    names: Sequence[str], signals: Sequence[SignalReport], *, before: bool
) -> tuple[Arrow, ...]:
    readers: dict[int, list[int]] = {}
    for signal in signals:
        for text in signal.reads:
            if text.endswith(BEFORE) is before and _source(text) in names:
                source = names.index(_source(text))
                readers.setdefault(source, []).append(names.index(signal.name))
    return tuple(
        Arrow(source=source, readers=tuple(dict.fromkeys(ends)))
        for source, ends in sorted(readers.items())
    )


def _source(text: str) -> str:
    return text.removesuffix(BEFORE)


def _tracks(arrows: Sequence[Arrow]) -> list[int]:
    """Return the distance of each line from the boxes, short ones near; none overlap."""
    taken: list[list[tuple[int, int]]] = []
    tracks = [0] * len(arrows)
    for number in sorted(range(len(arrows)), key=lambda k: arrows[k].span[1] - arrows[k].span[0]):
        low, high = arrows[number].span
        free = (k for k, spans in enumerate(taken) if all(high < a or b < low for a, b in spans))
        track = next(free, len(taken))
        if track == len(taken):
            taken.append([])
        taken[track].append((low, high))
        tracks[number] = track
    return tracks


def _width(arrows: Sequence[Arrow]) -> int:
    return _TRACK * (max(_tracks(arrows)) + 1) + _HEAD + 3 if arrows else 0


def _entering(arrows: Iterable[Arrow]) -> dict[int, list[int]]:
    """Return the sources of each reader, from far to near so that lines cross little."""
    sources: dict[int, list[int]] = {}
    for arrow in arrows:
        for reader in arrow.readers:
            sources.setdefault(reader, []).append(arrow.source)
    return sources
