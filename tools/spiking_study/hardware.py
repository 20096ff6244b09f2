# SPDX-License-Identifier: Apache-2.0
"""Spiking memories and deterministic ones as hardware: words compared, area, error."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lmu_hw.golden import GoldenModel
from lmu_hw.lmu import Discretizer
from lmu_hw.network import QuantizedNetwork
from lmu_hw.simulate import Simulator
from lmu_hw.simulate.stimuli import Sequence, Stall
from lmu_hw.spiking.hardware import spiking_verilog
from lmu_hw.spiking.memory import SpikingMemory
from lmu_hw.spiking.simulate import SpikingResult, simulate_spiking
from tools.memory_bench.area import Area, synthesise
from tools.memory_bench.cells import folded
from tools.memory_bench.networks import (
    HEARD,
    Bits,
    dense_network,
    memory_of,
    semiseparable_network,
    signed_memory,
)
from tools.spiking_study.errors import SOURCE, Setup, input_codes

__all__ = ["Deterministic", "area_of", "compare", "deterministic_cells"]

_FAMILY = "ecp5"
_TOP = "spiking"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deterministic:
    """A memory without neurons.

    Attributes
    ----------
    error : float
        RMS over time of the norm of the error of all states, against the same memory in float.
    """

    name: str
    area: Area
    cycles: int
    error: float


def compare(
    memory: SpikingMemory, lanes: int, simulator: Simulator, steps: int, name: str
) -> SpikingResult:
    """Run the emitted Verilog: at full load, then a short sequence for each kind of stall."""
    codes = input_codes(name, steps)[:, None]
    sequences = [
        Sequence(name="", codes=codes[: steps if stall == 0 else max(steps // 8, 4)], stall=stall)
        for stall in map(Stall, range(4))
    ]
    return simulate_spiking(memory, lanes, sequences, simulator=simulator)


def area_of(memory: SpikingMemory, lanes: int) -> Area:
    """Synthesise a spiking memory without multipliers of the FPGA."""
    return _area(spiking_verilog(memory, lanes, name=_TOP), f"{_TOP}.v", _TOP)


def deterministic_cells(setup: Setup, order: int, name: str) -> list[Deterministic]:
    """Return the memories of this project of one order and window, folded to one multiplier."""
    theta = float(setup.theta)
    networks = {
        f"{kind}, {bits} bits": (network, method)
        for bits in (8, 12, 16)
        for kind, network, method in (
            ("dense", dense_network(order, theta, Bits(bits)), Discretizer.ZOH),
            ("semiseparable", semiseparable_network(order, theta, bits), Discretizer.BILINEAR),
        )
    }
    found = []
    for label, (network, method) in networks.items():
        cell = folded(network)
        found.append(
            Deterministic(
                name=label,
                area=_area(cell.files, "cell.v", cell.top),
                cycles=cell.cycles,
                error=_error(network, method, setup, name),
            )
        )
    return found


def _area(files: dict[str, str], source: str, top: str) -> Area:
    with tempfile.TemporaryDirectory() as name:
        for file, text in files.items():
            (Path(name) / file).write_text(text)
        return synthesise(Path(name), source, top, _FAMILY, dsp=False)


def _error(network: QuantizedNetwork, method: Discretizer, setup: Setup, name: str) -> float:
    """Return the error of the states, for what the memory hears as for a whole input."""
    codes = input_codes(name, setup.steps)
    found, _ = GoldenModel(network).run(codes[None, :, None])
    node = memory_of(network)
    A, B = signed_memory(node.rows, float(setup.theta), method)
    exact, x = np.empty(found[0].shape), np.zeros(node.rows)
    for t, u in enumerate(codes * SOURCE.ulp):
        exact[t] = x = A @ x + B * u
    error = found[0] * (node.requant.format.ulp / HEARD) - exact
    return float(np.sqrt(np.mean(np.sum(error[2 * setup.theta :] ** 2, axis=1))))
