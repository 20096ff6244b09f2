# SPDX-License-Identifier: Apache-2.0
"""The picture of what is certified, predicted and measured of memories, as SVG text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from lmu_hw.measure.certified import MemoryReport
from lmu_hw.measure.results import Report
from lmu_hw.report.svg import FAINT, FIXED, FLOAT, GRID, INK, draw, panels

__all__ = ["rounding_noise"]

_WIDTH = 9.6
_PANELS = 2
_MAX_STATES = 512


def rounding_noise(report: Report) -> str | None:
    """Return the certified, predicted and measured rounding noise of every memory state."""
    signals = {signal.name: signal for signal in report.signals}
    memories = [(memory, signals[memory.name].ulp or 1.0) for memory in report.memories]
    if not memories:
        return None
    return draw(
        partial(_paint, memories=memories),
        name="rounding",
        alternative="Certified, predicted and measured rounding noise of every memory state",
        width=_WIDTH,
        height=0.6 + 2.6 * math.ceil(len(memories) / _PANELS),
    )


def _paint(figure: Figure, memories: Sequence[tuple[MemoryReport, float]]) -> None:
    grid = panels(figure, len(memories), _PANELS, label="rounding noise (ulp)")
    shown: dict[object, Artist] = {}
    for axes, (memory, ulp) in zip(grid, memories, strict=True):
        shown.update(_panel(axes, memory, ulp))
    figure.legend(handles=list(shown.values()), loc="outside upper right", ncols=len(shown))


def _panel(axes: Axes, memory: MemoryReport, ulp: float) -> dict[object, Artist]:
    """Draw one memory; return its artists by label, for the legend."""
    noise, proof = memory.noise, memory.proof
    states = np.arange(min(len(noise.rms_ulp), _MAX_STATES))
    edges = np.arange(len(states) + 1) - 0.5
    visible = _positive(noise.rms_ulp)[: len(states)]
    floor = np.nanmin(visible, initial=np.inf) / 2
    white = np.array(noise.white)[: len(states)]
    if proof is not None:
        own = [value / ulp for value in proof.rounding] * memory.segments
        bound = _positive(own)[: len(states)]
        axes.stairs(bound, edges, baseline=None, color=INK, linewidth=1.4, label="certified")
    axes.plot(
        states,
        _positive(noise.max_ulp)[: len(states)],
        linestyle="none",
        marker="v",
        markersize=3.4,
        markeredgewidth=0,
        color=FIXED,
        label="measured, largest",
    )
    base = floor if np.isfinite(floor) else 1e-3
    axes.bar(states, visible, 0.86, color=FLOAT, label="measured, RMS", zorder=0)
    if noise.predicted_ulp:
        guess = _positive(noise.predicted_ulp)[: len(states)]
        axes.stairs(guess, edges, baseline=None, color="#3b5bdb", label="predicted, RMS")
    if not white.all():
        axes.bar(
            states[~white], visible[~white], 0.86, color=FAINT, edgecolor=GRID, label="not white"
        )
    axes.set_yscale("log")
    axes.set_ylim(bottom=base)
    axes.set_xlim(-0.5, len(states) - 0.5)
    axes.set_title(memory.name)
    axes.set_xlabel("state")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _ticks(axes)
    axes.grid(axis="y", color=GRID, linewidth=0.5)
    axes.set_axisbelow(True)
    return {artist.get_label(): artist for artist in axes.get_legend_handles_labels()[0]}


def _ticks(axes: Axes) -> None:
    """Label more than the powers of ten where there are few of them."""
    low, high = axes.get_ylim()
    subs = (1.0, 2.0, 5.0) if high < 100 * low else (1.0,)
    axes.yaxis.set_major_locator(LogLocator(subs=subs))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _positive(values: Sequence[float]) -> np.ndarray:
    """Return values for a logarithmic axis, which has no zero."""
    array = np.array(values, dtype=float)
    array[array <= 0.0] = np.nan
    return array
