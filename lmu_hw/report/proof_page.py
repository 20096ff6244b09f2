# SPDX-License-Identifier: Apache-2.0
"""What the page of a report shows of proofs, ready for its template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lmu_hw.measure.results import Report
from lmu_hw.proofs import MemoryProof
from lmu_hw.report.proof_rows import proof_rows
from lmu_hw.report.proof_sentences import details, uncertified
from lmu_hw.report.what_if import Alternative, alternatives, certified_memories

__all__ = ["proof_context"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Share:
    """The largest error bound of a signal by cause, in ulp; `value` is the bound as a value.

    Given u, there is no part of the input.
    """

    name: str
    conditional: bool
    coefficients: float
    rounding: float
    input: float | None
    total: float
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Memory:
    """A memory with its proof, and with other word lengths."""

    name: str
    state_bits: int
    conditional: bool
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
        "memories": [
            _Memory(
                name=memory.name,
                state_bits=memory.state_bits,
                conditional=certified.conditional,
                proof=proof,
                alternatives=alternatives(memory, proof, signal, certified),
            )
            for memory, proof, signal, certified in certified_memories(report)
        ],
    }


def _shares(report: Report) -> list[_Share]:
    shares = []
    for signal in report.signals[1:]:  # the first is the input, which is rounded and nothing else
        certified = signal.certified
        if certified is not None and max(certified.total) > 0.0:
            bounds = certified.given_u if certified.conditional else certified.total
            at = bounds.index(max(bounds))
            shares.append(
                _Share(
                    name=signal.name,
                    conditional=certified.conditional,
                    coefficients=certified.by_cause.coefficients[at]
                    + certified.by_cause.mismatch[at],
                    rounding=certified.by_cause.rounding[at],
                    input=None if certified.conditional else certified.by_cause.input[at],
                    total=bounds[at],
                    value=bounds[at] * (signal.ulp or 0.0),
                )
            )
    return shares
