# SPDX-License-Identifier: Apache-2.0
"""Whether what was measured keeps within what is proved; if it does not, the proof is wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lmu_hw.lmu import Role, node_name
from lmu_hw.measure.certified import NoiseReport
from lmu_hw.measure.results import Report, SignalReport
from lmu_hw.measure.words import count, listed, number
from lmu_hw.network import INPUT
from lmu_hw.proofs import ErrorBound

__all__ = ["Check", "check", "left_before"]

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

    Error bounds hold while no input, no u and no state leaves its format. Where one did, the bound
    is set aside; ranges hold whatever happens.
    """
    memories = {memory.name: memory for memory in report.memories}
    findings = _Findings()
    overflowed: list[str] = []  # of what came before: what makes error bounds void
    for signal in report.signals:
        _range(signal, findings)
        if signal.certified is not None:
            if signal.name in memories:
                _memory(signal, signal.certified, memories[signal.name].noise, overflowed, findings)
            else:
                _other(signal, signal.certified, overflowed, findings)
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
    reaches_memory = signal.name == INPUT or signal.role in (Role.ENCODED, Role.MEMORY)
    return bool(signal.saturations) and reaches_memory


class _Findings:
    def __init__(self) -> None:
        self.ranges = self.errors = 0
        self.wrong: list[str] = []
        self.set_aside: list[str] = []
        self.void: dict[tuple[str, ...], list[str]] = {}

    def compare(self, what: str, measured: Sequence[float | None], bounds: Sequence[float]) -> None:
        """Compare errors with their bounds, element by element, in ulp; name the worst."""
        self.errors += len(bounds)
        values = [math.inf if value is None else value for value in measured]  # not finite
        excess = [value - bound * _SLACK for value, bound in zip(values, bounds, strict=True)]
        worst = max(range(len(excess)), key=excess.__getitem__)
        if excess[worst] > 0.0:
            self.wrong.append(
                f"the {what} reached {number(measured[worst])} ulp, certified is "
                f"{number(bounds[worst])} ulp"
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
    signal: SignalReport,
    certified: ErrorBound,
    noise: NoiseReport,
    overflowed: list[str],
    findings: _Findings,
) -> None:
    if signal.saturations:
        findings.set_aside.append(f"{signal.name} left its format, where its error has no bound.")
        return
    findings.compare(f"rounding error of {signal.name}", noise.max_ulp, certified.by_cause.rounding)
    findings.compare(f"error of {signal.name} given its u", noise.float_max_ulp, certified.given_u)
    u = node_name(signal.layer, Role.ENCODED)
    if not certified.conditional and overflowed:
        findings.void.setdefault(tuple(overflowed), []).append(signal.name)
    elif not certified.conditional:
        findings.compare(f"error of {signal.name}", signal.element_peak_ulp, certified.total)
    elif u in overflowed:
        findings.set_aside.append(
            f"{u} left its format: the difference of {signal.name} from float includes that, its "
            "bound does not."
        )


def _other(
    signal: SignalReport, certified: ErrorBound, overflowed: list[str], findings: _Findings
) -> None:
    """Compare the largest error of an input or of a linear head."""
    void = [*overflowed, *([signal.name] if signal.saturations else [])]
    if certified.conditional:
        return
    if void:
        findings.void.setdefault(tuple(void), []).append(signal.name)
        return
    bound = certified.total[signal.max_error_at[2]]
    findings.compare(f"error of {signal.name}", [signal.max_error_ulp], [bound])
