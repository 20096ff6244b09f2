# SPDX-License-Identifier: Apache-2.0
"""A bench in Amaranth's simulator: a whole network against the golden model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from amaranth.hdl import Const
from amaranth.lib.wiring import Component
from amaranth.sim import Simulator

from lmu_hw.golden import GoldenModel
from lmu_hw.hdl.top import NetworkTop
from lmu_hw.network import QuantizedNetwork
from lmu_hw.plan import Plan

_PERIOD = 1e-6
_TIMEOUT = 200_000  # cycles; a bench that hangs must fail


@dataclass
class Run:
    """What a simulation saw; answers were complete in `cycles`."""

    answers: list[list[int]] = field(default_factory=list)
    lasts: list[bool] = field(default_factory=list)
    cycles: list[int] = field(default_factory=list)
    malformed: int = 0
    starts: dict[int, list[int]] = field(default_factory=dict)

    def intervals(self, layer: int) -> set[int]:
        """Return the distinct cycles between one step and the next of a layer."""
        return set(np.diff(self.starts[layer]).tolist())


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
        self.random = np.random.default_rng(2)
        self.cycle = self.beat = 0
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
        for address, word in self.writes:
            ctx.set(top.coefficient_write, 1)
            ctx.set(top.coefficient_address, address)
            ctx.set(top.coefficient_data, word)
            await ctx.tick()
            ctx.set(top.coefficient_write, 0)
        for x_codes in self.sequences:
            for t, beats in enumerate(self.plan.source.encode(x_codes)):
                for number, octets in enumerate(beats):
                    while random.random() < self.pause:
                        ctx.set(top.s_axis_tvalid, 0)
                        await ctx.tick()
                    ends = number == len(beats) - 1
                    self._offer(ctx, octets.tobytes(), ends=ends, last=t == len(x_codes) - 1)
                    await ctx.tick().until(top.s_axis_tready)
        ctx.set(top.s_axis_tvalid, 0)

    def _offer(self, ctx, octets: bytes, *, ends: bool, last: bool) -> None:
        """Offer a beat, which ends a vector or not, of the last step of a sequence or another."""
        top, packet = self.top, self.plan.source
        ctx.set(top.s_axis_tdata, int.from_bytes(octets, "little"))
        ctx.set(top.s_axis_tlast, ends and (packet.marks or last))
        ctx.set(top.s_axis_tvalid, 1)
        if not packet.whole:
            ctx.set(top.s_axis_tkeep, packet.keep(ends=ends))
        if packet.marks:
            ctx.set(top.s_axis_tuser, ends and last)

    async def _collect(self, ctx) -> None:
        for _ in self.expected:
            beats = [await self._beat(ctx) for _ in range(self.plan.answer.beats)]
            *others, last = (last for _, last in beats)
            assert not any(others)
            (codes,) = self.plan.answer.decode(np.array([[octets for octets, _ in beats]]))
            self.run.answers.append(codes.tolist())
            self.run.lasts.append(last)
            self.run.cycles.append(self.cycle)

    async def _beat(self, ctx) -> tuple[list[int], bool]:
        """Return the bytes of a beat of an answer, and whether it ends a sequence."""
        top, packet = self.top, self.plan.answer
        while self.random.random() < self.pause:
            ctx.set(top.m_axis_tready, 0)
            for _ in range(int(self.random.integers(1, 40))):
                await ctx.tick()
        ctx.set(top.m_axis_tready, 1)
        signals = [top.m_axis_tdata, top.m_axis_tlast]
        signals += [] if packet.whole else [top.m_axis_tkeep]
        signals += [top.m_axis_tuser] if packet.marks else []
        word, last, *others = await ctx.tick().sample(*signals).until(top.m_axis_tvalid)
        self.beat = (self.beat + 1) % packet.beats
        ends = self.beat == 0
        if not packet.whole:
            assert others[0] == packet.keep(ends=ends)
        if packet.marks:
            assert last == ends
            last = ends and others[1]
        return list(word.to_bytes(packet.bytes, "little")), bool(last)

    async def _watch(self, ctx) -> None:
        malformed = self.top.s_axis_malformed if self.plan.stream.packets else Const(0)
        signals = [malformed, *(layer.start for layer in self.top.layers)]
        async for _, _, wrong, *starts in ctx.tick().sample(*signals):
            self.run.malformed += wrong
            for index, start in enumerate(starts):
                if start:
                    self.run.starts[index].append(self.cycle)
            self.cycle += 1
            assert self.cycle < _TIMEOUT, f"{len(self.run.answers)} of {len(self.expected)} answers"

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
    assert not seen.malformed
    return seen


def drive(component: Component, testbench: Callable, watch: Callable | None = None) -> None:
    """Run a testbench on a component alone, beside one that watches until it ends."""
    simulator = Simulator(component)
    simulator.add_clock(_PERIOD)
    simulator.add_testbench(testbench)
    if watch is not None:
        simulator.add_testbench(watch, background=True)
    simulator.run()
