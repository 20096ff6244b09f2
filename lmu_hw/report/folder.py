# SPDX-License-Identifier: Apache-2.0
"""What others left in a design's folder: hardware totals and simulation results."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from lmu_hw.errors import LoadError
from lmu_hw.report.document import HardwareReport, LayerHardware, SimulationReport

__all__ = ["read_hardware", "read_simulations"]


def read_hardware(folder: Path) -> HardwareReport:
    """Return the totals in the folder's ``manifest.json``.

    Raises
    ------
    LoadError
        If the file or one of its keys is missing, or holds the wrong kind of value.
    """
    path = folder / "manifest.json"
    manifest = _read(path)
    if not isinstance(manifest, dict):
        raise LoadError(f"{path}: must hold a JSON object, not {type(manifest).__name__}")
    layers = manifest.get("layers", [])
    if not isinstance(layers, list):
        raise LoadError(f"{path}: layers must be a list, not {layers!r}")
    built = tuple(
        LayerHardware(**_take(layer, LayerHardware, f"{path}: layers[{index}]"))
        for index, layer in enumerate(layers)
    )
    fields = _take(manifest, HardwareReport, str(path))
    return HardwareReport(**{**fields, "layers": built})


def read_simulations(folder: Path) -> tuple[SimulationReport, ...]:
    """Return the runs in the folder's ``simulation.json``; none if there is no such file.

    Raises
    ------
    LoadError
        If the file is damaged.
    """
    path = folder / "simulation.json"
    if not path.is_file():
        return ()
    runs = _read(path)
    if not isinstance(runs, list):
        raise LoadError(f"{path}: must hold a list of runs, not {type(runs).__name__}")
    found = []
    for index, run in enumerate(runs):
        fields = _take(run, SimulationReport, f"{path}: [{index}]")
        first = fields["first_mismatch"]
        found.append(SimulationReport(**{**fields, "first_mismatch": _sentence(first)}))
    return tuple(found)


_KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "float | None": (int, float, type(None)),
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
        if kinds is not None and (not isinstance(value, kinds) or isinstance(value, bool)):
            raise LoadError(f"{where}: {field.name} must be of type {field.type}, not {value!r}")
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


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LoadError(
            f"{path.parent}: must be a folder written by 'lmu-hw generate', but there is no "
            f"{path.name} in it"
        ) from None
    except (OSError, ValueError) as error:
        raise LoadError(f"{path}: cannot be read: {error}") from None
