# SPDX-License-Identifier: Apache-2.0
"""The pictures of a report, as SVG text. Import it only where pictures are drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator, NullFormatter

from lmu_hw.measure.results import ExampleReport, Report, SignalReport
from lmu_hw.report.svg import ACCENT, FAINT, FIXED, FLOAT, GRID, INK, MUTED, draw, panels

__all__ = ["errors_over_time", "memory_states", "outputs", "ranges"]

_COLOURS = {
    "u": "#2a9d8f",
    "m": "#3b5bdb",
    "z": "#adb5bd",
    "h": "#e8590c",
    "p": "#845ef7",
    "y": "#c2255c",
}
_WIDTH = 9.6
_PANELS = 3
_MEMORY_PANELS = 2
_MAX_POINTS = 300
_MAX_STATES = 512


def ranges(report: Report) -> str:
    """Return each signal's format as a box of bits, shaded by how often each bit leads."""
    signals = report.signals
    return draw(
        partial(_paint_ranges, signals=signals),
        name="ranges",
        alternative="Observed magnitudes inside the range of each format",
        width=_WIDTH,
        height=0.9 + 0.27 * len(signals),
    )


def _paint_ranges(figure: Figure, signals: Sequence[SignalReport]) -> None:
    axes = figure.subplots()
    low = min(-_frac_bits(s) for s in signals)
    high = max(s.bits - _frac_bits(s) for s in signals)
    for row, signal in enumerate(signals):
        _bits_row(axes, row, signal)
    axes.set_yticks(range(len(signals)), [f"{s.name}  {s.format}" for s in signals])
    axes.set_ylim(len(signals) - 0.4, -0.6)
    axes.set_xlim(low - 0.6, high + 0.6)
    step = max(1, math.ceil((high - low) / 14))
    ticks = list(range(low, high + 1, step))
    axes.set_xticks(ticks, [f"$2^{{{tick}}}$" for tick in ticks])
    axes.set_xlabel("magnitude")
    axes.axvline(0, color=GRID, linewidth=0.8, zorder=0)


def _frac_bits(signal: SignalReport) -> int:
    return -round(math.log2(signal.ulp)) if signal.ulp else 0


def _bits_row(axes: Axes, row: int, signal: SignalReport) -> None:
    bottom = -_frac_bits(signal)
    counts = np.array(signal.bit_lengths[1:], dtype=float)
    magnitude = max(abs(signal.format_min or 0.0), abs(signal.format_max or 0.0))
    top = math.log2(magnitude + (signal.ulp or 0.0) * ((signal.format_min or 0.0) == 0.0))
    axes.add_patch(
        Rectangle((bottom, row - 0.36), top - bottom, 0.72, facecolor=FAINT, edgecolor=GRID)
    )
    for bit, share in enumerate(np.sqrt(counts / max(counts.max(), 1.0))):
        if share > 0.0:
            cell = Rectangle(
                (bottom + bit, row - 0.36), 1, 0.72, facecolor=ACCENT, alpha=0.08 + 0.92 * share
            )
            axes.add_patch(cell)
    largest = max(abs(signal.observed_min or 0.0), abs(signal.observed_max or 0.0))
    if largest > 0.0:
        at = math.log2(largest)
        axes.plot([at, at], [row - 0.46, row + 0.46], color=INK, linewidth=1.4)


def errors_over_time(report: Report) -> str | None:
    """Return the RMS error of each node by step, one panel for each layer."""
    layers: dict[str, list[SignalReport]] = {}
    for signal in report.signals:
        if signal.layer and len(signal.time_rms_ulp) > 1 and not signal.exact:
            layers.setdefault(signal.layer, []).append(signal)
    if not layers:
        return None
    return draw(
        partial(_paint_errors, layers=layers),
        name="time",
        alternative="RMS error of every node by time step",
        width=_WIDTH,
        height=0.5 + 2.3 * math.ceil(len(layers) / _PANELS),
    )


def _paint_errors(figure: Figure, layers: dict[str, list[SignalReport]]) -> None:
    grid = panels(figure, len(layers), _PANELS, label="RMS error (ulp)")
    for axes, (layer, signals) in zip(grid, layers.items(), strict=True):
        for signal in signals:
            _error_line(axes, signal)
        axes.set_yscale("log")
        axes.set_title(layer)
        axes.set_xlabel("step")
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.grid(axis="y", color=GRID, linewidth=0.5)
    lines = {line.get_label(): line for axes in grid for line in axes.get_lines()}
    figure.legend(handles=list(lines.values()), loc="outside upper right", ncols=len(lines))


def _error_line(axes: Axes, signal: SignalReport) -> None:
    power = np.square([value or 0.0 for value in signal.time_rms_ulp])
    merged = math.ceil(len(power) / _MAX_POINTS)
    starts = np.arange(0, len(power), merged)
    mean = np.add.reduceat(power, starts) / np.diff(np.append(starts, len(power)))
    rms = np.sqrt(mean)
    rms[rms == 0.0] = np.nan
    steps = signal.first_step + starts * signal.time_bin
    colour = _COLOURS.get(signal.symbol, MUTED)
    label = f"{signal.symbol}: {signal.kind.removesuffix(', output')}"
    axes.plot(steps, rms, color=colour, label=label, linewidth=1.1)


