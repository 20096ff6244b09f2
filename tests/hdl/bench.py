# SPDX-License-Identifier: Apache-2.0
"""A bench in Amaranth's simulator: a whole network against the golden model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from amaranth.lib.wiring import Component
from amaranth.sim import Simulator

from lmu_hw.golden import GoldenModel
from lmu_hw.hdl.top import NetworkTop, element_bits
from lmu_hw.network import QuantizedNetwork, Signal
from lmu_hw.plan import Plan

_PERIOD = 1e-6
_TIMEOUT = 200_000  # cycles; a bench that hangs must fail


@dataclass
class Run:
    """What a simulation saw."""

    answers: list[list[int]] = field(default_factory=list)
    lasts: list[bool] = field(default_factory=list)
    starts: dict[int, list[int]] = field(default_factory=dict)

    def intervals(self, layer: int) -> set[int]:
        """Return the distinct cycles between one step and the next of a layer."""
        return set(np.diff(self.starts[layer]).tolist())


def pack_vector(codes: list[int], vector: Signal) -> int:
    """Return the AXI4-Stream data of a vector of codes."""
    bits = element_bits(vector)
    return sum((code & ((1 << bits) - 1)) << (bits * n) for n, code in enumerate(codes))


def unpack_vector(word: int, vector: Signal) -> list[int]:
    """Return the codes in AXI4-Stream data, of which every element must be properly extended."""
    bits = element_bits(vector)
    codes = []
    for n in range(vector.size):
        code = (word >> (bits * n)) & ((1 << bits) - 1)
        codes.append(code - (1 << bits) if vector.format.signed and code >> (bits - 1) else code)
    return codes


class Bench:
    """Streams sequences of input codes through a network, back to back."""

    def __init__(
        self,
        network: QuantizedNetwork,
        plan: Plan,
        sequences: list[np.ndarray],
        pause: float,
        writes: list[tuple[int, int]],
    ) -> None:
        self.network, self.plan, self.sequences = network, plan, sequences
        self.pause, self.writes = pause, writes
        self.top = NetworkTop(plan)
        self.run = Run(starts={n: [] for n in range(len(plan.layers))})
        self.expected, self.expected_lasts = self._golden()

    def _golden(self) -> tuple[list[list[int]], list[bool]]:
        golden = GoldenModel(self.network)
        answers, lasts = [], []
        for x_codes in self.sequences:
            y, _ = golden.run(x_codes[None])
            rows = y.reshape(-1, self.network.output.size).tolist()
            answers += rows
            lasts += [n == len(rows) - 1 for n in range(len(rows))]
        return answers, lasts

    async def _feed(self, ctx) -> None:
        top, random = self.top, np.random.default_rng(1)
        vector = self.network.layers[0].input
        for address, word in self.writes:
            ctx.set(top.coefficient_write, 1)
            ctx.set(top.coefficient_address, address)
            ctx.set(top.coefficient_data, word)
            await ctx.tick()
            ctx.set(top.coefficient_write, 0)
        for x_codes in self.sequences:
            for t, codes in enumerate(x_codes.tolist()):
                while random.random() < self.pause:
                    ctx.set(top.s_axis_tvalid, 0)
                    await ctx.tick()
                ctx.set(top.s_axis_tdata, pack_vector(codes, vector))
                ctx.set(top.s_axis_tlast, t == len(x_codes) - 1)
                ctx.set(top.s_axis_tvalid, 1)
                await ctx.tick().until(top.s_axis_tready)
        ctx.set(top.s_axis_tvalid, 0)

    async def _collect(self, ctx) -> None:
        top, random = self.top, np.random.default_rng(2)
        for _ in self.expected:
            while random.random() < self.pause:
                ctx.set(top.m_axis_tready, 0)
                for _ in range(int(random.integers(1, 40))):
                    await ctx.tick()
            ctx.set(top.m_axis_tready, 1)
            word, last = await (
                ctx.tick().sample(top.m_axis_tdata, top.m_axis_tlast).until(top.m_axis_tvalid)
            )
            self.run.answers.append(unpack_vector(word, self.network.output))
            self.run.lasts.append(bool(last))

    async def _watch(self, ctx) -> None:
        cycle = 0
        async for _, _, *starts in ctx.tick().sample(*[layer.start for layer in self.top.layers]):
            for index, start in enumerate(starts):
                if start:
                    self.run.starts[index].append(cycle)
            cycle += 1
            assert cycle < _TIMEOUT, f"{len(self.run.answers)} of {len(self.expected)} answers"

    def simulate(self) -> Run:
        """Return what came out."""
        simulator = Simulator(self.top)
        simulator.add_clock(_PERIOD)
        simulator.add_testbench(self._feed)
        simulator.add_testbench(self._collect)
        simulator.add_testbench(self._watch, background=True)
        simulator.run()
        return self.run


def simulate(
    network: QuantizedNetwork,
    plan: Plan,
    *,
    lengths: tuple[int, ...] = (1, 2, 5),
    pause: float = 0.0,
    x_codes: Iterable[np.ndarray] | None = None,
    writes: list[tuple[int, int]] | None = None,
) -> Run:
    """Run sequences of the given lengths; compare every word; return what was seen.

    `writes` are coefficients to load first, (address, word).
    """
    fmt, random = network.input.format, np.random.default_rng(3)
    sequences = [
        random.integers(fmt.min_code, fmt.max_code + 1, (steps, network.inputs))
        for steps in lengths
    ]
    if x_codes is not None:
        sequences = list(x_codes)
    bench = Bench(network, plan, sequences, pause, writes or [])
    seen = bench.simulate()
    assert len(seen.answers) > 0
    assert seen.answers == bench.expected
    assert seen.lasts == bench.expected_lasts
    return seen


def drive(component: Component, testbench: Callable) -> None:
    """Run a testbench on a component alone."""
    simulator = Simulator(component)
    simulator.add_clock(_PERIOD)
    simulator.add_testbench(testbench)
    simulator.run()
