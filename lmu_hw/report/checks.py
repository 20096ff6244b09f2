# SPDX-License-Identifier: Apache-2.0
"""Whether what was measured keeps within what is proved; if it does not, the proof is wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lmu_hw.measure.certified import MemoryReport
from lmu_hw.measure.results import Report, SignalReport
from lmu_hw.measure.words import count, listed, number
from lmu_hw.proofs import ErrorBound

__all__ = ["Check", "bound_of", "check", "left_before"]

_SLACK = 1.0 + 1e-8  # numbers of a report have nine digits; certificates leave far more


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Measured numbers against proved ones.

    Attributes
    ----------
    ranges, errors : int
        Largest magnitudes and largest errors that were compared with their bounds.
    wrong : tuple of str
        Bounds that were exceeded.
    set_aside : tuple of str
        Certificates that say nothing about this data, and why.
    """

    ranges: int
    errors: int
    wrong: tuple[str, ...]
    set_aside: tuple[str, ...]


def check(report: Report) -> Check:
    """Compare every measured number of a report with what is proved about it.

    Error bounds against float hold while nothing leaves its format with a loss, those of what is
    read of a memory while none of its states does. Where one did, the bound is set aside; ranges
    hold whatever happens.
    """
    memories = {memory.name: memory for memory in report.memories}
    findings = _Findings()
    overflowed: list[str] = []  # of what came before: what makes error bounds void
    for signal in report.signals:
        _range(signal, findings)
        if signal.name in memories:
            _memory(report, signal, memories[signal.name], findings)
        if signal.certified is not None:
            _against_float(report, signal, signal.certified, overflowed, findings)
        if _voids(signal):
            overflowed.append(signal.name)
    return Check(
        ranges=findings.ranges,
        errors=findings.errors,
        wrong=tuple(findings.wrong),
        set_aside=(*findings.void_sentences(), *findings.set_aside),
    )


def left_before(report: Report, name: str) -> list[str]:
    """Return what left its format before a signal, so that error bounds are void for it."""
    names = [signal.name for signal in report.signals]
    return [signal.name for signal in report.signals[: names.index(name)] if _voids(signal)]


def _voids(signal: SignalReport) -> bool:
    """Say whether a signal left its format where error bounds assume that it does not."""
    return bool(signal.saturations) and not signal.lossless_clamp


def bound_of(report: Report, error: ErrorBound) -> tuple[float, ...]:
    """Return what an error bound is for the data of a report."""
    return error.within if report.within(report.data.steps) else error.total


class _Findings:
    def __init__(self) -> None:
        self.ranges = self.errors = 0
        self.wrong: list[str] = []
        self.set_aside: list[str] = []
        self.void: dict[tuple[str, ...], list[str]] = {}

    def compare(
        self,
        what: str,
        measured: Sequence[float | None],
        bounds: Sequence[float],
        unit: str = " ulp",
    ) -> None:
        """Compare errors with their bounds, element by element; name the worst."""
        self.errors += len(bounds)
        values = [math.inf if value is None else value for value in measured]  # not finite
        excess = [value - bound * _SLACK for value, bound in zip(values, bounds, strict=True)]
        worst = max(range(len(excess)), key=excess.__getitem__)
        if excess[worst] > 0.0:
            self.wrong.append(
                f"the {what} reached {number(measured[worst])}{unit}, certified is "
                f"{number(bounds[worst])}{unit}"
            )

    def void_sentences(self) -> list[str]:
        """Return which error bounds do not apply, and what had left its format."""
        return [
            f"{listed(overflowed)} left the format in this data, to which the error "
            f"{'bound' if len(names) == 1 else 'bounds'} of {listed(names)} therefore "
            f"{'does' if len(names) == 1 else 'do'} not apply."
            for overflowed, names in self.void.items()
        ]


def _range(signal: SignalReport, findings: _Findings) -> None:
    if signal.range is None:
        return
    findings.ranges += 1
    peak = max(abs(signal.observed_min or 0.0), abs(signal.observed_max or 0.0))
    if peak > signal.range.bound * _SLACK:
        findings.wrong.append(
            f"{signal.name} reached {number(peak)}, its bound is {number(signal.range.bound)}"
        )
    elif signal.range.proved and signal.saturations:
        findings.wrong.append(
            f"{signal.name} left its format {count(signal.saturations)} "
            f"{'time' if signal.saturations == 1 else 'times'}, though this is proved impossible"
        )


def _memory(
    report: Report, signal: SignalReport, memory: MemoryReport, findings: _Findings
) -> None:
    """Compare the rounding of a memory, and what is read of it, with what is proved."""
    if memory.proof is None:
        return
    if signal.saturations:
        findings.set_aside.append(f"{signal.name} left its format, where its error has no bound.")
        return
    ulp = signal.ulp or 1.0
    rounding = [value / ulp for value in memory.proof.rounding] * memory.segments
    findings.compare(f"rounding error of {signal.name}", memory.noise.max_ulp, rounding)
    for readout in memory.readouts:
        proof = readout.proof
        if proof is None:
            continue
        what = f"what {readout.name} reads of {memory.name}"
        error = proof.error_within if report.within(memory.noise.steps) else proof.error
        bounds = [off + dropped for off, dropped in zip(error, proof.rounding, strict=True)]
        findings.compare(f"error of {what}", readout.max_error, bounds, "")
        findings.compare(f"rounding of {what}", readout.max_rounding, proof.rounding, "")


def _against_float(
    report: Report,
    signal: SignalReport,
    certified: ErrorBound,
    overflowed: list[str],
    findings: _Findings,
) -> None:
    """Compare the largest error of a signal."""
    void = [*overflowed, *([signal.name] if _voids(signal) else [])]
    if void:
        findings.void.setdefault(tuple(void), []).append(signal.name)
    elif signal.max_error_at is not None:
        bound = bound_of(report, certified)[signal.max_error_at[2]]
        findings.compare(f"error of {signal.name}", [signal.max_error_ulp], [bound])