def memory_states(report: Report) -> str | None:
    """Return the error and the peak of every memory state."""
    memories = [s for s in report.signals if s.element_rms_ulp]
    if not memories:
        return None
    return draw(
        partial(_paint_memories, memories=memories),
        name="states",
        alternative="Error and peak of every memory state",
        width=_WIDTH,
        height=0.5 + 2.2 * math.ceil(len(memories) / _MEMORY_PANELS),
    )


def _paint_memories(figure: Figure, memories: Sequence[SignalReport]) -> None:
    grid = panels(figure, len(memories), _MEMORY_PANELS, share=False)
    shown: dict[object, Artist] = {}
    for axes, signal in zip(grid, memories, strict=True):
        shown.update(_state_bars(axes, signal))
    figure.legend(handles=list(shown.values()), loc="outside upper right", ncols=3)


def _state_bars(axes: Axes, signal: SignalReport) -> dict[object, Artist]:
    """Draw one memory; return its artists by label, for the legend."""
    shown = slice(0, _MAX_STATES)
    rms = np.array([v or 0.0 for v in signal.element_rms_ulp[shown]])
    worst = np.array([v or 0.0 for v in signal.element_peak_ulp[shown]])
    limit = max(abs(signal.format_min or 0.0), signal.format_max or 0.0) or 1.0
    share = 100 * np.array([v or 0.0 for v in signal.element_peak[shown]]) / limit
    edges = np.arange(len(rms) + 1) - 0.5
    axes.stairs(rms, edges, fill=True, color=_COLOURS["m"], alpha=0.85, label="RMS error")
    dots = {"linestyle": "none", "marker": ".", "markersize": 4, "color": _COLOURS["h"]}
    axes.plot(np.arange(len(rms)), worst, label="largest error", **dots)
    axes.set_ylim(0, max(float(worst.max()) * 1.2, 1e-12))
    axes.set_xlim(-0.5, len(rms) - 0.5)
    axes.set_title(signal.name)
    axes.set_xlabel("state")
    axes.set_ylabel("error (ulp)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    beside = axes.twinx()
    beside.stairs(share, edges, baseline=None, color=MUTED, label="peak, % of the format")
    beside.set_ylim(0, 105)
    beside.set_ylabel("peak (%)", color=MUTED)
    artists = [*axes.get_legend_handles_labels()[0], *beside.get_legend_handles_labels()[0]]
    return {artist.get_label(): artist for artist in artists}


def outputs(report: Report) -> str:
    """Return float outputs beside fixed ones, and their difference."""
    return draw(
        partial(_paint_outputs, example=report.example),
        name="outputs",
        alternative="Outputs in float and in fixed point",
        width=_WIDTH,
        height=3.5,
    )


def _paint_outputs(figure: Figure, example: ExampleReport) -> None:
    if example.by_step:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2.2, 1])
        _overlay(above, below, example)
    else:
        left, right = figure.subplots(1, 2)
        _scatter(left, right, example)


def _values(lines: Sequence[Sequence[float | None]]) -> np.ndarray:
    return np.array([[np.nan if v is None else v for v in line] for line in lines])


def _overlay(above: Axes, below: Axes, example: ExampleReport) -> None:
    floats, fixed = _values(example.float_values), _values(example.fixed_values)
    for line, (reference, answer) in enumerate(zip(floats, fixed, strict=True)):
        label = line == 0
        above.plot(reference, color=FLOAT, linewidth=3.2, label="float" if label else None)
        above.plot(answer, color=FIXED, linewidth=1.1, label="fixed" if label else None)
        below.plot((answer - reference) / (example.ulp or 1.0), color=FIXED, linewidth=0.9)
    above.legend(loc="upper right", ncols=2)
    above.set_ylabel("output")
    below.axhline(0, color=GRID, linewidth=0.8, zorder=0)
    below.set_ylabel("error (ulp)")
    below.set_xlabel("step of the first sequence")
    below.set_xlim(0, max(floats.shape[1] - 1, 1))


def _scatter(left: Axes, right: Axes, example: ExampleReport) -> None:
    floats, fixed = _values(example.float_values)[0], _values(example.fixed_values)[0]
    dots = {"linestyle": "none", "marker": "o", "markersize": 2.6, "markeredgewidth": 0}
    ends = [float(np.nanmin(floats)), float(np.nanmax(floats))]
    left.plot(ends, ends, color=FLOAT, linewidth=2.4)
    left.plot(floats, fixed, color=FIXED, alpha=0.55, **dots)
    left.set_xlabel("output in float")
    left.set_ylabel("output in fixed point")
    right.axhline(0, color=FLOAT, linewidth=2.4, zorder=0)
    right.plot(floats, (fixed - floats) / (example.ulp or 1.0), color=FIXED, alpha=0.55, **dots)
    right.set_xlabel("output in float")
    right.set_ylabel("fixed − float (ulp)")
