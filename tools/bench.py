# SPDX-License-Identifier: Apache-2.0
"""Measure speed against a baseline run beside it; prints tables. Nothing here is a test."""

from __future__ import annotations

import argparse
import os
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


def cell() -> Network:
    """Return a memory of order 16, its states read once."""
    layer = LmuLayer(
        name="lmu",
        memory=Memory.legendre(16, 64.0, Discretizer.ZOH),
        E_x=np.ones((1, 1)),
        E_h=None,
        E_m=None,
        b_u=None,
        hidden=None,
        input_to_hidden=False,
        return_sequences=True,
    )
    weights = np.random.default_rng(0).normal(size=(1, 16)) / 4
    head = DenseLayer(name="head", W=weights, b=None, activation="linear")
    return Network(name="cell", layers=(layer, head))


def digits() -> Network:
    """Return the classifier of the examples."""
    return lmu_hw.load(Path(__file__).parents[1] / "examples" / "digits" / "model.safetensors")


def processor_seconds(call: Callable[[], object]) -> float:
    """Return the processor time of one call, that of the processes that it starts included."""
    before = os.times()
    call()
    return sum(os.times()[:4]) - sum(before[:4])


def steps_a_second(run: Callable[[int], object], few: int, many: int) -> float:
    """Return the steps for each second of a processor, without what every run takes."""
    run(few)  # compiled and searched for now
    least, most = (processor_seconds(partial(run, steps)) for steps in (few, many))
    return (many - few) / (most - least)


def simulation_speed(folder: Path) -> Table:
    """Return the steps a second of both benches on Verilator, every word compared."""
    speed = Table(title="Verilator, every word compared: steps for each second of a processor")
    for heading in ("Design", "Cycles per step", "Words per step", "cocotb", "--bulk", "Ratio"):
        speed.add_column(heading, justify="right" if heading != "Design" else "left")
    cases = {"digits, 16 lanes": (digits(), 16, 200), "order 16, unrolled": (cell(), None, 20_000)}
    for name, (network, lanes, few) in cases.items():
        random = np.random.default_rng(2)
        design = lmu_hw.quantize(network, random.uniform(-1, 1, (8, 200, 1)))
        target = folder / network.name
        lmu_hw.emit(design, target, lanes=lanes, stream_width="vector")

        def bench(steps: int, target: Path = target) -> None:
            x = np.random.default_rng(3).uniform(-1, 1, (steps // 100, 100, 1))
            lmu_hw.simulate(target, x, simulators=["verilator"])

        results = []

        def bulk(steps: int, target: Path = target, results: list = results) -> None:
            results[:] = lmu_hw.simulate(target, bulk=steps)

        slow, fast = (steps_a_second(run, few, 10 * few) for run in (bench, bulk))
        speed.add_row(
            name,
            f"{results[0].bulk.planned_cycles:,}",
            f"{sum(node.signal.size for node in design.network.nodes):,}",
            f"{slow:,.0f}",
            f"{fast:,.0f}",
            f"{fast / slow:.1f}",
        )
    return speed


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
    with tempfile.TemporaryDirectory() as folder:
        console.print(simulation_speed(Path(folder)))


if __name__ == "__main__":
    main()
