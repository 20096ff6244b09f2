# SPDX-License-Identifier: Apache-2.0
"""What a report says in words, the same on the page and on the terminal."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hw.measure.results import GIVEN, Report, SignalReport, TaskReport
from lmu_hw.measure.words import (
    MINUS,
    Level,
    count,
    decibels,
    interval,
    listed,
    metric_name,
    number,
    score,
    times,
)
from lmu_hw.report.proof_sentences import proved

__all__ = ["Verdict", "subject_of", "task_sentence", "verdict"]

_LOW_SQNR_DB = 30.0
_ACCURACY_LOSS = 0.005
_FEW_ANSWERS = 1
"""So many may be lost without saying anything about the others."""
_LOW_AGREEMENT = 0.95
_MORE_RIGHT_THAN_WRONG = 0.5
"""Of the answers, or of the power of the targets."""
_NRMSE_GROWTH = 1.05
_NRMSE_LOSS = 0.001
"""Of the target's RMS: a growth that is larger counts from 5 % on, a smaller one from 10 % on."""
_NRMSE_GROWTH_OF_LITTLE = 1.10
_MANY_OVERFLOWS = 0.01
"""Share of a signal's codes; what the outputs are off by counts the effect of fewer."""


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


def subject_of(report: Report) -> str:
    """Return what a design is, in words that tell it from others of its network."""
    if report.hardware is None:
        return report.design
    lanes = report.hardware.lanes
    return f"{report.design}, {count(lanes)} multiplier{'' if lanes == 1 else 's'}"


def verdict(report: Report) -> Verdict:
    """Return what a report says in words."""
    task = task_sentence(report.task)
    longer = ((Level.GOOD, f"{text[0].upper()}{text[1:]}.") for text in report.longer)
    parts = [task, *_weak(report), *_range(report), *longer, *proved(report)]
    parts += [_verification(report), *_hardware_proof(report)]
    level = max((level for level, _ in parts), key=list(Level).index)
    headline = _headline(report, level, differs=task[0] is not Level.GOOD)
    return Verdict(
        level=level,
        headline=headline,
        reasons=tuple(text for rank, text in parts if rank is not Level.GOOD),
        sentences=tuple(text for rank, text in parts if rank is Level.GOOD),
    )


def _headline(report: Report, level: Level, *, differs: bool) -> str:
    """Return what was seen and on what, never more than that."""
    data = "this data" if report.data.source == GIVEN else "the calibration data"
    if level is Level.BAD:
        return "Do not use this design."
    if differs:
        return f"Fixed point differs from float on {data}."
    if _weak(report):
        return f"Fixed point follows a float network that is itself of little use on {data}."
    if level is Level.ATTENTION:
        return f"Fixed point follows float on {data}, with reservations."
    return f"Fixed point follows float on {data}: {_closeness(report.task)}."


def _closeness(task: TaskReport) -> str:
    """Return the one number that says how well, or two."""
    if task.metric is not None and task.fixed_score is not None:
        name, fixed = metric_name(task.metric), score(task.metric, task.fixed_score)
        name = name if name.isupper() else name.lower()
        return f"{name} {fixed}, in float {score(task.metric, task.float_score)}"
    return "exactly equal" if task.exact else f"SQNR {decibels(task.sqnr_db)}"


def _weak(report: Report) -> list[tuple[Level, str]]:
    """Return that the float network itself is more wrong than right, or knows no more than a guess.

    Fixed point cannot be better than that, and following it says little.
    """
    task, floats = report.task, report.task.float_score
    guess = None if report.classes is None else report.classes.largest_share
    if floats is None:
        return []
    if task.metric == "accuracy" and floats < _MORE_RIGHT_THAN_WRONG:
        right = score("accuracy", floats)
        text = f"The float network itself is right in only {right} of the answers"
    elif task.metric == "accuracy" and guess is not None and floats <= guess:
        text = (
            f"The float network itself is right in {score('accuracy', floats)} of the answers, and "
            f"always the most frequent class would be in {score('accuracy', guess)}"
        )
    elif task.metric == "nrmse" and floats**2 > 1 - _MORE_RIGHT_THAN_WRONG:
        left = score("nrmse", floats)
        text = f"The float network itself is off by {left} times the RMS of the targets"
    else:
        return []
    return [(Level.ATTENTION, f"{text}: are data and labels those that it was trained for?")]


def _verification(report: Report) -> tuple[Level, str]:
    runs = report.simulations
    if not runs:
        return Level.GOOD, "The Verilog has not been simulated yet: run lmu-hw simulate."
    for run in runs:
        if run.mismatches:
            where = f", first: {run.first_mismatch}" if run.first_mismatch else ""
            return Level.BAD, (
                f"{run.name} differs from the golden model in {count(run.mismatches)} of "
                f"{count(run.words_compared)} words{where}."
            )
        if run.failure:
            return Level.BAD, f"{run.name} failed: {run.failure}."
        if run.words_compared == 0:
            return Level.BAD, f"{run.name} compared no word, which proves nothing."
    names = " and ".join(dict.fromkeys(run.name for run in runs))
    words = count(sum(run.words_compared for run in runs))
    compared = f"{names} compared {words} words with the golden model: no mismatch"
    if changed := sorted({name for run in runs for name in run.changed_files}):
        return Level.ATTENTION, (
            f"{compared}; but what ran is not what was generated: {', '.join(changed)} was changed."
        )
    return Level.GOOD, f"{compared}."


