# SPDX-License-Identifier: Apache-2.0
"""Proved, predicted and measured side by side, one row for each signal and part of a memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lmu_hw.measure.certified import MemoryReport
from lmu_hw.measure.results import Report, SignalReport
from lmu_hw.measure.words import NONE, listed
from lmu_hw.report.checks import left_before

__all__ = ["GIVEN_U", "ROUNDING", "ProofRow", "proof_rows"]

GIVEN_U = "given its u"
ROUNDING = "its rounding"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofRow:
    """One row; errors in ulp, None where there is nothing to show.

    Attributes
    ----------
    name : str
        Of the signal.
    part : str
        Empty for the signal against float; otherwise what is compared instead.
    observed, bound, limit : float or None
        Largest magnitude seen and proved, and the format's end; values.
    range : str
        In words.
    certified, measured_max, predicted_rms, measured_rms : float or None
    note : str
        What the certificate depends on, or why there is none.
    """

    name: str
    part: str
    observed: float | None
    bound: float | None
    limit: float | None
    range: str
    certified: float | None
    measured_max: float | None
    predicted_rms: float | None
    measured_rms: float | None
    note: str


def proof_rows(report: Report) -> list[ProofRow]:
    """Return the rows of a report: a memory has two more, for its own error given u."""
    memories = {memory.name: memory for memory in report.memories}
    rows = []
    for signal in report.signals:
        overflowed = left_before(report, signal.name) + [signal.name] * bool(signal.saturations)
        rows.append(_whole(signal, overflowed))
        if signal.name in memories:
            rows += _parts(signal, memories[signal.name])
    return rows


def _whole(signal: SignalReport, overflowed: Sequence[str]) -> ProofRow:
    """Return the row of a signal; an error bound says nothing once something left its format."""
    reach, certified = signal.range, signal.certified
    holds = certified is not None and not certified.conditional and not overflowed
    void = certified is not None and not certified.conditional and bool(overflowed)
    return ProofRow(
        name=signal.name,
        part="",
        observed=max(abs(signal.observed_min or 0.0), abs(signal.observed_max or 0.0)),
        bound=None if reach is None else reach.bound,
        limit=signal.format_max,
        range=_state(signal),
        certified=max(certified.total) if certified is not None and holds else None,
        measured_max=signal.max_error_ulp,
        predicted_rms=signal.predicted_rms_ulp,
        measured_rms=signal.rms_error_ulp,
        note=f"{listed(overflowed)} left the format in this data"
        if void
        else signal.certified_note,
    )


def _parts(signal: SignalReport, memory: MemoryReport) -> list[ProofRow]:
    certified, noise = None if signal.saturations else signal.certified, memory.noise

    def row(
        part: str, bounds: Sequence[float] | None, worst: Sequence[float], **more: float | None
    ) -> ProofRow:
        return ProofRow(
            name=signal.name,
            part=part,
            observed=None,
            bound=None,
            limit=None,
            range="",
            certified=None if bounds is None else max(bounds),
            measured_max=max(worst),
            predicted_rms=more.get("predicted"),
            measured_rms=more.get("measured"),
            note="",
        )

    return [
        row(GIVEN_U, None if certified is None else certified.given_u, noise.float_max_ulp),
        row(
            ROUNDING,
            None if certified is None else certified.by_cause.rounding,
            noise.max_ulp,
            predicted=_rms(noise.predicted_ulp),
            measured=_rms(noise.rms_ulp),
        ),
    ]


def _state(signal: SignalReport) -> str:
    """Return whether a signal is proved to stay in its format."""
    if signal.range is None:
        return NONE
    if signal.range.proved:
        return "proved"
    return "may wrap" if signal.overflow == "wrap" else "may saturate"


def _rms(values: Sequence[float]) -> float | None:
    return float(np.sqrt(np.mean(np.square(values)))) if values else None
