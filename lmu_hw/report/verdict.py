# SPDX-License-Identifier: Apache-2.0
"""What a report says in words, the same on the page and on the terminal."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hw.report.document import Report, SignalReport
from lmu_hw.report.proof_words import proved
from lmu_hw.report.words import MINUS, Level, count, decibels, score

__all__ = ["Verdict", "verdict"]

_LOW_SQNR_DB = 30.0
_ACCURACY_LOSS = 0.005
_NRMSE_GROWTH = 1.05


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


def verdict(report: Report) -> Verdict:
    """Return what a report says in words."""
    parts = [_task(report), _range(report), *proved(report), _verification(report)]
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
