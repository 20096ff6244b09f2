# SPDX-License-Identifier: Apache-2.0
"""The hardware of spiking memories in Amaranth's simulator: every word, every cycle."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from amaranth.sim import Simulator

from lmu_hw.errors import ConfigError
from lmu_hw.network import element_bits
from lmu_hw.spiking import population
from lmu_hw.spiking.currents import Currents
from lmu_hw.spiking.golden import SpikingModel
from lmu_hw.spiking.hardware import SpikingTop, spiking_verilog
from lmu_hw.spiking.memory import GENERATOR
from lmu_hw.spiking.population import Population
from tests.spiking_memories import full_scale, small

SEQUENCES = [full_scale(8, seed) for seed in range(3)]


class Bench:
    """Sends all sequences, with pauses or without, and takes what comes."""

    def __init__(self, top: SpikingTop, stalls: bool) -> None:
        self.top = top
        self.random = np.random.default_rng(1) if stalls else None
        self.answers: list[tuple[int, int]] = []
        self.spikes: list[int] = []
        self.taken: list[int] = []
        simulator = Simulator(top)
        simulator.add_clock(1e-8)
        simulator.add_testbench(self.source)
        simulator.add_testbench(self.sink)
        simulator.add_testbench(self.watch, background=True)
        simulator.run()

    async def pause(self, ctx) -> None:
        if self.random is not None:
            await ctx.tick().repeat(int(self.random.integers(1, 150)))

    async def source(self, ctx) -> None:
        top, bits = self.top, len(self.top.s_axis_tdata)
        for sequence in SEQUENCES:
            for step, code in enumerate(sequence.tolist()):
                ctx.set(top.s_axis_tvalid, 0)
                await self.pause(ctx)
                ctx.set(top.s_axis_tdata, code & (1 << bits) - 1)
                ctx.set(top.s_axis_tlast, int(step == len(sequence) - 1))
                ctx.set(top.s_axis_tvalid, 1)
                await ctx.tick().until(top.s_axis_tready)
        ctx.set(top.s_axis_tvalid, 0)

    async def sink(self, ctx) -> None:
        top = self.top
        for _ in range(sum(map(len, SEQUENCES))):
            ctx.set(top.m_axis_tready, 0)
            await self.pause(ctx)
            ctx.set(top.m_axis_tready, 1)
            sampled = ctx.tick().sample(top.m_axis_tdata, top.m_axis_tlast)
            self.answers.append(await sampled.until(top.m_axis_tvalid))

    async def watch(self, ctx) -> None:
        top, cycle = self.top, 0
        signals = (top.trace_valid, top.trace_spikes, top.s_axis_tvalid, top.s_axis_tready)
        async for _, _, valid, spikes, offered, ready in ctx.tick().sample(*signals):
            self.spikes += [spikes] * valid
            self.taken += [cycle] * (offered & ready)
            cycle += 1

    def states(self) -> np.ndarray:
        """Return the answers as codes (steps, d)."""
        memory = self.top.memory
        bits = element_bits(memory.states)
        found = [
            [data >> bits * j & (1 << bits) - 1 for j in range(memory.order)]
            for data, _ in self.answers
        ]
        codes = np.array(found)
        return codes - (codes >> bits - 1 << bits)


def equal(bench: Bench) -> bool:
    """Say whether all states, spikes and ends of sequences are those of the golden model."""
    model = SpikingModel(bench.top.memory)
    traces = [model.run(sequence) for sequence in SEQUENCES]
    states = np.concatenate([trace.states for trace in traces])
    spikes = np.concatenate([trace.spikes for trace in traces])
    lasts = [step == len(s) - 1 for s in SEQUENCES for step in range(len(s))]
    return (
        np.array_equal(bench.states(), states)
        and np.array_equal(np.reshape(bench.spikes, spikes.shape), spikes)
        and [bool(last) for _, last in bench.answers] == lasts
    )


@pytest.mark.parametrize("stalls", [False, True], ids=["full load", "stalls"])
@pytest.mark.parametrize(
    ("order", "neurons", "lanes"),
    [(1, 2, 1), (1, 4, 4), (3, 8, 1), (3, 8, 8), (5, 4, 2)],
)
def test_every_word_is_that_of_the_golden_model(order, neurons, lanes, stalls):
    bench = Bench(SpikingTop(small(order, neurons), lanes), stalls)
    assert equal(bench)
    if not stalls:
        assert set(np.diff(bench.taken[1:])) == {bench.top.initiation_interval}


def test_a_current_that_saturates_is_that_of_the_golden_model():
    memory = small(3, 4, range_bits=-1)
    assert SpikingModel(memory).run(SEQUENCES[0]).saturated
    assert equal(Bench(SpikingTop(memory, 2), stalls=False))


@pytest.mark.parametrize("shift", ["first", "third"])
def test_another_generator_fails(monkeypatch, shift):
    other = replace(GENERATOR, **{shift: getattr(GENERATOR, shift) + 1})
    monkeypatch.setattr(population, "GENERATOR", other)
    assert not equal(Bench(SpikingTop(small(), 2), stalls=False))


def test_other_seeds_fail(monkeypatch):
    monkeypatch.setattr(population, "SEEDER", GENERATOR)
    assert not equal(Bench(SpikingTop(small(), 2), stalls=False))


@pytest.mark.parametrize(
    ("make", "latency"),
    [(lambda: Currents(small(4)), 10), (lambda: Population(small(4, 16), 4), 8)],
    ids=["currents", "population"],
)
def test_a_part_is_done_after_its_latency(make, latency):
    part = make()

    async def check(ctx):
        ctx.set(part.start, 1)
        await ctx.tick()
        ctx.set(part.start, 0)
        await ctx.tick().repeat(part.latency - 1)
        assert ctx.get(part.done)
        await ctx.tick()
        assert not ctx.get(part.done)

    simulator = Simulator(part)
    simulator.add_clock(1e-8)
    simulator.add_testbench(check)
    simulator.run()
    assert part.latency == latency


def test_nothing_has_a_power_up_value_but_coefficients():
    text = spiking_verilog(small(), 2, name="spikes")["spikes.v"]
    body = text[: text.index("`ifdef")]
    assert "initial" not in body
    assert re.findall(r"^\s*(?:output )?reg\b.*=.*", body, re.M) == []


def test_two_designs_share_no_module_and_no_file():
    names = ("left", "right")
    left, right = (spiking_verilog(small(), 2, name=name) for name in names)
    modules = [
        set(re.findall(r"^module (\w+)", files[f"{name}.v"], re.M))
        for files, name in zip((left, right), names, strict=True)
    ]
    assert len(modules[0]) > 3
    assert not modules[0] & modules[1]
    assert not set(left) & set(right)


def test_the_name_of_a_spiking_design_is_checked():
    with pytest.raises(ConfigError, match="must be no keyword"):
        spiking_verilog(small(), 2, name="module")
