# SPDX-License-Identifier: Apache-2.0
"""The memory of spiking neurons as hardware: `lanes` neurons a cycle, one multiplier."""

from __future__ import annotations

from amaranth.hdl import Module, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from lmu_hw.hdl.axi_stream import ToAxi
from lmu_hw.hdl.requantize import requantize
from lmu_hw.hdl.verilog import component_verilog
from lmu_hw.names import checked_name
from lmu_hw.network import Signal as Vector
from lmu_hw.network import element_bits
from lmu_hw.spiking.currents import Currents, current_cycles
from lmu_hw.spiking.memory import SpikingMemory
from lmu_hw.spiking.population import Population, population_cycles

__all__ = ["SpikingTop", "cycles_per_step", "spiking_verilog"]

_KEEP = {"keep": 1}


def cycles_per_step(memory: SpikingMemory, lanes: int) -> int:
    """Return the cycles of a step at full load: ``d**2 + m / lanes`` and a few for each state."""
    state_cycles = current_cycles(memory) + population_cycles(memory, lanes)
    return memory.order * (state_cycles + 1) + 2


class SpikingTop(wiring.Component):
    """A spiking memory with AXI4-Stream on both sides: u in, the d states out.

    Populations are computed one after the other: the current, then all neurons, then the state.
    ``tlast`` ends a sequence: the next one begins with zero states and with the seeds.

    Parameters
    ----------
    memory : SpikingMemory
    lanes : int
        Neurons a cycle.

    Members
    -------
    s_axis_tdata, s_axis_tvalid, s_axis_tlast : In;  s_axis_tready : Out
    m_axis_tdata, m_axis_tvalid, m_axis_tlast : Out;  m_axis_tready : In
    """

    def __init__(self, memory: SpikingMemory, lanes: int) -> None:
        self.memory = memory
        self.states, source = memory.states, Vector(size=1, format=memory.source)
        self.currents, self.population = Currents(memory), Population(memory, lanes)
        super().__init__(
            {
                "s_axis_tdata": In(element_bits(source)),
                "s_axis_tvalid": In(1),
                "s_axis_tready": Out(1),
                "s_axis_tlast": In(1),
                "m_axis_tdata": Out(memory.order * element_bits(self.states)),
                "m_axis_tvalid": Out(1),
                "m_axis_tready": In(1),
                "m_axis_tlast": Out(1),
            }
        )
        self.trace_valid = Signal(attrs=_KEEP)
        self.trace_spikes = Signal.like(self.population.spikes, name="trace_spikes", attrs=_KEEP)

    @property
    def initiation_interval(self) -> int:
        """Cycles from one step to the next at full load."""
        return cycles_per_step(self.memory, self.population.lanes)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        memory = self.memory
        m.submodules.currents = currents = self.currents
        m.submodules.population = population = self.population
        m.submodules.to_axi = sink = ToAxi(self.states, 1)
        busy = Signal()
        page = Signal()
        first_step = Signal(init=1)
        last = Signal()
        row = Signal(range(max(memory.order, 2)))
        u = Signal(currents.u.shape(), reset_less=True)
        launch = Signal()
        done = population.done
        ends = done & (row == memory.order - 1)
        accepted = self.s_axis_tvalid & self.s_axis_tready

        # There is no answer in the sink while it is ready between steps.
        m.d.comb += self.s_axis_tready.eq(~busy & sink.i.ready & ~ResetSignal())
        with m.If(accepted):
            m.d.sync += [u.eq(self.s_axis_tdata), last.eq(self.s_axis_tlast), busy.eq(1)]
        with m.If(done):
            m.d.sync += row.eq(row + 1)
        with m.If(ends):
            m.d.sync += [row.eq(0), busy.eq(0), page.eq(~page), first_step.eq(last)]
        m.d.sync += launch.eq(accepted | (done & ~ends))

        total = (
            currents.own.shift_left(memory.synapse)
            - currents.own
            + population.spikes.shift_left(memory.spike_shift)
        )
        code = requantize(total, memory.state_frac_bits, memory.state)
        m.d.comb += [
            currents.start.eq(launch),
            currents.row.eq(row),
            currents.u.eq(u),
            currents.page.eq(page),
            currents.first_step.eq(first_step),
            currents.store.eq(done),
            currents.code.eq(code),
            population.start.eq(currents.done),
            population.number.eq(row),
            population.current.eq(currents.current),
            population.first_step.eq(first_step),
            sink.i.valid.eq(done),
            sink.i.payload.data[0].eq(code),
            sink.i.payload.last.eq(last),
            self.trace_valid.eq(done),
            self.trace_spikes.eq(population.spikes),
            self.m_axis_tdata.eq(sink.tdata),
            self.m_axis_tvalid.eq(sink.tvalid & ~ResetSignal()),
            self.m_axis_tlast.eq(sink.tlast),
            sink.tready.eq(self.m_axis_tready),
        ]
        return m


def spiking_verilog(memory: SpikingMemory, lanes: int, *, name: str) -> dict[str, str]:
    """Return the files of a spiking memory: ``name.v`` and the contents of its memories.

    Raises
    ------
    ConfigError
        If the name is none; see `lmu_hw.names`.
    NetworkError
        As `Population`.
    ToolError
        If Yosys fails.
    """
    name = checked_name(name)
    top = SpikingTop(memory, lanes)
    header = [
        f"// {name}: a memory of {memory.order} x {memory.neurons} spiking neurons, generated by "
        "lmu_hw. Do not edit.",
        f"// {lanes} neurons a cycle; {top.initiation_interval} cycles per time step",
        f"// input {memory.source}; states {memory.state}; currents {memory.current}",
    ]
    return component_verilog(top, name=name, header=header)
