# SPDX-License-Identifier: Apache-2.0
"""Ranges and memories in a report; what is proved of a memory is the record of its certificate."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hw.proofs import MemoryProof

__all__ = ["MemoryReport", "NoiseReport", "RangeReport"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeReport:
    """Bound of a signal for all inputs and all time.

    Attributes
    ----------
    bound : float
        Largest magnitude before overflow is handled.
    limit : float
        Positive end of the format.
    proved : bool
        The signal cannot leave its format.
    how : str
        ``gain`` (of a memory), ``formats`` (of what is read, and the actual weights), or ``table``
        (the largest entry of an activation).
    """

    bound: float
    limit: float
    proved: bool
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseReport:
    """Error of a memory alone, measured: it is driven by the u that the golden model computed.

    Attributes
    ----------
    sequences, steps : int
        Of the data it was measured on, evenly spaced sequences cut to `steps`.
    rms_ulp, max_ulp : (elements,)
        Rounding: the golden states minus the exact recurrence with the same coefficients.
    predicted_ulp : (elements,)
        RMS that white rounding noise makes, averaged over as many steps; empty if there is no
        prediction (rounding toward zero, or a memory that is not stable).
    white : (elements,) bool
        The float state changes by an ulp or more a step (RMS), as the prediction assumes.
    float_max_ulp : (elements,)
        Rounding and coefficients: the golden states minus the float memory that hears the same u.
    """

    sequences: int
    steps: int
    rms_ulp: tuple[float, ...]
    max_ulp: tuple[float, ...]
    predicted_ulp: tuple[float, ...]
    white: tuple[bool, ...]
    float_max_ulp: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryReport:
    """One memory: its words, what is proved of it, and its own rounding noise.

    Attributes
    ----------
    name : str
        Of its signal.
    order, segments : int
        States of one memory, and memories that share the coefficients.
    coefficient_bits, state_bits : int
        Widest coefficient of the recurrence, and width of the states.
    feedback : str
        What feeds back into u: ``h``, ``m``, ``m and h``, or nothing.
    proof : MemoryProof or None
        None if measured without a folder.
    """

    name: str
    order: int
    segments: int
    coefficient_bits: int
    state_bits: int
    error_feedback: bool
    feedback: str
    noise: NoiseReport
    proof: MemoryProof | None
