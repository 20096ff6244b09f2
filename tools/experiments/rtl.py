# SPDX-License-Identifier: Apache-2.0
"""A design on Verilator, every word compared with the golden model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

import lmu_hw
from lmu_hw.simulate import Result

__all__ = ["on_rtl", "require_equal"]


def on_rtl(
    folder: Path,
    x: NDArray[np.floating],
    *,
    what: str,
    console: Console,
    theta: float | None = None,
) -> Result:
    """Run all of `x` through the emitted Verilog; raise `RuntimeError` if a word differs.

    Parameters
    ----------
    folder : Path
        Written by `lmu_hw.emit`.
    x : (sequences, steps, inputs)
        In the network's own units.
    what : str
        Shown beside the progress.
    console : Console
    theta : float, optional
        First write the coefficients of this window, in steps.
    """
    with Progress(console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=None)
        (result,) = lmu_hw.simulate(
            folder,
            x,
            simulators=["verilator"],
            theta=theta,
            progress=lambda _, done, total: progress.update(task, completed=done, total=total),
        )
    require_equal(result, what, steps=x.shape[0] * x.shape[1])
    return result


def require_equal(result: Result, what: str, *, steps: int) -> None:
    """Raise `RuntimeError` unless all `steps` of the data ran and every word was equal."""
    if not result.passed:
        found = f"{result.mismatches:,} of {result.words_compared:,} words differ"
        raise RuntimeError(f"{what}: {result.failure or found}; nothing is written")
    if result.input_steps != steps:
        raise RuntimeError(f"{what}: {result.input_steps:,} of {steps:,} steps ran")
