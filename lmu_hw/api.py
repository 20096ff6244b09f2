# SPDX-License-Identifier: Apache-2.0
"""Layer 5: the verbs, for Python; the command line calls the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmu_hw.design import Design, calibration_subset, synthetic_input
from lmu_hw.lmu import Network
from lmu_hw.load import load
from lmu_hw.quantize import Config, Options
from lmu_hw.quantize import configure as choose

if TYPE_CHECKING:
    from fractions import Fraction

    from lmu_hw.report import Comparison, Report
    from lmu_hw.search import Cost, Limits, SearchResult, SweepReport
    from lmu_hw.simulate import Result

__all__ = [
    "calibration_data",
    "compare",
    "configure",
    "emit",
    "load",
    "quantize",
    "read_design",
    "report",
    "search",
    "simulate",
    "sweep",
]

Array = NDArray[np.generic]


def configure(network: Network, calibration: Array | None = None, **options: Any) -> Config:
    """Choose every format of a design.

    Parameters
    ----------
    network : Network
        From `load`.
    calibration : (sequences, steps, inputs) array, optional
        In the network's own units. Without it, ranges come from noise in -1 to 1.
    **options
        Of `lmu_hw.quantize.Options`: ``weight_bits``, ``memory_bits``, ``state_bits``,
        ``activation_bits``, ``input_bits``, ``input_scale``, ``basis``, ``margin``,
        ``memory_range``, ``error_feedback``, ``repair``, ``realization``, ``memory_tolerance``,
        ``refit``, ``horizon``.

    Returns
    -------
    Config
        Every format; ``config.to_toml()`` is a file to edit.
    """
    return choose(network, calibration_data(network, calibration), Options(**options))


def quantize(
    network: Network,
    calibration: Array | None = None,
    *,
    config: Config | None = None,
    **options: Any,
) -> Design:
    """Quantize a trained network.

    Parameters
    ----------
    network, calibration, **options
        As for `configure`.
    config : Config, optional
        Formats to use instead of choosing them.

    Returns
    -------
    Design
        With `predict` and `trace`.
    """
    data = calibration_data(network, calibration)
    chosen = choose(network, data, Options(**options)) if config is None else config
    return Design.build(network, chosen, data)


def emit(
    design: Design,
    directory: str | Path,
    *,
    lanes: int | None = 16,
    name: str | None = None,
    reloadable: bool = False,
    progress: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Write a design as Verilog with manifest and ROM contents; see `lmu_hw.emit.emit`."""
    from lmu_hw.emit import emit as write

    return write(
        design, directory, lanes=lanes, name=name, reloadable=reloadable, progress=progress
    )


def read_design(directory: str | Path) -> Design:
    """Read the design in a folder that `emit` wrote."""
    return Design.read(directory)


