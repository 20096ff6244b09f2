# SPDX-License-Identifier: Apache-2.0
"""Certificates on disk: everything that somebody else needs to check them, and a summary.

`write_certificate` leaves integers and claims in an ``.npz`` file that `lmu_hw.analysis.verify`
checks without any other module of this package; `summary` says the same in a page of JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from lmu_hw.analysis.bounds import ErrorBound
from lmu_hw.analysis.certificate import Certificate, MemoryCertificate
from lmu_hw.analysis.gramian import Q_FRAC_BITS, SCALE_FRAC_BITS
from lmu_hw.analysis.ranges import GAIN_FRAC_BITS, RangeProof
from lmu_hw.analysis.stability import L_FRAC_BITS, P_FRAC_BITS, Lyapunov, exact_integers
from lmu_hw.errors import SpecError
from lmu_hw.fixed import FixedFormat, Rounding
from lmu_hw.spec import MemoryNode, Scan, Semiseparable, TwoPass
from lmu_hw.spec.memory import Update

__all__ = ["summary", "write_certificate"]

Arrays = dict[str, NDArray[Any]]
Put = Callable[[str, Any], None]

VERSION = 1


def write_certificate(certificate: Certificate, file: Path | IO[bytes]) -> None:
    """Write the claims of all memories and their witnesses; the same claims give the same bytes."""
    arrays: Arrays = {}
    header = {
        "version": VERSION,
        "memories": [_claims(one, arrays) for one in certificate.memories],
    }
    text = json.dumps(header, sort_keys=True).encode()
    arrays["header"] = np.frombuffer(text, np.uint8)
    np.savez(file, allow_pickle=False, **arrays)


def _claims(certificate: MemoryCertificate, arrays: Arrays) -> dict[str, Any]:
    memory, pair, proof = certificate.range.memory, certificate.pair, certificate.range
    prefix = memory.layer.name

    def put(name: str, values: Any, kind: type = np.int64) -> None:
        arrays[f"{prefix}/{name}"] = np.asarray(values, kind)

    node = next(node for node in memory.layer.nodes if node.name == memory.name)
    if isinstance(node, MemoryNode):
        coefficients = {"structure": _structure(node, proof, put)}
    else:
        coefficients = {}
        for name, matrix in (("A", memory.A), ("B", memory.B)):
            codes, coefficients[f"{name.lower()}_frac_bits"] = _smallest(matrix)
            put(name, codes)
    for name, gain in (
        ("input_gain", proof.input_gain),
        ("rounding_gain", proof.rounding_gain),
        ("coefficient_gain", certificate.coefficient_gain),
    ):
        put(name, np.rint(gain * 2.0**GAIN_FRAC_BITS))
    put("bound", proof.bound)
    put("ideal_A", pair.ideal_A, np.float64)
    put("ideal_B", pair.ideal_B, np.float64)
    for name, lyapunov in (("", pair.gains.lyapunov), ("ideal_", pair.ideal_gains.lyapunov)):
        for part in ("P", "L_P", "L_M"):
            put(name + part, getattr(lyapunov, part))
    return {
        "name": prefix,
        "order": len(memory.B),
        **coefficients,
        "gain_frac_bits": GAIN_FRAC_BITS,
        "state_frac_bits": memory.format.frac_bits,
        "state_width": memory.format.width,
        "rounding": memory.requant.rounding.value,
        "error_feedback": memory.error_feedback,
        "overflow": memory.requant.overflow.value,
        "u_limit": _ratio(memory.u_limit),
        **_witness(pair.gains.lyapunov),
        "ideal": _witness(pair.ideal_gains.lyapunov),
    }


def _structure(node: MemoryNode, proof: RangeProof, put: Put) -> dict[str, Any]:
    """Put the integers of a structured update, and what its bounds rest on; return its header."""
    gram = proof.gramian
    if gram is None:
        raise SpecError(f"{node.name}: there is no proof of what it computes on its way")
    put("carried", [proof.carried[one.name] for one in proof.memory.carried])
    put("scales", np.rint(gram.scales * 2.0**SCALE_FRAC_BITS))
    put("Q", gram.Q)
    put("L_Q", gram.L_Q)
    put("L_S", gram.L_S)
    return {
        "kind": node.realization,
        "q_rate": _ratio(gram.rate),
        "q_frac_bits": Q_FRAC_BITS,
        "l_frac_bits": L_FRAC_BITS,
        "scale_frac_bits": SCALE_FRAC_BITS,
        **_update(node.update, put),
    }


def _update(update: Update, put: Put) -> dict[str, Any]:
    match update:
        case Semiseparable():
            put("decay", update.decay.codes)
            put("coupling", update.coupling.codes)
            put("carry", update.carry.codes)
            put("shifts", update.shifts)
            return {
                "rank": update.rank,
                "rate_frac_bits": update.decay.format.frac_bits,
                "carry_frac_bits": update.carry.format.frac_bits,
                "forward": _narrowing(update.forward.format, update.forward.rounding),
                "backward": _narrowing(update.backward.format, update.backward.rounding),
            }
        case Scan():
            put("rate", np.reshape(update.rate.codes, 1))
            return {
                "rate_frac_bits": update.rate.format.frac_bits,
                "running": _narrowing(update.running),
            }
        case TwoPass():
            put("rate", np.reshape(update.rate.codes, 1))
            put("closing", update.closing.codes)
            return {
                "rate_frac_bits": update.rate.format.frac_bits,
                "closing_frac_bits": update.closing.format.frac_bits,
                "running": _narrowing(update.running.format, update.running.rounding),
            }


def _narrowing(fmt: FixedFormat, rounding: Rounding | None = None) -> dict[str, Any]:
    entry = {"frac_bits": fmt.frac_bits, "width": fmt.width}
    return entry if rounding is None else {**entry, "rounding": rounding.value}


def _witness(lyapunov: Lyapunov) -> dict[str, Any]:
    return {
        "rate": _ratio(lyapunov.rate),
        "p_frac_bits": P_FRAC_BITS,
        "l_frac_bits": L_FRAC_BITS,
    }


def _ratio(value: Fraction) -> list[int]:
    """Return numerator and power of two of a dyadic fraction."""
    return [value.numerator, value.denominator.bit_length() - 1]


def _smallest(matrix: NDArray[np.float64]) -> tuple[NDArray[Any], int]:
    """Return a matrix as the smallest integers, and their fraction bits."""
    integers, frac_bits = exact_integers(matrix)
    common = int(np.bitwise_or.reduce(np.abs(integers), axis=None))
    spare = min(frac_bits, (common & -common).bit_length() - 1) if common else frac_bits
    return integers >> spare, frac_bits - spare


def summary(certificate: Certificate) -> dict[str, Any]:
    """Return what is proved and predicted, as JSON values; numbers to nine digits."""
    return {
        "version": VERSION,
        "memories": [_memory_summary(one) for one in certificate.memories],
        "heads": [
            {"name": head.name, "memory": head.memory, **_error_summary(head.error)}
            for head in certificate.heads
        ],
        "nodes": [
            {
                "name": node.name,
                "bound": node.bound,
                "limit": node.limit,
                "overflow": node.overflow.value,
                "proved": node.proved,
                "by_gain": node.by_gain,
                "accumulator_bits": node.accumulator_bits,
            }
            for node in certificate.ranges
        ],
    }


def _memory_summary(certificate: MemoryCertificate) -> dict[str, Any]:
    memory, proof = certificate.range.memory, certificate.range
    loop, residue = certificate.loop, certificate.residue
    return {
        "name": certificate.name,
        "order": len(memory.B),
        "memories": memory.segments,
        "format": memory.format.notation(),
        "error_feedback": memory.error_feedback,
        "u_limit": _number(float(memory.u_limit)),
        "u_saturates": memory.u_saturates,
        "spectral_radius": _number(certificate.pair.gains.radius),
        "ideal_spectral_radius": _number(certificate.pair.ideal_gains.radius),
        "contraction": _number(certificate.pair.gains.lyapunov.contraction),
        "input_gain": _number(float(proof.input_gain.max())),
        "rounding_gain": _number(float(proof.rounding_gain.max())),
        "bound": _number(proof.value),
        "limit": _number(memory.format.max_value),
        "proved": proof.proved,
        "provable_bits": proof.bits,
        "provable_scale": None if proof.scale is None else _number(proof.scale),
        **_error_summary(certificate.error),
        "predicted_rms_ulp": [_number(value) for value in certificate.predicted_rms.tolist()],
        "loop": None
        if loop is None
        else {
            "spectral_radius": _number(loop.radius),
            "ideal_spectral_radius": _number(loop.ideal_radius),
            "stable": loop.stable,
        },
        "residue": None if residue is None else {"ulp": residue.codes, "silence": residue.silence},
    }


def _error_summary(error: ErrorBound) -> dict[str, Any]:
    """Return bounds of each element, as values, and which causes they count."""
    return {
        "conditional": error.conditional,
        "error_bound": [_number(value) for value in error.total.tolist()],
        "by_cause": {
            cause: [_number(value) for value in getattr(error, cause).tolist()]
            for cause in ("coefficients", "rounding", "input", "mismatch")
        },
    }


def _number(value: float) -> float:
    return float(f"{value:.9g}")
