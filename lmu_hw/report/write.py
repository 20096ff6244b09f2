# SPDX-License-Identifier: Apache-2.0
"""Reporting on a design's folder: ``report.json`` and ``report.html``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmu_hw.design import Design
from lmu_hw.errors import LoadError, NetworkError
from lmu_hw.folder import DesignFolder
from lmu_hw.implement.record import read_implementations, rtl_digest, rtl_files
from lmu_hw.measure.adversary import has_feedback_loop, search_worst
from lmu_hw.measure.results import CALIBRATION, Report
from lmu_hw.measure.run import measure
from lmu_hw.measure.simulation import read_simulations
from lmu_hw.proofs import Summary
from lmu_hw.report.certificates import with_certificates
from lmu_hw.report.evidence import read_certificates, read_hardware, read_hardware_proof
from lmu_hw.report.json_file import to_json
from lmu_hw.report.verdict import verdict
from lmu_hw.sequences import SequencesLike

__all__ = ["measure_folder", "report_json", "write_report"]


def write_report(
    directory: str | Path,
    x: SequencesLike | None = None,
    labels: SequencesLike | None = None,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Measure a design and write ``report.json`` and ``report.html`` into its folder.

    Parameters
    ----------
    directory : path
        Written by ``lmu-hw generate``.
    x : (sequences, steps, inputs), optional
        In the network's own units; None: the design's calibration data, and the report says so.
    labels : array, optional
        See `measure`.
    progress : callable, optional
        Called with the number of sequences done since the last call.

    Raises
    ------
    ConfigError
        If a report that somebody changed is in the way.
    LoadError
        If the folder does not hold a design, or its parts do not belong together.
    NetworkError
        If x or labels do not fit the network.
    """
    folder = DesignFolder(directory)
    folder.results.check(folder.REPORT, folder.PAGE)
    report = measure_folder(folder, x, labels, progress)
    from lmu_hw.report.page import report_page  # jinja2 loads here only

    page = report_page(report)
    folder.results.write(folder.REPORT, report_json(report).encode())
    folder.results.write(folder.PAGE, page.encode())
    return report


def measure_folder(
    folder: DesignFolder,
    x: SequencesLike | None,
    labels: SequencesLike | None,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Return what `write_report` writes."""
    design = Design.read(folder.path)
    hardware = read_hardware(folder)
    simulations, summary = read_simulations(folder), read_certificates(folder)
    if summary.design_digest != design.digest:
        raise LoadError(
            f"{folder.path / folder.SUMMARY}: describes another design than {folder.NETWORK}; "
            "generate the design again"
        )
    if x is None and labels is not None:
        raise NetworkError("labels must come with the data they belong to: give x as well")
    data = design.check_input(design.calibration if x is None else x)
    bounds = _output_bounds(design, summary, data.longest)
    report = measure(design, data, labels, progress, bounds=bounds)
    report = with_certificates(report, design.network, summary, where=folder.path)
    source = CALIBRATION if x is None else report.data.source
    return dataclasses.replace(
        report,
        data=dataclasses.replace(report.data, source=source),
        adversary=search_worst(design, data) if has_feedback_loop(design.network) else None,
        hardware=hardware,
        simulations=simulations,
        implementations=read_implementations(folder),
        hardware_proof=read_hardware_proof(folder),
        rtl=rtl_digest(rtl_files(folder)),
    )


def _output_bounds(design: Design, summary: Summary, steps: int) -> NDArray[np.float64] | None:
    """Return the error bounds of all outputs in sequences of so many steps, if they have some."""
    parts = [summary.error_of(name) for name in design.network.layers[-1].outputs]
    early = steps <= summary.steps
    bounds = [error.within if early else error.total for error in parts if error is not None]
    return np.concatenate(bounds) if len(bounds) == len(parts) else None


def report_json(report: Report) -> str:
    """Return the JSON of a report, with its verdict in words."""
    words = verdict(report)
    return to_json(
        report,
        verdict={
            "level": words.level.value,
            "headline": words.headline,
            "reasons": list(words.reasons),
            "sentences": list(words.sentences),
        },
    )