def simulate(
    directory: str | Path,
    x: Array | None = None,
    *,
    simulators: Sequence[str] = ("icarus", "verilator"),
    seed: int = 0,
    max_cycles: int | None = None,
    waves: bool = False,
    theta: float | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[Result]:
    """Run the emitted Verilog against the golden model; see `lmu_hw.simulate.simulate`."""
    from lmu_hw.simulate import Simulator
    from lmu_hw.simulate import simulate as run

    return run(
        directory,
        x,
        simulators=[Simulator(name) for name in simulators],
        seed=seed,
        max_cycles=max_cycles,
        waves=waves,
        theta=theta,
        progress=progress,
    )


def report(
    directory: str | Path,
    x: Array | None = None,
    labels: Array | None = None,
    *,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Write the quantization error report of a design; see `lmu_hw.report.write_report`."""
    from lmu_hw.report import write_report

    return write_report(directory, x, labels, progress)


def compare(directories: Sequence[str | Path]) -> Comparison:
    """Compare the reports of two or more designs; see `lmu_hw.report.compare`."""
    from lmu_hw.report import compare as side_by_side

    return side_by_side(directories)


def search(
    network: Network,
    x: Array,
    labels: Array | None = None,
    *,
    target_error: float | Fraction | None = None,
    target_accuracy: float | Fraction | None = None,
    cost: Cost | str = "multiplier-area",
    limits: Limits | None = None,
    sequences: int | None = None,
    jobs: int | None = 1,
    scheduler: str | None = None,
    progress: Callable[[str, int, int | None], None] | None = None,
    **options: Any,
) -> SearchResult:
    """Find the cheapest word lengths that reach a target; see `lmu_hw.search.search`.

    Parameters
    ----------
    network : Network
        From `load`.
    x : (sequences, steps, inputs) array
        In the network's own units; ranges come from it, and designs are measured on it.
    labels : array, optional
        Integer classes of `x`, for `target_accuracy`.
    target_error : number
        Largest ``rms(fixed - float) / rms(float)`` of the outputs.
    target_accuracy : number
        Smallest share of answers that are the label, 0 to 1. Exactly one target must be given.
    cost : Cost or str
        ``multiplier-area``, ``coefficient-bits``, or ``state-bits``.
    limits : Limits, optional
        Narrowest and widest word length of each knob.
    sequences : int, optional
        Measure on at most so many, evenly spread; None: 10,000.
    jobs : int or None
        Processes; None: one for each core. A script that asks for more than one must be
        importable: its own work stands below ``if __name__ == "__main__":``.
    scheduler : str, optional
        Address of a Dask scheduler, whose cluster is used instead.
    progress : callable, optional
        Called with a stage, what is done of it, and what there is to do (None: not known).
    **options
        As for `configure`; a word length that is given is not searched.

    Returns
    -------
    SearchResult
        ``result.design`` is ready for `emit`.
    """
    from lmu_hw.search import Cost, Knob, Workers
    from lmu_hw.search import search as find
    from lmu_hw.search.target import target_of

    knobs = {knob.value: knob for knob in Knob}
    return find(
        network,
        calibration_data(network, x),
        x,
        labels,
        target=target_of(error=target_error, accuracy=target_accuracy),
        options=Options(**options),
        fixed=[knobs[name] for name in options if name in knobs and options[name] is not None],
        limits=limits,
        cost=Cost(cost),
        sequences=sequences,
        workers=Workers(jobs=jobs, scheduler=scheduler),
        progress=progress,
    )


def sweep(
    network: Network,
    x: Array,
    labels: Array | None = None,
    *,
    directory: str | Path | None = None,
    cost: Cost | str = "multiplier-area",
    sequences: int | None = None,
    jobs: int | None = 1,
    scheduler: str | None = None,
    restart: bool = False,
    progress: Callable[[str, int, int | None], None] | None = None,
    **options: Any,
) -> SweepReport:
    """Measure a grid of word lengths; see `lmu_hw.search.sweep`.

    Parameters
    ----------
    network, x, cost, sequences, jobs, scheduler, progress
        As for `search`.
    labels : array, optional
        Integer classes of `x`, for accuracy, or real targets, for NRMSE.
    directory : str or Path, optional
        Gets ``sweep.json`` and ``sweep.html``. A sweep that was interrupted leaves its points
        there, and goes on from them.
    restart : bool
        Forget what an interrupted sweep has left.
    **options
        As for `configure`; ``weight_bits``, ``memory_bits``, ``state_bits`` and
        ``activation_bits`` are a number or several, such as ``range(4, 13)``.
    """
    from lmu_hw.search import Cost, Knob, Workers, checked_folder, write_sweep
    from lmu_hw.search import sweep as measure
    from lmu_hw.search.write import JOURNAL_FILE

    grid = {}
    for knob in Knob:
        bits = options.pop(knob.value, None)
        if bits is not None:
            grid[knob] = [bits] if isinstance(bits, Integral) else bits
    folder = None if directory is None else checked_folder(directory)
    report = measure(
        network,
        calibration_data(network, x),
        x,
        labels,
        grid=grid,
        options=Options(**options),
        cost=Cost(cost),
        sequences=sequences,
        workers=Workers(jobs=jobs, scheduler=scheduler),
        journal=None if folder is None else folder / JOURNAL_FILE,
        restart=restart,
        progress=progress,
    )
    if folder is not None:
        write_sweep(report, folder)
    return report


def calibration_data(network: Network, x: Array | None) -> NDArray[np.float64]:
    """Return what ranges are taken from: evenly spaced sequences of `x`, or noise in -1 to 1."""
    if x is None:
        return synthetic_input(network)
    if x.ndim == 3 and x.shape[1]:
        x = calibration_subset(x)  # before it is copied: it may be huge
    return network.check_input(x, what="calibration data")