def _hardware_proof(report: Report) -> list[tuple[Level, str]]:
    """Return what is shown of the Verilog; nothing if that was not tried."""
    proof = report.hardware_proof
    if proof is None:
        return []
    if proof.rtl != report.rtl:
        return [
            (
                Level.ATTENTION,
                "What lmu-hw prove found is of other Verilog than what is in the folder now: "
                "run it again.",
            )
        ]
    if proof.refuted:
        text = proof.refuted[0].counterexample or proof.refuted[0].claim
        return [(Level.BAD, f"lmu-hw prove refutes the Verilog: {text}.")]
    text = f"Of {count(proof.claims)} claims about the Verilog, {count(proof.shown)} are shown"
    if not proof.missing:
        text = f"lmu-hw prove shows that {proof.sentence}"
    if proof.changed_files:
        changed = ", ".join(proof.changed_files)
        text += f"; but what was read is not what was generated: {changed} was changed"
    return [(Level.ATTENTION if proof.changed_files else Level.GOOD, f"{text}.")]


def _uncounted(task: TaskReport) -> str:
    if not task.uncounted:
        return ""
    return f", without the {count(task.uncounted)} whose label says that they do not count"


def task_sentence(task: TaskReport) -> tuple[Level, str]:
    """Return how well the outputs follow float, and at what level that is.

    It is not good if more than 0.5 % and more than one of all answers are lost, or less than 95 %
    are the same class; without classes, if the SQNR is below 30 dB or the task's NRMSE grows by
    more than 10 %, or by more than 5 % and by more than 0.001.
    """
    floats, fixed = task.float_score, task.fixed_score
    level = Level.GOOD
    if task.metric == "accuracy" and floats is not None and fixed is not None:
        agreeing = round((task.agreement or 0.0) * task.answers)
        lost = round((floats - fixed) * task.answers)
        if lost > max(_ACCURACY_LOSS * task.answers, _FEW_ANSWERS) or (
            agreeing < _LOW_AGREEMENT * task.answers
        ):
            level = Level.ATTENTION
        return level, (
            f"Accuracy is {score('accuracy', fixed)} in fixed point and "
            f"{score('accuracy', floats)} in float; the class is the same for "
            f"{count(agreeing)} of {count(task.answers)} answers{_uncounted(task)}.{_between(task)}"
        )
    to_float = "The outputs are exactly those of float."
    if not task.exact and task.sqnr_db is None:
        level = Level.ATTENTION
        to_float = (
            f"The outputs of float are all zero, those of fixed point are up to "
            f"{number(task.max_error)}."
            if task.max_error is not None
            else "The outputs of float are too large, or no numbers, to be compared with."
        )
    elif not task.exact:
        if (task.sqnr_db or 0.0) < _LOW_SQNR_DB:
            level = Level.ATTENTION
        to_float = (
            f"The outputs follow float with an SQNR of {decibels(task.sqnr_db)} "
            f"(NRMSE {score('nrmse', task.nrmse_to_float)})."
        )
    if task.metric == "nrmse" and floats is not None and fixed is not None:
        little = fixed <= floats + _NRMSE_LOSS
        if fixed > floats * (_NRMSE_GROWTH_OF_LITTLE if little else _NRMSE_GROWTH):
            level = Level.ATTENTION
        change = f"{100 * (fixed / floats - 1):+.0f} %" if floats > 0.0 else ""
        growth = f", {change}" if change.strip("+-0 %") else ""
        return level, (
            f"NRMSE is {score('nrmse', fixed)} in fixed point and "
            f"{score('nrmse', floats)} in float{growth.replace('-', MINUS)}. {to_float}"
            f"{_between(task)}"
        )
    if task.metric == "nrmse":
        to_float += " There is no NRMSE to these targets."
    if task.agreement is not None:
        agreeing = round(task.agreement * task.answers)
        to_float += (
            f" The largest output is the same one for {count(agreeing)} of "
            f"{count(task.answers)} answers."
        )
    return level, to_float


def _between(task: TaskReport) -> str:
    """Return the interval of the fixed score as a sentence; nothing where there is none."""
    if task.fixed_interval is None:
        return ""
    return f" Fixed point's 95 % interval is {interval(task.metric, task.fixed_interval)}."


def _range(report: Report) -> list[tuple[Level, str]]:
    """Return which signals left their formats: many, few, and without loss."""
    lossy = [s for s in report.signals if s.saturations and not s.lossless_clamp]
    many = [s for s in lossy if s.overflow == "wrap" or _share(s) > _MANY_OVERFLOWS]
    few = [s for s in lossy if s not in many]
    clamped = [s.name for s in report.signals if s.saturations and s.lossless_clamp]
    parts = []
    if many:
        text = f"Signals left their format: {', '.join(map(_overflow, many))}."
        parts.append((Level.ATTENTION, text))
    if few:
        text = ", ".join(map(_overflow, few))
        parts.append((Level.GOOD, f"Signals left their format, rarely: {text}."))
    if not lossy:
        parts.append((Level.GOOD, "No signal left its format with loss."))
    if clamped:
        text = f"Clamped where the activation is constant, without loss: {listed(clamped)}."
        parts.append((Level.GOOD, text))
    return parts


def _share(signal: SignalReport) -> float:
    return signal.saturation_rate or 0.0


def _overflow(signal: SignalReport) -> str:
    rate = 100 * (signal.saturation_rate or 0.0)
    behaviour = "wrapped" if signal.overflow == "wrap" else "saturated"
    return f"{signal.name} {behaviour} {times(signal.saturations)} ({rate:.3g} %)"
