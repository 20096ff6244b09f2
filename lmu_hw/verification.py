# SPDX-License-Identifier: Apache-2.0
"""Checking a design's folder: its certificate by `lmu_verify`, its Verilog by emitting it again."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lmu_hw.design import Design
from lmu_hw.errors import LoadError
from lmu_hw.folder import DesignFolder
from lmu_hw.integration import Subject, integration_files
from lmu_hw.manifest import manifest_of, read_choice, read_plan
from lmu_verify import BadFile, Verdict
from lmu_verify import verify as check

__all__ = ["ESTABLISHES", "verify"]

ESTABLISHES = (
    "the files are those that were certified, and rtl/ holds, byte for byte, what this version "
    "emits for design.safetensors; what the certificate claims of memories, ranges and errors "
    "follows from that file's integers and the float network in reference.safetensors, by a "
    "checker that shares no code with what made it. That the Verilog computes what the golden "
    "model does is not shown here: prove shows it, simulate compares word by word"
)
"""What it means that all verdicts hold."""

_FLOATS = 1e-6  # relative: another BLAS may round a deviation differently


def verify(
    directory: str | Path, *, progress: Callable[[str], None] | None = None
) -> list[Verdict]:
    """Check that a folder is a design whose certificate holds and whose Verilog belongs to it.

    Parameters
    ----------
    directory : str or Path
        That `emit` wrote.
    progress : callable, optional
        Told what is being checked.

    Returns
    -------
    list of Verdict
        All hold, or the folder is not what it says.

    Raises
    ------
    LoadError
        If a file is missing or malformed.
    """
    folder = DesignFolder(directory)
    _ = folder.manifest  # says what is wrong where this is no design
    try:
        verdicts = check(directory, progress=progress)
    except BadFile as error:
        raise LoadError(f"{error}; generate the design again") from None
    broken = next((v for v in verdicts if v.memory == "folder" and not v.holds), None)
    if broken is not None:
        reason = f"not compared: {broken.claim} do not hold"
    else:
        reason = _difference(folder, progress or (lambda text: None))
    detail = reason or "rtl/ and manifest.json are what this version emits for the design"
    emission = Verdict(memory="folder", claim="emission", holds=reason is None, detail=detail)
    return [*verdicts, emission]


def _difference(folder: DesignFolder, tell: Callable[[str], None]) -> str | None:
    """Return where the folder differs from what is emitted for its design, or None."""
    from lmu_hw.hdl import emit_verilog

    design = Design.read(folder.path)
    plan = read_plan(folder, design.network)
    tell(f"emitting {design.network.name} again")
    texts = emit_verilog(design.network, plan, digest=design.digest)
    emitted = {f"{folder.RTL}/{name}": text.encode() for name, text in texts.items()}
    written = {**manifest_of(design, plan), "choice": read_choice(folder, design.network)}
    rtl = tuple(sorted(emitted))
    emitted |= integration_files(Subject(design=design, plan=plan, manifest=written, rtl=rtl))
    listed = folder.emitted
    for name in sorted({*emitted, *listed}):
        if name not in emitted or name not in listed or folder.read(name) != emitted[name]:
            return f"{name} is not what is emitted for this design"
    for key, value in written.items():
        if key != "lmu_hw" and not _same(value, folder.manifest.get(key)):
            return f"manifest.json: {key} is not what is written for this design"
    return None


def _same(value: Any, stored: Any) -> bool:
    """Compare JSON values; floats to a millionth."""
    match value:
        case dict():
            keys = isinstance(stored, dict) and value.keys() == stored.keys()
            return keys and all(_same(part, stored[key]) for key, part in value.items())
        case list() | tuple():
            size = isinstance(stored, list) and len(value) == len(stored)
            return size and all(map(_same, value, stored))
        case float():
            return isinstance(stored, float) and math.isclose(value, stored, rel_tol=_FLOATS)
        case _:
            return type(value) is type(stored) and value == stored
