# SPDX-License-Identifier: Apache-2.0
"""What is done with the folder of a design."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from lmu_hw.report import Comparison, Report
    from lmu_hw.simulate import Result, Simulator
    from lmu_verify import Verdict

__all__ = ["compare", "report", "simulate", "verify"]

Array = NDArray[np.generic]


def simulate(
    directory: str | Path,
    x: Array | None = None,
    *,
    simulators: Collection[Simulator | str] = ("icarus", "verilator"),
    seed: int = 0,
    max_cycles: int | None = None,
    waves: bool = False,
    theta: float | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[Result]:
    """Run the emitted Verilog against the golden model; see `lmu_hw.simulate.simulate`."""
    from lmu_hw.simulate import simulate as run

    return run(
        directory,
        x,
        simulators=simulators,
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


def verify(
    directory: str | Path, *, progress: Callable[[str], None] | None = None
) -> list[Verdict]:
    """Check a design's folder and its certificate; see `lmu_hw.verification.verify`."""
    from lmu_hw.verification import verify as check

    return check(directory, progress=progress)
