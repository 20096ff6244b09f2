# SPDX-License-Identifier: Apache-2.0
"""What others left in a design's folder: hardware totals, simulation results, certificates."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lmu_hw.errors import LoadError
from lmu_hw.files import read_json
from lmu_hw.folder import DesignFolder
from lmu_hw.measure.certified import CAUSES, MemoryProof
from lmu_hw.measure.results import HardwareReport, SimulationReport
from lmu_hw.records import decode
from lmu_hw.simulate.coverage_words import coverage_lines

__all__ = [
    "Certificates",
    "ErrorClaim",
    "NodeClaim",
    "certificates",
    "read_certificates",
    "read_hardware",
    "read_simulations",
]

CERTIFICATE_VERSION = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorClaim:
    """Error bounds of a memory's states or of a head, (n,) values each; see `ErrorReport`."""

    name: str
    conditional: bool
    error_bound: list[float]
    by_cause: dict[str, list[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeClaim:
    """Bound of a node before overflow is handled, in codes of what its sum is narrowed to."""

    name: str
    bound: int
    limit: int
    proved: bool
    by_gain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """What ``certificate.json`` holds.

    Attributes
    ----------
    design_digest : str
    memories : dict of node name to MemoryProof
    errors : dict of node name to ErrorClaim
        Of memories and heads.
    nodes : dict of node name to NodeClaim
    """

    design_digest: str
    memories: dict[str, MemoryProof]
    errors: dict[str, ErrorClaim]
    nodes: dict[str, NodeClaim]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Summary:
    """``certificate.json`` as far as reports need it."""

    version: int
    design_digest: str
    memories: list[dict[str, Any]]
    heads: list[dict[str, Any]]
    nodes: list[NodeClaim]


def read_hardware(folder: DesignFolder) -> HardwareReport:
    """Return the totals in the folder's ``manifest.json``.

    Raises
    ------
    LoadError
        If the file or one of its keys is missing, or holds the wrong kind of value.
    """
    try:
        return decode(HardwareReport, folder.manifest, part=True)
    except ValueError as error:
        raise _damaged(folder.path / folder.MANIFEST, error) from None


def read_simulations(folder: DesignFolder) -> tuple[SimulationReport, ...]:
    """Return the runs in the folder's ``simulation.json``; none if there is no such file.

    Raises
    ------
    LoadError
        If the file is damaged.
    """
    data = folder.results.read(folder.SIMULATION)
    if data is None:
        return ()
    try:
        runs = read_json(data)
        if not isinstance(runs, list) or not all(isinstance(run, dict) for run in runs):
            raise ValueError("it must be a list of runs")
        for run in runs:
            run["first_mismatch"] = _sentence(run.get("first_mismatch"))
            run["coverage"] = _coverage(run.get("coverage"))
        return tuple(
            decode(SimulationReport, run, f"[{index}]", part=True) for index, run in enumerate(runs)
        )
    except ValueError as error:
        raise LoadError(
            f"{folder.path / folder.SIMULATION}: is damaged ({error}); run 'lmu-hw simulate' again"
        ) from None


def read_certificates(folder: DesignFolder) -> Certificates:
    """Return what is proved about a design, from the folder's ``certificate.json``.

    Raises
    ------
    LoadError
        If the file or one of its keys is missing, or holds the wrong kind of value.
    """
    return certificates(folder.read(folder.SUMMARY), folder.path / folder.SUMMARY)


def certificates(data: bytes, path: Path) -> Certificates:
    """Return what the content of ``certificate.json`` says; `path` is for messages."""
    try:
        document = read_json(data)
        version = document.get("version") if isinstance(document, dict) else None
        if version != CERTIFICATE_VERSION:
            raise ValueError(f"its version must be {CERTIFICATE_VERSION}, not {version!r}")
        summary = decode(_Summary, document, part=True)
        memories = [
            decode(MemoryProof, entry, f"memories[{index}]", part=True)
            for index, entry in enumerate(summary.memories)
        ]
        errors = [
            _error(entry, f"{key}[{index}]")
            for key in ("memories", "heads")
            for index, entry in enumerate(getattr(summary, key))
        ]
    except ValueError as error:
        raise _damaged(path, error) from None
    names = [entry["name"] for entry in summary.memories]
    return Certificates(
        design_digest=summary.design_digest,
        memories=dict(zip(names, memories, strict=True)),
        errors={error.name: error for error in errors},
        nodes={node.name: node for node in summary.nodes},
    )


def _error(entry: dict[str, Any], what: str) -> ErrorClaim:
    claim = decode(ErrorClaim, entry, what, part=True)
    for cause in CAUSES:
        values = claim.by_cause.get(cause)
        if not values or len(values) != len(claim.error_bound):
            raise ValueError(f"{what}.by_cause.{cause} must hold a number for each element")
    return claim


def _coverage(entry: Any) -> list[str]:
    """Return what a simulation reached as sentences; none if that is not known."""
    try:
        return [] if entry is None else coverage_lines(entry)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"coverage: {error!r}") from None


def _sentence(mismatch: object) -> str | None:
    """Return a first mismatch as words, whether it came as text or as an object."""
    if mismatch is None or isinstance(mismatch, str):
        return mismatch
    if isinstance(mismatch, dict):
        shown = {key: "nothing" if value is None else value for key, value in mismatch.items()}
        return ", ".join(f"{key} {value}" for key, value in shown.items())
    return json.dumps(mismatch)


def _damaged(path: Path, error: object) -> LoadError:
    return LoadError(f"{path}: is damaged ({error}); generate the design again")
