# SPDX-License-Identifier: Apache-2.0
"""What others left in a design's folder: hardware totals, simulation results, certificates."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lmu_hw.errors import LoadError
from lmu_hw.files import read_json
from lmu_hw.folder import DesignFolder
from lmu_hw.report.claims import CAUSES, LoopReport, MemoryProof, ResidueReport
from lmu_hw.report.document import HardwareReport, LayerHardware, SimulationReport

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


def read_hardware(folder: DesignFolder) -> HardwareReport:
    """Return the totals in the folder's ``manifest.json``.

    Raises
    ------
    LoadError
        If the file or one of its keys is missing, or holds the wrong kind of value.
    """
    path, manifest = folder.path / folder.MANIFEST, folder.manifest
    layers = manifest.get("layers", [])
    if not isinstance(layers, list):
        raise LoadError(f"{path}: layers must be a list, not {layers!r}")
    built = tuple(
        LayerHardware(**_take(layer, LayerHardware, f"{path}: layers[{index}]"))
        for index, layer in enumerate(layers)
    )
    fields = _take(manifest, HardwareReport, str(path))
    return HardwareReport(**{**fields, "layers": built})


def read_simulations(folder: DesignFolder) -> tuple[SimulationReport, ...]:
    """Return the runs in the folder's ``simulation.json``; none if there is no such file.

    Raises
    ------
    LoadError
        If the file is damaged.
    """
    path, data = folder.path / folder.SIMULATION, folder.results.read(folder.SIMULATION)
    if data is None:
        return ()
    runs = _parsed(data, path)
    if not isinstance(runs, list):
        raise LoadError(f"{path}: must hold a list of runs, not {type(runs).__name__}")
    found = []
    for index, run in enumerate(runs):
        fields = _take(run, SimulationReport, f"{path}: [{index}]")
        first = fields["first_mismatch"]
        found.append(SimulationReport(**{**fields, "first_mismatch": _sentence(first)}))
    return tuple(found)


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
    document = _parsed(data, path)
    version = document.get("version") if isinstance(document, dict) else None
    if version != CERTIFICATE_VERSION:
        raise LoadError(
            f"{path}: must be a certificate of version {CERTIFICATE_VERSION}, not {version!r}; "
            "generate the design again"
        )
    entries = {}
    for key in ("memories", "heads", "nodes"):
        entries[key] = document.get(key)
        if not isinstance(entries[key], list):
            raise LoadError(f"{path}: {key} must be a list, not {entries[key]!r}")
    memories, errors, nodes = {}, {}, {}
    for key in ("memories", "heads"):
        for index, entry in enumerate(entries[key]):
            where = f"{path}: {key}[{index}]"
            error = _error(entry, where)
            errors[error.name] = error
            if key == "memories":
                memories[error.name] = _proof(entry, where)
    for index, entry in enumerate(entries["nodes"]):
        node = NodeClaim(**_take(entry, NodeClaim, f"{path}: nodes[{index}]"))
        nodes[node.name] = node
    digest = str(document.get("design_digest"))
    return Certificates(design_digest=digest, memories=memories, errors=errors, nodes=nodes)


def _error(entry: object, where: str) -> ErrorClaim:
    fields = _take(entry, ErrorClaim, where)
    causes = fields["by_cause"]
    lists = {"error_bound": fields["error_bound"], **{cause: causes.get(cause) for cause in CAUSES}}
    for key, values in lists.items():
        if not isinstance(values, list) or len(values) != len(lists["error_bound"]):
            raise LoadError(f"{where}: {key} must hold a number for each element, not {values!r}")
        if not values or any(isinstance(v, bool) or not isinstance(v, int | float) for v in values):
            raise LoadError(f"{where}: {key} must hold numbers, not {values!r}")
    return ErrorClaim(**fields)


def _proof(entry: object, where: str) -> MemoryProof:
    fields = _take(entry, MemoryProof, where)
    parts = {
        key: None if fields[key] is None else kind(**_take(fields[key], kind, f"{where}: {key}"))
        for key, kind in (("loop", LoopReport), ("residue", ResidueReport))
    }
    return MemoryProof(**{**fields, **parts})


_KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "bool": (bool,),
    "int": (int,),
    "int | None": (int, type(None)),
    "float": (int, float),
    "float | None": (int, float, type(None)),
    "list[float]": (list,),
    "dict[str, list[float]]": (dict,),
}


def _take(entry: object, kind: type, where: str) -> dict[str, Any]:
    """Return the fields of a dataclass from a JSON object, checked for presence and type."""
    if not isinstance(entry, dict):
        raise LoadError(f"{where}: must be a JSON object, not {entry!r}")
    taken = {}
    for field in dataclasses.fields(kind):
        if field.name not in entry:
            raise LoadError(
                f"{where}: the key {field.name!r} is missing; generate the design again"
            )
        value = entry[field.name]
        kinds = _KINDS.get(str(field.type))
        if kinds is not None:
            # A bool is an int to Python, but not to a reader of this file.
            fits = isinstance(value, kinds) and isinstance(value, bool) == (kinds == (bool,))
            if not fits:
                raise LoadError(
                    f"{where}: {field.name} must be of type {field.type}, not {value!r}"
                )
        taken[field.name] = value
    return taken


def _sentence(mismatch: object) -> str | None:
    """Return a first mismatch as words, whether it came as text or as an object."""
    if mismatch is None or isinstance(mismatch, str):
        return mismatch
    if isinstance(mismatch, dict):
        shown = {key: "nothing" if value is None else value for key, value in mismatch.items()}
        return ", ".join(f"{key} {value}" for key, value in shown.items())
    return json.dumps(mismatch)


def _parsed(data: bytes, path: Path) -> Any:
    try:
        return read_json(data)
    except ValueError as error:
        raise LoadError(f"{path}: cannot be read: {error}") from None
