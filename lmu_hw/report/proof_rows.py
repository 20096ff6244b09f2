# SPDX-License-Identifier: Apache-2.0
"""Proved, predicted and measured side by side, one row for each signal and part of a memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lmu_hw.measure.certified import MemoryReport
from lmu_hw.measure.results import Report, SignalReport
from lmu_hw.measure.words import NONE, listed
from lmu_hw.report.checks import bound_of, left_before

__all__ = ["FEW_ANSWERS", "ROUNDING", "ProofRow", "ReadoutRow", "proof_rows", "readout_rows"]

ROUNDING = "its rounding"

FEW_ANSWERS = 100
"""Of fewer, the RMS error may be far from what is predicted by chance."""


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
    few : bool
        There is a prediction, and the measured RMS is of few answers.
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
    few: bool = False

    @property
    def mark(self) -> str:
        """What stands behind the measured RMS."""
        return " *" if self.few else ""


def proof_rows(report: Report) -> list[ProofRow]:
    """Return the rows of a report: a memory has one more, for its own rounding."""
    memories = {memory.name: memory for memory in report.memories}
    rows = []
    for signal in report.signals:
        overflowed = left_before(report, signal.name) + [signal.name] * bool(signal.saturations)
        rows.append(_whole(report, signal, overflowed))
        if signal.name in memories:
            rows.append(_rounding(signal, memories[signal.name]))
    return rows


def _whole(report: Report, signal: SignalReport, overflowed: Sequence[str]) -> ProofRow:
    """Return the row of a signal; an error bound says nothing once something left its format."""
    reach, certified = signal.range, signal.certified
    void = certified is not None and bool(overflowed)
    return ProofRow(
        name=signal.name,
        part="",
        observed=max(abs(signal.observed_min or 0.0), abs(signal.observed_max or 0.0)),
        bound=None if reach is None else reach.bound,
        limit=signal.format_max,
        range=_state(signal),
        certified=None if certified is None or void else max(bound_of(report, certified)),
        measured_max=signal.max_error_ulp,
        predicted_rms=signal.predicted_rms_ulp,
        measured_rms=signal.rms_error_ulp,
        note=f"{listed(overflowed)} left the format in this data"
        if void
        else signal.certified_note,
        few=signal.predicted_rms_ulp is not None and signal.samples < FEW_ANSWERS * signal.elements,
    )


def _rounding(signal: SignalReport, memory: MemoryReport) -> ProofRow:
    """Return the row of what rounding alone does to the states of a memory."""
    proof, noise = None if signal.saturations else memory.proof, memory.noise
    return ProofRow(
        name=signal.name,
        part=ROUNDING,
        observed=None,
        bound=None,
        limit=None,
        range="",
        certified=None if proof is None else max(proof.rounding) / (signal.ulp or 1.0),
        measured_max=max(noise.max_ulp),
        predicted_rms=_rms(noise.predicted_ulp),
        measured_rms=_rms(noise.rms_ulp),
        note="",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadoutRow:
    """What a node reads of a memory: measured, and proved; values, None where there is nothing.

    Attributes
    ----------
    name, memory : str
        Who reads what.
    full_scale : float
        Of the format that the node narrows to.
    sqnr_db : float or None
    exact : bool
    rms, largest : float or None
        Errors measured.
    within, always : float or None
        Proved of coefficients, discretization and weights, for all inputs: for the first steps of
        a sequence, and for all time.
    largest_rounding : float
        Measured.
    likely_rounding, worst_rounding : float or None
        Exceeded with a probability of 1e-12 if rounding errors are independent; never exceeded.
    """

    name: str
    memory: str
    full_scale: float
    sqnr_db: float | None
    exact: bool
    rms: float | None
    largest: float
    within: float | None
    always: float | None
    largest_rounding: float
    likely_rounding: float | None
    worst_rounding: float | None


def readout_rows(report: Report) -> list[ReadoutRow]:
    """Return a row for everything that reads a memory."""
    rows = []
    for memory in report.memories:
        for readout in memory.readouts:
            proof = readout.proof
            likely = None if proof is None else proof.likely_rounding
            rows.append(
                ReadoutRow(
                    name=readout.label,
                    memory=memory.name,
                    full_scale=readout.full_scale,
                    sqnr_db=readout.sqnr_db,
                    exact=readout.exact,
                    rms=readout.rms_error,
                    largest=max(readout.max_error),
                    within=None if proof is None else max(proof.error_within),
                    always=None if proof is None else max(proof.error),
                    largest_rounding=max(readout.max_rounding),
                    likely_rounding=None if likely is None else max(likely),
                    worst_rounding=None if proof is None else max(proof.rounding),
                )
            )
    return rows


def _state(signal: SignalReport) -> str:
    """Return whether a signal is proved to stay in its format."""
    if signal.range is None:
        return NONE
    if signal.range.proved:
        return "proved"
    return "may wrap" if signal.overflow == "wrap" else "may saturate"


def _rms(values: Sequence[float]) -> float | None:
    return float(np.sqrt(np.mean(np.square(values)))) if values else None
