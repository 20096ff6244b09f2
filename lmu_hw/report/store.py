# SPDX-License-Identifier: Apache-2.0
"""The JSON file of a report: sorted, without NaN, and read back to an equal report."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

from lmu_hw.errors import LoadError
from lmu_hw.files import read_json
from lmu_hw.folder import DesignFolder
from lmu_hw.report.claims import (
    ErrorReport,
    LoopReport,
    MemoryProof,
    MemoryReport,
    NoiseReport,
    RangeReport,
    ResidueReport,
)
from lmu_hw.report.document import (
    DataReport,
    ExampleReport,
    HardwareReport,
    LayerHardware,
    Report,
    SignalReport,
    SimulationReport,
    TaskReport,
)

__all__ = ["read_report", "to_json"]

VERSION = 3


def to_json(value: Any, **more: Any) -> str:
    """Return sorted, indented JSON of a dataclass, with arrays of numbers on one line each."""
    document = {"version": VERSION, **dataclasses.asdict(value), **more}
    return _layout(document, "") + "\n"


def _layout(value: Any, indent: str) -> str:
    deeper = indent + "  "
    if isinstance(value, dict) and value:
        items = [
            f"{deeper}{json.dumps(key)}: {_layout(value[key], deeper)}" for key in sorted(value)
        ]
        return "{\n" + ",\n".join(items) + f"\n{indent}}}"
    if isinstance(value, list | tuple) and any(isinstance(v, dict | list | tuple) for v in value):
        return "[\n" + ",\n".join(deeper + _layout(v, deeper) for v in value) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def read_report(folder: DesignFolder) -> Report:
    """Read the report that `write_report` left in a design's folder.

    Raises
    ------
    LoadError
        If there is none, or if it is damaged, changed, of another version or another design.
    """
    path = folder.path / folder.REPORT
    again = f"run 'lmu-hw report {folder.path}'"
    data = folder.results.read(folder.REPORT)
    if data is None:
        raise LoadError(f"{folder.path}: holds no {folder.REPORT}; {again} first")
    try:
        document = read_json(data)
    except ValueError as error:
        raise LoadError(f"{path}: cannot be read ({error}); {again} again") from None
    version = document.get("version") if isinstance(document, dict) else None
    if version != VERSION:
        raise LoadError(
            f"{path}: must be a report of version {VERSION}, not {version!r}; {again} again"
        )
    try:
        return _build(document)
    except (KeyError, TypeError, AttributeError) as error:
        raise LoadError(f"{path}: is damaged ({error!r}); {again} again") from None


def _build(document: dict[str, Any]) -> Report:
    fields = {field.name: document[field.name] for field in dataclasses.fields(Report)}
    hardware = fields["hardware"]
    if hardware is not None:
        layers = tuple(LayerHardware(**layer) for layer in hardware["layers"])
        fields["hardware"] = HardwareReport(**{**hardware, "layers": layers})
    fields["data"] = DataReport(**fields["data"])
    fields["task"] = TaskReport(**fields["task"])
    fields["example"] = ExampleReport(**_tuples(fields["example"]))
    fields["signals"] = tuple(_signal(entry) for entry in fields["signals"])
    fields["memories"] = tuple(_memory(entry) for entry in fields["memories"])
    fields["simulations"] = tuple(SimulationReport(**entry) for entry in fields["simulations"])
    fields["longer"] = tuple(fields["longer"])
    return Report(**fields)


def _signal(entry: dict[str, Any]) -> SignalReport:
    parts = {
        "range": _part(RangeReport, entry["range"]),
        "certified": _part(ErrorReport, entry["certified"]),
    }
    return SignalReport(**{**_tuples(entry), **parts})


def _memory(entry: dict[str, Any]) -> MemoryReport:
    proof = entry["proof"]
    if proof is not None:
        loop, residue = _part(LoopReport, proof["loop"]), _part(ResidueReport, proof["residue"])
        proof = MemoryProof(**{**proof, "loop": loop, "residue": residue})
    noise = NoiseReport(**_tuples(entry["noise"]))
    return MemoryReport(**{**entry, "noise": noise, "proof": proof})


def _part(kind: Callable[..., Any], entry: dict[str, Any] | None) -> Any:
    return None if entry is None else kind(**_tuples(entry))


def _tuples(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: _tuple(value) for key, value in entry.items()}


def _tuple(value: Any) -> Any:
    return tuple(_tuple(item) for item in value) if isinstance(value, list) else value
