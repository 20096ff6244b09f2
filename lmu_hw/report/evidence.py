# SPDX-License-Identifier: Apache-2.0
"""What others left in a design's folder: hardware totals, simulation results, certificates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lmu_hw.errors import LoadError
from lmu_hw.files import read_json
from lmu_hw.folder import DesignFolder
from lmu_hw.measure.results import HardwareReport, SimulationReport
from lmu_hw.proofs import Summary, read_summary
from lmu_hw.records import decode
from lmu_hw.simulate.coverage_words import coverage_lines

__all__ = ["read_certificates", "read_hardware", "read_simulations"]


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


def read_certificates(folder: DesignFolder) -> Summary:
    """Return what is proved about a design, from the folder's ``certificate.json``.

    Raises
    ------
    LoadError
        If the file or one of its keys is missing, or holds the wrong kind of value.
    """
    data = folder.read(folder.SUMMARY)
    try:
        return read_summary(read_json(data))
    except ValueError as error:
        raise _damaged(folder.path / folder.SUMMARY, error) from None


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
