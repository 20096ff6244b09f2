# SPDX-License-Identifier: Apache-2.0
"""A window of 100,000 steps on hardware: a delay line of order 100, through 200,000 steps.

No training: the read-out are the Legendre polynomials at five delays (Voelker et al. 2019, eq. 3).
The memory is semiseparable, of 12-bit coefficients. Prints what the float memory, the golden model
and the emitted Verilog make of band-limited noise, beside the certified bound.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from scipy.special import eval_sh_legendre

import lmu_hw
from lmu_hw.folder import DesignFolder
from lmu_hw.lmu import DenseLayer, Discretizer, LmuLayer, Memory, Network
from lmu_hw.quantize import Realization

Array = NDArray[np.float64]

DELAYS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""In windows."""


def delay_line(order: int, theta: float) -> Network:
    """Return a memory whose states are read at the five delays."""
    memory = LmuLayer(
        name="memory",
        memory=Memory.legendre(order, theta, Discretizer.ZOH),
        E_x=np.ones((1, 1)),
        E_h=None,
        E_m=None,
        b_u=None,
        hidden=None,
        input_to_hidden=False,
        return_sequences=True,
    )
    rows = [eval_sh_legendre(np.arange(order), delay) for delay in DELAYS]
    head = DenseLayer(name="delays", W=np.array(rows), b=None, activation="linear")
    return Network(name="delay_line", layers=(memory, head))


def band_limited(steps: int, cutoff: float) -> Array:
    """Return noise (1, steps, 1) without frequencies above `cutoff` cycles a step, below 1."""
    random = np.random.default_rng(0)
    spectrum = np.fft.rfft(random.normal(size=steps))
    spectrum[np.fft.rfftfreq(steps) > cutoff] = 0.0
    x = np.fft.irfft(spectrum, steps)
    return (0.9 * x / np.abs(x).max())[None, :, None]


def main() -> int:
    """Generate, run and compare; return 1 if a word differs or a bound is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--order", type=int, default=100)
    parser.add_argument("--theta", type=int, default=100_000)
    parser.add_argument("--simulators", nargs="*", default=["verilator"])
    options = parser.parse_args()
    order, theta = options.order, options.theta
    network = delay_line(order, float(theta))
    x = band_limited(2 * theta, order / (8.0 * theta))
    console = Console()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "delay_line"
        design = lmu_hw.quantize(
            network,
            x[:, :theta],
            realization=Realization.SEMISEPARABLE,
            weight_bits=16,
            memory_bits=12,
            state_bits=24,
        )
        manifest = lmu_hw.emit(design, folder, lanes=6)
        summary = json.loads(DesignFolder(folder).read(DesignFolder.SUMMARY))
        bounds = summary["errors"][-1]["error_bound"]
        ideal = network.run(x)[0]
        fixed = design.predict(x)[0]
        console.print(_table(x[0, :, 0], ideal, fixed, bounds, theta))
        with Progress(console=console, disable=not console.is_terminal) as progress:
            task = progress.add_task("simulation", total=2 * theta)
            results = lmu_hw.simulate(
                folder,
                x,
                simulators=options.simulators,
                max_cycles=2 * theta * manifest["cycles_last_step"],
                progress=lambda name, done, total: progress.update(
                    task, description=name, completed=done, total=total
                ),
            )
    console.print(_words(manifest, results))
    inside = all(
        np.abs(fixed - ideal)[:, place].max() <= bound for place, bound in enumerate(bounds)
    )
    return 0 if inside and all(result.passed for result in results) else 1


def _table(x: Array, ideal: Array, fixed: Array, bounds: list[float], theta: int) -> Table:
    table = Table(title=f"delays of a window of {theta:,} steps; RMS of the error by half")
    for heading in (
        *("Delay", "Float against x", "Fixed against x", "Fixed - float, first window"),
        *("second window", "Largest", "Certified"),
    ):
        table.add_column(heading, justify="right")
    for place, delay in enumerate(DELAYS):
        lag = int(delay * theta)
        wanted = x[theta - lag : 2 * theta - lag]
        off = fixed[:, place] - ideal[:, place]
        table.add_row(
            f"{lag:,}",
            f"{_rms(ideal[theta:, place] - wanted):.5f}",
            f"{_rms(fixed[theta:, place] - wanted):.5f}",
            f"{_rms(off[:theta]):.2e}",
            f"{_rms(off[theta:]):.2e}",
            f"{np.abs(off).max():.2e}",
            f"{bounds[place]:.2e}",
        )
    return table


def _words(manifest: dict, results: list) -> Table:
    (memory,) = manifest["memories"]
    table = Table(
        title=f"{memory['multiplications_per_step']:,} products a step in the memory, "
        f"{memory['coefficient_bits']:,} bits of coefficients, "
        f"{manifest['cycles_per_step']:,} cycles a step"
    )
    for heading in ("Simulator", "Steps", "Words compared", "Mismatches", "Verdict"):
        table.add_column(heading, justify="right")
    for result in results:
        verdict = "equal" if result.passed else result.failure or "different"
        table.add_row(
            result.simulator,
            f"{result.steps:,}",
            f"{result.words_compared:,}",
            f"{result.mismatches:,}",
            verdict,
        )
    return table


def _rms(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2)))


if __name__ == "__main__":
    raise SystemExit(main())
