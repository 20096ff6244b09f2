# SPDX-License-Identifier: Apache-2.0
"""What the page of a report shows of proofs, ready for its template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lmu_hw.measure.results import Report
from lmu_hw.proofs import MemoryProof
from lmu_hw.report.proof_rows import proof_rows, readout_rows
from lmu_hw.report.proof_sentences import details, uncertified
from lmu_hw.report.what_if import Alternative, alternatives, certified_memories

__all__ = ["proof_context"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Share:
    """The largest error bound of a signal by cause, in ulp; `value` is the bound as a value."""

    name: str
    coefficients: float
    rounding: float
    input: float
    total: float
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Memory:
    """A memory with its proof, and with other word lengths."""

    name: str
    state_bits: int
    proof: MemoryProof
    alternatives: tuple[Alternative, ...]


def proof_context(report: Report) -> dict[str, Any]:
    """Return what ``proofs.html.j2`` needs."""
    return {
        "proof_rows": proof_rows(report),
        "uncertified": uncertified(report),
        "details": details(report),
        "noise_steps": max((m.noise.sequences * m.noise.steps for m in report.memories), default=0),
        "shares": _shares(report),
        "readouts": readout_rows(report),
        "memories": [
            _Memory(
                name=memory.name,
                state_bits=memory.state_bits,
                proof=proof,
                alternatives=alternatives(memory, proof, signal),
            )
            for memory, proof, signal in certified_memories(report)
        ],
    }


def _shares(report: Report) -> list[_Share]:
    shares = []
    for signal in report.signals[1:]:  # the first is the input, which is rounded and nothing else
        certified = signal.certified
        if certified is not None and max(certified.total) > 0.0:
            at = certified.worst
            shares.append(
                _Share(
                    name=signal.name,
                    coefficients=certified.by_cause.coefficients[at],
                    rounding=certified.by_cause.rounding[at],
                    input=certified.by_cause.input[at],
                    total=certified.total[at],
                    value=certified.total[at] * (signal.ulp or 0.0),
                )
            )
    return shares
