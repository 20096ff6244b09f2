# SPDX-License-Identifier: Apache-2.0
"""The pictures of a report."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lmu_hw.lmu import Role
from lmu_hw.measure.results import ExampleReport, Report, SignalReport
from lmu_hw.report.chart import Axis, Chart, Colour, Mark, Shape, span
from lmu_hw.report.class_pictures import margins

__all__ = ["errors_over_time", "memory_states", "outputs"]

_LOOKS = {
    Role.ENCODED: (Shape.LINE, Colour.GREEN),
    Role.MEMORY: (Shape.LINE, Colour.BLUE),
    Role.UPDATE_GATE: (Shape.LINE, Colour.MUTED),  # and the sum of a simple cell
    Role.HIDDEN: (Shape.LINE, Colour.ORANGE),
    Role.PASSED_INPUT: (Shape.LINE, Colour.VIOLET),
    Role.DENSE: (Shape.LINE, Colour.RED),
    Role.CELL_STATE: (Shape.LINE, Colour.OCHRE),
    Role.RECURRENT_PART: (Shape.LINE, Colour.INK),
    Role.INPUT_GATE: (Shape.DASHES, Colour.GREEN),
    Role.FORGET_GATE: (Shape.DASHES, Colour.BLUE),
    Role.CELL_CANDIDATE: (Shape.DASHES, Colour.ORANGE),
    Role.OUTPUT_GATE: (Shape.DASHES, Colour.VIOLET),
    Role.ACTIVATED_STATE: (Shape.DASHES, Colour.OCHRE),
    Role.RESET_GATE: (Shape.DASHES, Colour.RED),
    Role.RESET_HIDDEN: (Shape.DASHES, Colour.INK),
    Role.DRIVEN_PART: (Shape.DASHES, Colour.MUTED),
    Role.CANDIDATE: (Shape.DASHES, Colour.FLOAT),
}
"""Of lines that stand in one picture; dotted is what enters the activation of one."""
_MAX_POINTS = 300
_MAX_STATES = 512


def errors_over_time(report: Report) -> list[Chart]:
    """Return the RMS error of each node by step, one chart for each layer."""
    layers: dict[str, list[SignalReport]] = {}
    for signal in report.signals:
        if signal.layer and len(signal.time_rms_ulp) > 1 and not signal.exact:
            layers.setdefault(signal.layer, []).append(signal)
    return [_errors(layer, signals) for layer, signals in layers.items()]


def _errors(layer: str, signals: Sequence[SignalReport]) -> Chart:
    marks = [_error_line(signal) for signal in signals]
    low, high = span(*(mark.ys for mark in marks), log=True)
    steps = [x for mark in marks for x in mark.xs]
    return Chart(
        title=layer,
        alternative=f"RMS error of every node of {layer} by time step",
        x=Axis(label="step", low=0, high=max(*steps, 1)),
        y=Axis(label="RMS error (ulp)", low=low, high=high, log=True),
        marks=marks,
    )


def _error_line(signal: SignalReport) -> Mark:
    power = np.square([value or 0.0 for value in signal.time_rms_ulp])
    merged = math.ceil(len(power) / _MAX_POINTS)
    starts = np.arange(0, len(power), merged)
    mean = np.add.reduceat(power, starts) / np.diff(np.append(starts, len(power)))
    symbol = signal.symbol.removesuffix("_pre")
    shape, colour = _LOOKS[Role(symbol)]
    return Mark(
        shape=shape if symbol == signal.symbol else Shape.DOTTED,
        name=f"{signal.symbol}: {signal.kind.removesuffix(', output')}",
        colour=colour,
        xs=(signal.first_step + starts * signal.time_bin).tolist(),
        ys=[value or None for value in np.sqrt(mean).tolist()],
    )


def memory_states(report: Report) -> list[Chart]:
    """Return the error and the peak of every memory state, two charts for each memory."""
    memories = [signal for signal in report.signals if signal.element_peak]
    return [chart for signal in memories for chart in _states(signal)]


def _states(signal: SignalReport) -> list[Chart]:
    shown = slice(0, _MAX_STATES)
    limit = max(abs(signal.format_min or 0.0), signal.format_max or 0.0) or 1.0
    peaks = [100 * (value or 0.0) / limit for value in signal.element_peak[shown]]
    states = list(range(len(peaks)))
    x = Axis(label="state", low=-0.7, high=len(states) - 0.3)
    used = _bars("peak, % of the format", Colour.MUTED, peaks)
    charts = [
        Chart(
            title=signal.name,
            alternative=f"Peak of every state of {signal.name}",
            x=x,
            y=Axis(label="peak (% of the format)", low=0, high=105),
            marks=(used,),
        )
    ]
    if not signal.element_rms_ulp:
        return charts
    errors, worst = signal.element_rms_ulp[shown], signal.element_peak_ulp[shown]
    largest = Mark(
        shape=Shape.DOTS,
        name="largest error",
        colour=Colour.ORANGE,
        xs=states,
        ys=worst,
        width=5,
    )
    marks = (_bars("RMS error", Colour.BLUE, errors), largest)
    top = max(value or 0.0 for value in worst) * 1.15 or 1.0
    y = Axis(label="error (ulp)", low=0, high=top)
    alternative = f"Error of every state of {signal.name}"
    return [Chart(title=signal.name, alternative=alternative, x=x, y=y, marks=marks), *charts]


def _bars(name: str, colour: Colour, ys: Sequence[float | None]) -> Mark:
    """Return a bar for each state."""
    states = range(len(ys))
    return Mark(shape=Shape.BARS, name=name, colour=colour, xs=states, ys=ys, width=0.8)


def outputs(report: Report) -> list[Chart]:
    """Return float outputs beside fixed ones, or their margins, and the difference."""
    example = report.example
    if example.by_step:
        return _by_step(example)
    return _one_by_one(example) if report.classes is None else margins(report.classes)


def _by_step(example: ExampleReport) -> list[Chart]:
    floats, fixed = example.float_values, example.fixed_values
    steps = range(len(floats[0]))
    x = Axis(label="step of the first sequence", low=0, high=max(len(floats[0]) - 1, 1))
    low, high = span(*floats, *fixed)
    errors = [_differences(*pair, example.ulp) for pair in zip(floats, fixed, strict=True)]
    marks = []
    for name, colour, lines, width in (
        ("float", Colour.FLOAT, floats, 3.6),
        ("fixed", Colour.FIXED, fixed, 1.2),
    ):
        marks += [
            Mark(shape=Shape.LINE, name=name, colour=colour, xs=steps, ys=line, width=width)
            for line in lines
        ]
    differences = [
        Mark(shape=Shape.LINE, name="fixed − float", colour=Colour.FIXED, xs=steps, ys=line)
        for line in errors
    ]
    least, most = span(*errors, (0.0,))
    return [
        Chart(
            title="",
            alternative="Outputs in float and in fixed point by step",
            x=x,
            y=Axis(label="output", low=low, high=high),
            marks=marks,
        ),
        Chart(
            title="",
            alternative="Difference of the outputs by step",
            x=x,
            y=Axis(label="fixed − float (ulp)", low=least, high=most),
            marks=differences,
        ),
    ]


def _one_by_one(example: ExampleReport) -> list[Chart]:
    floats, fixed = _compared(example)
    errors = _differences(floats, fixed, example.ulp)
    low, high = span(floats)
    least, most = span(errors, (0.0,))
    x = Axis(label="output in float", low=low, high=high)
    dots = Mark(
        shape=Shape.DOTS, name="fixed − float", colour=Colour.FIXED, xs=floats, ys=errors, width=3.6
    )
    line = Mark(
        shape=Shape.LINE, name="float", colour=Colour.FLOAT, xs=(low, high), ys=(0.0, 0.0), width=2
    )
    y = Axis(label="fixed − float (ulp)", low=least, high=most)
    alternative = "Difference of the outputs by their value in float"
    return [Chart(title="", alternative=alternative, x=x, y=y, marks=(line, dots))]


def _compared(example: ExampleReport) -> tuple[list[float], list[float]]:
    """Return the answers that are numbers in both."""
    pairs = zip(example.float_values[0], example.fixed_values[0], strict=True)
    numbers = [(a, b) for a, b in pairs if a is not None and b is not None]
    return [a for a, _ in numbers], [b for _, b in numbers]


def _differences(
    floats: Sequence[float | None], fixed: Sequence[float | None], ulp: float | None
) -> list[float | None]:
    return [
        None if a is None or b is None else (b - a) / (ulp or 1.0)
        for a, b in zip(floats, fixed, strict=True)
    ]
