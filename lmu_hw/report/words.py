# SPDX-License-Identifier: Apache-2.0
"""Numbers and verdicts in words, the same on the page and on the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from lmu_hw.report.document import Report, SignalReport

__all__ = [
    "NONE",
    "Level",
    "Verdict",
    "count",
    "decibels",
    "decimal",
    "metric_name",
    "number",
    "score",
    "sqnr",
    "verdict",
]

NONE = "–"
MINUS = "\N{MINUS SIGN}"

_LOW_SQNR_DB = 30.0
_ACCURACY_LOSS = 0.005
_NRMSE_GROWTH = 1.05


class Level(Enum):
    """How a report reads at a glance."""

    GOOD = "good"
    ATTENTION = "attention"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A report in words.

    Attributes
    ----------
    level : Level
    headline : str
    reasons : tuple of str
        What makes it not good; empty if it is.
    sentences : tuple of str
        The rest of what a reader wants to know first.
    """

    level: Level
    headline: str
    reasons: tuple[str, ...]
    sentences: tuple[str, ...]


def count(value: int | None) -> str:
    """Return an integer with thin spaces between thousands."""
    return NONE if value is None else f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def number(value: float | None) -> str:
    """Return a number with at least three significant digits."""
    if value is None:
        return NONE
    if value == 0.0:
        return "0"
    if abs(value) >= 1e6 or abs(value) < 1e-4:
        text = f"{value:.2e}"
    else:
        text = f"{value:.0f}" if abs(value) >= 100 else f"{value:#.3g}"
    return text.replace("-", MINUS)


def decimal(value: float | None, decimals: int = 2) -> str:
    """Return a number with that many decimals, without a negative zero."""
    if value is None:
        return NONE
    text = f"{value:.{decimals}f}"
    return (text if float(text) else f"{0.0:.{decimals}f}").replace("-", MINUS)


def decibels(value: float | None) -> str:
    """Return a number of dB with one decimal."""
    return NONE if value is None else f"{value:.1f} dB"


def sqnr(value: float | None, *, exact: bool) -> str:
    """Return an SQNR; a signal without error is exact."""
    return "exact" if exact else decibels(value)


def score(metric: str | None, value: float | None) -> str:
    """Return a task metric: accuracy in percent, NRMSE with three digits."""
    if value is None:
        return NONE
    if metric == "accuracy":
        return f"{100 * value:.2f} %"
    return f"{value:#.3g}".rstrip(".")


def metric_name(metric: str | None) -> str:
    """Return the name of a task metric."""
    return {"accuracy": "Accuracy", "nrmse": "NRMSE"}.get(metric or "", "Task metric")


def verdict(report: Report) -> Verdict:
    """Return what a report says in words."""
    parts = [_task(report), _range(report), _verification(report)]
    level = max((level for level, _ in parts), key=list(Level).index)
    headline = {
        Level.GOOD: "Fixed point does what float does.",
        Level.ATTENTION: "Fixed point differs from float.",
        Level.BAD: "Do not use this design.",
    }[level]
    return Verdict(
        level=level,
        headline=headline,
        reasons=tuple(text for rank, text in parts if rank is not Level.GOOD),
        sentences=tuple(text for rank, text in parts if rank is Level.GOOD),
    )


def _verification(report: Report) -> tuple[Level, str]:
    runs = report.simulations
    if not runs:
        return Level.GOOD, "The Verilog has not been simulated yet: run lmu-hw simulate."
    for run in runs:
        if run.mismatches:
            where = f", first: {run.first_mismatch}" if run.first_mismatch else ""
            return Level.BAD, (
                f"{run.simulator} differs from the golden model in {count(run.mismatches)} of "
                f"{count(run.words_compared)} words{where}."
            )
        if run.words_compared == 0:
            return Level.BAD, f"{run.simulator} compared no word, which proves nothing."
    names = " and ".join(dict.fromkeys(run.simulator for run in runs))
    words = count(sum(run.words_compared for run in runs))
    return Level.GOOD, f"{names} compared {words} words with the golden model: no mismatch."


def _task(report: Report) -> tuple[Level, str]:
    task = report.task
    floats, fixed = task.float_score, task.fixed_score
    level = Level.GOOD
    if task.metric == "accuracy" and floats is not None and fixed is not None:
        agreeing = round((task.agreement or 0.0) * task.answers)
        if fixed < floats - _ACCURACY_LOSS:
            level = Level.ATTENTION
        return level, (
            f"Accuracy is {score('accuracy', fixed)} in fixed point and "
            f"{score('accuracy', floats)} in float; the class is the same for "
            f"{count(agreeing)} of {count(task.answers)} answers."
        )
    to_float = "The outputs are exactly those of float."
    if not task.exact:
        if task.sqnr_db is None or task.sqnr_db < _LOW_SQNR_DB:
            level = Level.ATTENTION
        to_float = (
            f"The outputs follow float with an SQNR of {decibels(task.sqnr_db)} "
            f"(NRMSE {score('nrmse', task.nrmse_to_float)})."
        )
    if task.metric == "nrmse" and floats is not None and fixed is not None:
        if fixed > floats * _NRMSE_GROWTH:
            level = Level.ATTENTION
        growth = f", {100 * (fixed / floats - 1):+.0f} %" if floats > 0.0 else ""
        return level, (
            f"NRMSE is {score('nrmse', fixed)} in fixed point and {score('nrmse', floats)} in "
            f"float{growth.replace('-', MINUS)}. {to_float}"
        )
    if task.agreement is not None:
        agreeing = round(task.agreement * task.answers)
        to_float += (
            f" The largest output is the same one for {count(agreeing)} of "
            f"{count(task.answers)} answers."
        )
    return level, to_float


def _range(report: Report) -> tuple[Level, str]:
    lossy = [s for s in report.signals if s.saturations and not s.lossless_clamp]
    if not lossy:
        clamped = [s.name for s in report.signals if s.saturations]
        beside = f"; {', '.join(clamped)} clamped where it loses nothing" if clamped else ""
        return Level.GOOD, f"No signal left its format{beside}."
    return Level.ATTENTION, f"Signals left their format: {', '.join(map(_overflow, lossy))}."


def _overflow(signal: SignalReport) -> str:
    rate = 100 * (signal.saturation_rate or 0.0)
    done = "wrapped" if signal.overflow == "wrap" else "saturated"
    return f"{signal.name} {done} {count(signal.saturations)} times ({rate:.2g} %)"
