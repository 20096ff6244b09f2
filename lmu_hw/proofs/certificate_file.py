# SPDX-License-Identifier: Apache-2.0
"""Certificates on disk: everything that somebody else needs to check them, and a summary.

`write_certificate` leaves claims and witnesses in an ``.npz`` file, bound to the design's digest
and files; `summary` says what is claimed in a page of JSON. `lmu_verify`, which shares no code with
this package, checks both against the integers of the design.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from lmu_hw.proofs.certificate import Certificate, MemoryCertificate
from lmu_hw.proofs.error_bounds import ErrorBound
from lmu_hw.proofs.ranges import GAIN_FRAC_BITS
from lmu_hw.proofs.stability import L_FRAC_BITS, P_FRAC_BITS, Lyapunov

__all__ = ["summary", "write_certificate"]

Arrays = dict[str, NDArray[Any]]

VERSION = 2
NOT_CHECKED = (
    "spectral_radius",
    "ideal_spectral_radius",
    "predicted_rms_ulp",
    "loop.spectral_radius",
    "loop.ideal_spectral_radius",
    "residue",
    "what of coefficients and mismatch together is mismatch",
    "accumulator_bits inside structured memories",
)
"""What the summary says that the checker does not show: predictions and measurements."""


def write_certificate(
    certificate: Certificate,
    file: Path | IO[bytes],
    *,
    design_digest: str,
    files: Mapping[str, str],
) -> None:
    """Write the claims of all memories and their witnesses; the same claims give the same bytes.

    Parameters
    ----------
    certificate : Certificate
    file : Path or binary file
    design_digest : str
        Of the design that the claims are about.
    files : mapping of name to SHA-256
        Everything that is generated with it.
    """
    arrays: Arrays = {}
    header = {
        "version": VERSION,
        "design_digest": design_digest,
        "files": dict(files),
        "memories": [_claims(memory, arrays) for memory in certificate.memories],
    }
    text = json.dumps(header, sort_keys=True).encode()
    arrays["header"] = np.frombuffer(text, np.uint8)
    np.savez(file, allow_pickle=False, **arrays)


def _claims(certificate: MemoryCertificate, arrays: Arrays) -> dict[str, Any]:
    memory, pair, proof = certificate.range.memory, certificate.pair, certificate.range
    name = memory.layer.name

    def put(key: str, values: Any) -> None:
        arrays[f"{name}/{key}"] = np.ascontiguousarray(values, np.int64)

    for key, gain in (
        ("input_gain", proof.input_gain),
        ("rounding_gain", proof.rounding_gain),
        ("coefficient_gain", certificate.coefficient_gain),
    ):
        put(key, np.rint(gain * 2.0**GAIN_FRAC_BITS))
    put("bound", proof.bound)
    if memory.carried:
        put("carried", [proof.carried[carried.name] for carried in memory.carried])
    for prefix, lyapunov in (("", pair.gains.lyapunov), ("ideal_", pair.ideal_gains.lyapunov)):
        for part in ("P", "L_P", "L_M"):
            put(prefix + part, getattr(lyapunov, part))
    return {
        "name": name,
        "gain_frac_bits": GAIN_FRAC_BITS,
        **_witness(pair.gains.lyapunov),
        "ideal": _witness(pair.ideal_gains.lyapunov),
    }


def _witness(lyapunov: Lyapunov) -> dict[str, Any]:
    return {
        "rate": _ratio(lyapunov.rate),
        "p_frac_bits": P_FRAC_BITS,
        "l_frac_bits": L_FRAC_BITS,
    }


def _ratio(value: Fraction) -> list[int]:
    """Return numerator and power of two of a dyadic fraction."""
    return [value.numerator, value.denominator.bit_length() - 1]


def summary(certificate: Certificate) -> dict[str, Any]:
    """Return what is proved and predicted, as JSON values; numbers to nine digits."""
    return {
        "version": VERSION,
        "not_checked": list(NOT_CHECKED),
        "memories": [_memory_summary(memory) for memory in certificate.memories],
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
        "residue": None
        if residue is None
        else {
            "ulp": residue.codes,
            "silence": residue.silence,
            "observed": residue.observed,
            "settled": residue.settled,
        },
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
