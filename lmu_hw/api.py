# SPDX-License-Identifier: Apache-2.0
"""Layer 5: the verbs, for Python; the command line calls the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    from lmu_hw.report import Comparison, Report
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
    "simulate",
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
        ``activation_bits``, ``input_bits``, ``input_scale``, ``basis``, ``margin``.

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


def emit(design: Design, directory: str | Path, *, lanes: int | None = 16) -> dict[str, Any]:
    """Write a design as Verilog with manifest and ROM contents; see `lmu_hw.emit.emit`."""
    from lmu_hw.emit import emit as write

    return write(design, directory, lanes=lanes)


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


def calibration_data(network: Network, x: Array | None) -> NDArray[np.float64]:
    """Return what ranges are taken from: evenly spaced sequences of `x`, or noise in -1 to 1."""
    if x is None:
        return synthetic_input(network)
    if x.ndim == 3 and x.shape[1]:
        x = calibration_subset(x)  # before it is copied: it may be huge
    return network.check_input(x, what="calibration data")
