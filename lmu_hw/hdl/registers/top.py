# SPDX-License-Identifier: Apache-2.0
"""The core of a design with registers around it: AXI4-Lite beside the streams."""

from __future__ import annotations

from amaranth.hdl import ClockSignal, Instance, Module, ResetSignal, Shape, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from lmu_hw.hdl.packets import count
from lmu_hw.hdl.ports import core_ports, saturating_nodes, state_ports
from lmu_hw.hdl.registers.axi_lite import axi_lite_ports
from lmu_hw.hdl.registers.file import LOADING, RegisterFile
from lmu_hw.hdl.registers.gate import Gate
from lmu_hw.hdl.registers.map import RegisterMap, register_map
from lmu_hw.plan import Plan

__all__ = ["RegisteredTop", "port_widths"]


def registered_ports(plan: Plan, registers: RegisterMap) -> dict[str, wiring.Member]:
    """Return the ports of a design with registers beside clock and reset."""
    lite = axi_lite_ports(registers.address_bits)
    return {
        **{name: port for name, port in core_ports(plan).items() if "_axis_" in name},
        **{f"s_axi_{name}": port for name, port in lite.items()},
    }


def port_widths(plan: Plan) -> list[tuple[str, bool, int]]:
    """Return name, whether it is an output, and bits of every port of a design's top.

    But those of clock and reset.
    """
    ports = registered_ports(plan, register_map(plan)) if plan.registers else core_ports(plan)
    return [(name, port.flow == Out, Shape.cast(port.shape).width) for name, port in ports.items()]


class RegisteredTop(wiring.Component):
    """The core with registers: its streams pass through a gate, AXI4-Lite is beside them.

    After reset vectors are taken, so whoever holds the inputs of AXI4-Lite at 0 has the core alone.

    Parameters
    ----------
    plan : Plan
    registers : RegisterMap
    core : str
        Module of the core.

    Members
    -------
    s_axis_..., m_axis_...
        As those of `lmu_hw.hdl.top.NetworkTop`.
    s_axi_...
        See `axi_lite_ports`.
    """

    def __init__(self, plan: Plan, registers: RegisterMap, core: str) -> None:
        self.plan, self.registers, self.core = plan, registers, core
        self.core_ports = core_ports(plan)
        super().__init__(registered_ports(plan, registers))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.registers = file = RegisterFile(self.plan, self.registers)
        m.submodules.gate = gate = Gate(self.plan.source, moves=self.plan.state_access)
        inner = {
            name: Signal(port.shape, name=f"core_{name}") for name, port in self.core_ports.items()
        }
        directions = {In: "i", Out: "o"}
        m.submodules.core = Instance(
            self.core,
            i_clk=ClockSignal(),
            i_rst=ResetSignal() | gate.reset,
            **{f"{directions[self.core_ports[name].flow]}_{name}": inner[name] for name in inner},
        )
        for name, member in axi_lite_ports(self.registers.address_bits).items():
            inside, outside = getattr(file, name), getattr(self, f"s_axi_{name}")
            m.d.comb += inside.eq(outside) if member.flow is In else outside.eq(inside)
        self._stream(m, gate, inner)
        self._count(m, file, gate, inner)
        m.d.comb += [
            gate.run.eq(file.run),
            gate.clear.eq(file.clear),
            gate.length.eq(file.sequence_length),
            gate.core_busy.eq(inner["busy"]),
            *([gate.tid.eq(self.s_axis_tid)] if self.plan.source.id_bits else []),
            *(
                getattr(file, name).eq(getattr(gate, name))
                for name in ("busy", "accepting", "clearing", "still")
            ),
            file.answer_waiting.eq(self.m_axis_tvalid),
        ]
        if file.loads:
            m.d.comb += [inner[name].eq(getattr(file, name)) for name in LOADING]
        if file.states:
            for name, port in state_ports(self.plan).items():
                inside, outside = inner[name], getattr(file, name)
                m.d.comb += inside.eq(outside) if port.flow is In else outside.eq(inside)
            m.d.comb += [
                file.sequence_step.eq(gate.position),
                gate.move.eq(file.sequence_step_write),
                gate.move_to.eq(file.sequence_step_data),
            ]
            if self.plan.source.id_bits:  # above all other parts of the address
                stream = file.state_address[-self.plan.source.id_bits :]
                m.d.comb += gate.moved.eq(stream)
        return m

    def _stream(self, m: Module, gate: Gate, inner: dict[str, Signal]) -> None:
        """Let input vectors pass the gate, and everything else pass."""
        for name, signal in inner.items():
            if "_axis_" in name:
                outer = getattr(self, name)
                flows_in = self.core_ports[name].flow is In
                m.d.comb += signal.eq(outer) if flows_in else outer.eq(signal)
        mark = "s_axis_tuser" if self.plan.source.marks else "s_axis_tlast"
        m.d.comb += [
            gate.valid.eq(self.s_axis_tvalid),
            gate.tlast.eq(self.s_axis_tlast),
            gate.last.eq(getattr(self, mark)),
            self.s_axis_tready.eq(gate.ready),
            gate.core_ready.eq(inner["s_axis_tready"]),
            inner["s_axis_tvalid"].eq(gate.core_valid),
            inner[mark].eq(gate.core_last),
        ]

    def _count(self, m: Module, file: RegisterFile, gate: Gate, inner: dict[str, Signal]) -> None:
        """Say when each counter counts."""
        moved = self.m_axis_tvalid & self.m_axis_tready
        _, ends = count(m, "answer_beat", self.plan.answer.beats, moved)
        waiting = Signal(name="input_waiting")
        # A cycle late: what decides the end of a sequence is slow, and so are the counters.
        m.d.sync += [
            file.count_steps.eq(gate.step),
            file.count_sequences.eq(gate.ends),
            file.count_answers.eq(moved & ends),
            file.count_input_stalls.eq(self.s_axis_tvalid & ~self.s_axis_tready),
            file.count_output_stalls.eq(self.m_axis_tvalid & ~self.m_axis_tready),
            waiting.eq(self.s_axis_tvalid & ~self.s_axis_tready),
            file.count_overruns.eq(waiting & ~self.s_axis_tvalid),
        ]
        for place in range(len(saturating_nodes(self.plan))):
            counter = getattr(file, f"count_saturations_{place}")
            m.d.comb += counter.eq(inner[f"saturated_{place}"])
        if self.plan.stream.packets:
            m.d.sync += file.count_malformed.eq(inner["s_axis_malformed"])
