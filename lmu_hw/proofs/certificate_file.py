# SPDX-License-Identifier: Apache-2.0
"""Certificates on disk: everything that somebody else needs to check them, and a summary.

`write_certificate` leaves claims and witnesses in an ``.npz`` file, bound to the design's digest
and files; a `Summary` says what is claimed in a page of JSON. `lmu_verify`, which shares no code
with this package, checks both against the integers of the design.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from lmu_hw.proofs.certificate import NOT_CHECKED, Certificate, MemoryCertificate, MemoryProof
from lmu_hw.proofs.end_to_end import NodeError
from lmu_hw.proofs.error_bounds import ErrorBound
from lmu_hw.proofs.ranges import GAIN_FRAC_BITS, NodeRange
from lmu_hw.proofs.readouts import ReadoutProof
from lmu_hw.proofs.stability import L_FRAC_BITS, P_FRAC_BITS, Lyapunov
from lmu_hw.records import OMIT, Trail, decode, encode, stored, without_version

__all__ = ["Summary", "read_summary", "summary_json", "write_certificate"]

Arrays = dict[str, NDArray[Any]]
Integers = NDArray[np.int64]

VERSION = 3
_DIGITS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What is proved, predicted and measured of a design.

    Attributes
    ----------
    design_digest : str
    not_checked : tuple of str
        What `lmu_verify` does not show.
    steps : int
        First steps of a sequence, of which errors have bounds of their own.
    memories : tuple of MemoryProof
    readouts : tuple of ReadoutProof
    errors : tuple of NodeError
    nodes : tuple of NodeRange
    """

    design_digest: str
    not_checked: tuple[str, ...]
    steps: int
    memories: tuple[MemoryProof, ...]
    readouts: tuple[ReadoutProof, ...]
    errors: tuple[NodeError, ...]
    nodes: tuple[NodeRange, ...]

    def error_of(self, name: str) -> ErrorBound | None:
        """Return the error bound of a node, as values, if it has one."""
        return next((entry.error for entry in self.errors if entry.name == name), None)


def summary_json(certificate: Certificate, design_digest: str) -> dict[str, Any]:
    """Return what is proved and predicted as JSON values; numbers to nine digits."""
    summary = Summary(
        design_digest=design_digest,
        not_checked=NOT_CHECKED,
        steps=certificate.steps,
        memories=tuple(memory.proof for memory in certificate.memories),
        readouts=certificate.readouts,
        errors=certificate.errors,
        nodes=certificate.ranges,
    )
    return {"version": VERSION, **encode(summary, digits=_DIGITS)}


def read_summary(document: object) -> Summary:
    """Return what `summary_json` returned, every value checked, or raise `ValueError`."""
    return decode(Summary, without_version(document, VERSION))


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

    def put(array: NDArray[Any], trail: Trail) -> object:
        _, (memory, _), *_ = trail
        names = [name for _, name in trail[1:] if name != "witness"]
        arrays[f"{memory.name}/{'_'.join(names)}"] = np.ascontiguousarray(array, np.int64)
        return OMIT

    header = _Header(
        design_digest=design_digest,
        files=files,
        memories=tuple(_claims(memory) for memory in certificate.memories),
    )
    entry = {"version": VERSION, **encode(header, put=put)}
    text = json.dumps(entry, sort_keys=True).encode()
    arrays["header"] = np.frombuffer(text, np.uint8)
    np.savez(file, allow_pickle=False, **arrays)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Witness:
    """P and both factors of a Lyapunov certificate; `rate` is a numerator and a power of two."""

    rate: tuple[int, int]
    p_frac_bits: int = P_FRAC_BITS
    l_frac_bits: int = L_FRAC_BITS
    P: Integers
    L_P: Integers
    L_M: Integers

    @classmethod
    def of(cls, lyapunov: Lyapunov) -> _Witness:
        rate = lyapunov.rate.numerator, lyapunov.rate.denominator.bit_length() - 1
        return cls(rate=rate, P=lyapunov.P, L_P=lyapunov.L_P, L_M=lyapunov.L_M)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Claims:
    """What is claimed of one memory; arrays stand beside the header, named after it."""

    name: str
    gain_frac_bits: int = GAIN_FRAC_BITS
    input_gain: Integers
    rounding_gain: Integers
    bound: Integers
    carried: Integers | None = field(metadata=stored(sparse=True), default=None)
    witness: _Witness = field(metadata=stored(flat=True))
    ideal: _Witness


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Header:
    """What the archive says beside its arrays."""

    design_digest: str
    files: Mapping[str, str]
    memories: tuple[_Claims, ...]


def _claims(certificate: MemoryCertificate) -> _Claims:
    memory, proof = certificate.range.memory, certificate.range
    carried = [proof.carried[carried.name] for carried in memory.carried]
    return _Claims(
        name=memory.layer.name,
        input_gain=_gains(proof.input_gain),
        rounding_gain=_gains(proof.rounding_gain),
        bound=np.array(proof.bound, np.int64),
        carried=np.array(carried, np.int64) if carried else None,
        witness=_Witness.of(certificate.pair.gains.lyapunov),
        ideal=_Witness.of(certificate.pair.ideal_gains.lyapunov),
    )


def _gains(gain: NDArray[np.float64]) -> Integers:
    return np.rint(gain * 2.0**GAIN_FRAC_BITS).astype(np.int64)
