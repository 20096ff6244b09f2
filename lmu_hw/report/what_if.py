# SPDX-License-Identifier: Apache-2.0
"""What one state bit more or less would do to a memory, from its certificate.

Everything follows from gains that do not change: the range is ``u_limit g + delta T ulp``, and both
the proved and the predicted rounding scale with the ulp.
"""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hw.measure.certified import MemoryReport
from lmu_hw.measure.results import Report, SignalReport
from lmu_hw.proofs import MemoryProof

__all__ = ["Alternative", "CertifiedMemory", "alternatives", "certified_memories"]

CertifiedMemory = tuple[MemoryReport, MemoryProof, SignalReport]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """A memory with other state bits; everything as values.

    Attributes
    ----------
    change : str
        Against the design, in words; empty for the design itself.
    state_bits : int
    bound : float
        Of the range.
    proved : bool
    rounding : float
        What rounding adds to a state in the worst case.
    noise : float or None
        Largest RMS rounding noise that is predicted.
    """

    change: str
    state_bits: int
    bound: float
    proved: bool
    rounding: float
    noise: float | None


def certified_memories(report: Report) -> list[CertifiedMemory]:
    """Return every memory that has a proof, with its signal."""
    signals = {signal.name: signal for signal in report.signals}
    return [
        (memory, memory.proof, signals[memory.name])
        for memory in report.memories
        if memory.proof is not None
    ]


def alternatives(
    memory: MemoryReport, proof: MemoryProof, signal: SignalReport
) -> tuple[Alternative, ...]:
    """Return the memory as it is, and with a state bit more and less."""
    changes = ("", 0), ("one state bit more", 1), ("one state bit less", -1)
    noise, ulp = memory.noise.predicted_ulp, signal.ulp or 1.0
    designs = []
    for change, more in changes:
        bits, finer = memory.state_bits + more, 2.0**-more
        rounding = max(proof.rounding) * finer
        designs.append(
            Alternative(
                change=change,
                state_bits=bits,
                bound=proof.u_limit * proof.input_gain + rounding if more else proof.bound,
                proved=_proved(proof, bits) if more else proof.proved,
                rounding=rounding,
                noise=max(noise) * ulp * finer if noise else None,
            )
        )
    return tuple(designs)


def _proved(proof: MemoryProof, bits: int) -> bool:
    return proof.provable_bits is not None and bits >= proof.provable_bits
