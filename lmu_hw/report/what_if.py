# SPDX-License-Identifier: Apache-2.0
"""What one bit more or less would do to a memory, from its certificate.

With other state bits everything follows from gains that do not change: the range is
``u_limit g + delta T ulp``, and both the certified and the predicted rounding scale with the ulp.
Other coefficient bits make other coefficients: that their error is halved or doubled is an
estimate.
"""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hw.measure.certified import MemoryReport
from lmu_hw.measure.results import Report, SignalReport
from lmu_hw.proofs import ErrorBound, MemoryProof

__all__ = ["Alternative", "alternatives", "certified_memories"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """A memory with other word lengths; everything as values.

    Attributes
    ----------
    change : str
        Against the design, in words; empty for the design itself.
    state_bits, coefficient_bits : int
    bound : float
        Of the range.
    proved : bool
    rounding, coefficients, total : float
        Largest certified errors over all states.
    noise : float or None
        Largest RMS rounding noise that is predicted.
    estimated : bool
        Because the coefficients would be others.
    """

    change: str
    state_bits: int
    coefficient_bits: int
    bound: float
    proved: bool
    rounding: float
    coefficients: float
    total: float
    noise: float | None
    estimated: bool


def certified_memories(
    report: Report,
) -> list[tuple[MemoryReport, MemoryProof, SignalReport, ErrorBound]]:
    """Return every memory that has a proof, with its signal and error bound."""
    signals = {signal.name: signal for signal in report.signals}
    memories = []
    for memory in report.memories:
        signal = signals[memory.name]
        if memory.proof is not None and signal.certified is not None:
            memories.append((memory, memory.proof, signal, signal.certified))
    return memories


def alternatives(
    memory: MemoryReport, proof: MemoryProof, signal: SignalReport, certified: ErrorBound
) -> tuple[Alternative, ...]:
    """Return the memory as it is, and with a bit more and a bit less of each word."""
    designs = []
    for change, states, coefficients in (
        ("", 0, 0),
        ("one state bit more", 1, 0),
        ("one state bit less", -1, 0),
        ("one coefficient bit more", 0, 1),
        ("one coefficient bit less", 0, -1),
    ):
        finer, exacter = 2.0**-states, 2.0**-coefficients
        ulp = signal.ulp or 1.0
        input_error = [0.0] * signal.elements if certified.conditional else certified.by_cause.input
        causes = (
            certified.by_cause.coefficients,
            certified.by_cause.rounding,
            input_error,
            certified.by_cause.mismatch,
        )
        totals = [c * exacter + r * finer + i + x for c, r, i, x in zip(*causes, strict=True)]
        bits = memory.state_bits + states
        rounding = max(certified.by_cause.rounding) * ulp * finer
        noise = memory.noise.predicted_ulp
        designs.append(
            Alternative(
                change=change,
                state_bits=bits,
                coefficient_bits=memory.coefficient_bits + coefficients,
                bound=proof.bound if not states else proof.u_limit * proof.input_gain + rounding,
                proved=_proved(proof, bits) if states else proof.proved,
                rounding=rounding,
                coefficients=max(certified.by_cause.coefficients) * ulp * exacter,
                total=max(totals) * ulp,
                noise=max(noise) * ulp * finer if noise else None,
                estimated=coefficients != 0,
            )
        )
    return tuple(designs)


def _proved(proof: MemoryProof, bits: int) -> bool:
    return proof.provable_bits is not None and bits >= proof.provable_bits
