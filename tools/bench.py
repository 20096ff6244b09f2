# SPDX-License-Identifier: Apache-2.0
"""Measure speed against a baseline run beside it; prints tables. Nothing here is a test."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

import lmu_hw
from lmu_hw.lmu import DenseLayer, Discretizer, LmuLayer, Memory, Network, SimpleCell
from lmu_hw.plan import make_plan


def psmnist_size(steps: int = 784) -> Network:
    """Return a random network of the size of the paper's: order 256, 212 hidden units."""
    random = np.random.default_rng(0)
    order, units = 256, 212
    layer = LmuLayer(
        name="lmu",
        memory=Memory.legendre(order, float(steps), Discretizer.ZOH),
        E_x=np.ones((1, 1)),
        E_h=None,
        E_m=None,
        b_u=None,
        hidden=SimpleCell(
            W_m=random.normal(size=(units, order)) / np.sqrt(order),
            W_x=random.normal(size=(units, 1)),
            W_h=0.5 * random.normal(size=(units, units)) / np.sqrt(units),
            b=np.zeros(units),
            activation="tanh",
        ),
        input_to_hidden=True,
        return_sequences=False,
    )
    head = DenseLayer(
        name="head", W=random.normal(size=(10, units)), b=np.zeros(10), activation="linear"
    )
    return Network(name="psmnist_size", layers=(layer, head))


def seconds(call: Callable[[], object]) -> float:
    """Return the wall time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    """Print the golden model beside the float reference, and the schedule at several lanes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=500)
    sequences = parser.parse_args().sequences
    network = psmnist_size()
    x = np.random.default_rng(1).integers(0, 256, (sequences, 784, 1)) / 255.0
    design = lmu_hw.quantize(network, x[:32])
    console = Console(width=100)

    speed = Table(title=f"golden model against float64 NumPy, {sequences} sequences of 784 steps")
    for heading in ("Round", "Float, s", "Golden, s", "Golden / float"):
        speed.add_column(heading, justify="right")
    for number in range(3):
        reference = seconds(lambda: network.run(x))
        golden = seconds(lambda: design.predict(x))
        speed.add_row(str(number), f"{reference:.1f}", f"{golden:.1f}", f"{golden / reference:.2f}")
    console.print(speed)

    schedule = Table(title="order 256, 212 hidden units: schedule and emission")
    for heading in ("Lanes", "Array", "Cycles per step", "Busy multipliers", "Emission, s"):
        schedule.add_column(heading, justify="right")
    with tempfile.TemporaryDirectory() as folder:
        for lanes in (1, 2, 4, 8, 16, 32, 64):
            plan = make_plan(design.network, lanes)
            layer = plan.layers[0]
            took = seconds(partial(lmu_hw.emit, design, Path(folder) / "design", lanes=lanes))
            schedule.add_row(
                str(lanes),
                f"{layer.rows} x {layer.columns}",
                f"{plan.cycles(last_step=False):,}",
                f"{100 * plan.utilization(layer):.1f} %",
                f"{took:.1f}",
            )
    console.print(schedule)


if __name__ == "__main__":
    main()
