# SPDX-License-Identifier: Apache-2.0
"""The network top: AXI4-Stream on both sides, layers as pipeline stages between."""

from __future__ import annotations

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Module, ResetSignal, Signal, Value
from amaranth.lib import wiring

from lmu_hw.hdl.assertions import add_checker
from lmu_hw.hdl.ends import ends_of, room_of_answers
from lmu_hw.hdl.interleaved_layer import InterleavedLayer
from lmu_hw.hdl.layer import Layer
from lmu_hw.hdl.packets import PacketReceiver, PacketSender
from lmu_hw.hdl.ports import core_ports, instance_name, is_watched
from lmu_hw.hdl.reload import AddressMap
from lmu_hw.hdl.state_access import port_layout
from lmu_hw.network import INPUT
from lmu_hw.plan import LayerPlan, Plan, StateMap
from lmu_hw.plan.inventory import pages_of

__all__ = ["NetworkTop"]


class NetworkTop(wiring.Component):
    """A quantized network, one AXI4-Stream beat or packet per time step.

    What lies where in a beat, and what ``tlast`` ends, is said by the packets of the plan. The end
    of a sequence clears the state, and is marked at the answer to its last step. No beat is handed
    over in reset, on either side.

    Parameters
    ----------
    plan : Plan

    Members
    -------
    s_axis_tdata, s_axis_tvalid, s_axis_tlast : In;  s_axis_tready : Out
    m_axis_tdata, m_axis_tvalid, m_axis_tlast : Out;  m_axis_tready : In
    s_axis_tid : In;  m_axis_tid : Out
        If there are several streams: whose a vector, an answer is.
    s_axis_tkeep, s_axis_tuser : In;  m_axis_tkeep, m_axis_tuser, s_axis_malformed : Out
        If vectors are packets; ``tuser`` if ``tlast`` ends each of them.
    coefficient_write, coefficient_address, coefficient_data : In, if the plan is reloadable
        Replace a word of coefficients, or a part of it, while no time step is computed; see
        `lmu_hw.hdl.reload.addresses`.
    state_address, state_write, state_write_data : In;  state_read_data, state_ready : Out
        If the plan has access to states: the code at an address of `StateMap`, `STATE_LATENCY`
        cycles after the address came, and a new one for it. Only while the port is ready, that is
        while nothing is inside; otherwise a write has no effect, and what is read means nothing.
    busy : Out(1), if there are registers beside it
        A vector that was taken, a step or an answer is inside.
    saturated_N : Out, if there are registers beside it
        Sums of node N of `saturating_nodes` that lay outside its format.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.addresses = AddressMap(plan)
        super().__init__(core_ports(plan))
        self.states = StateMap(plan) if plan.state_access else None
        rooms = [*(pages_of(layer, INPUT) for layer in plan.layers[1:]), room_of_answers(plan)]
        self.layers = [
            self._layer(layer, room) for layer, room in zip(plan.layers, rooms, strict=True)
        ]

    def _layer(self, layer: LayerPlan, room: int) -> Layer:
        """Return the hardware of a layer; what receives its answers has so much room."""
        kind = InterleavedLayer if layer.contexts > 1 else Layer
        return kind(layer, room, watched=is_watched(self.plan), states=self.states)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        layers = self.layers
        source, answers, sink = ends_of(self.plan)
        m.submodules.from_axi = source
        m.submodules.answers = answers
        m.submodules.to_axi = sink
        m.d.comb += [
            source.tdata.eq(self.s_axis_tdata),
            source.tvalid.eq(self.s_axis_tvalid),
            source.tlast.eq(self.s_axis_tlast),
            self.s_axis_tready.eq(source.tready & ~ResetSignal()),
            self.m_axis_tdata.eq(sink.tdata),
            self.m_axis_tvalid.eq(sink.tvalid & ~ResetSignal()),
            self.m_axis_tlast.eq(sink.tlast),
            sink.tready.eq(self.m_axis_tready),
            answers.taken.eq(sink.taken if self.plan.stream.packets else sink.tvalid & sink.tready),
        ]
        payload = [self.m_axis_tdata, self.m_axis_tlast]
        if self.plan.stream.packets:
            payload += self._packets(m, source, sink)
        if self.plan.stream.streams > 1:
            m.d.comb += [source.tid.eq(self.s_axis_tid), self.m_axis_tid.eq(sink.tid)]
            payload.append(self.m_axis_tid)
        upstream = source.o
        for layer in layers:
            m.submodules[instance_name(layer.plan)] = layer
            wiring.connect(m, upstream, layer.i)
            upstream = layer.o
        wiring.connect(m, upstream, answers.i)
        wiring.connect(m, answers.o, sink.i)
        if self.addresses.blocks:
            self._coefficients(m)
        busy = Value.cast(0)
        if is_watched(self.plan):
            busy = source.busy | Cat(layer.busy for layer in layers).any()
        if self.states:
            self._states(m, self.states, busy)
        if self.plan.registers:
            m.d.comb += self.busy.eq(busy)
            counts = (count for layer in layers for count in layer.saturated)
            m.d.comb += [
                getattr(self, f"saturated_{n}").eq(count) for n, count in enumerate(counts)
            ]
        add_checker(m, platform, "intake", ready=self.s_axis_tready)
        add_checker(
            m,
            platform,
            "offer",
            WIDTH=sum(map(len, payload)),
            valid=self.m_axis_tvalid,
            ready=self.m_axis_tready,
            payload=Cat(payload),
        )
        return m

    def _coefficients(self, m: Module) -> None:
        """Connect the port for coefficients; all parts of a word but the last are kept for it."""
        addresses, parts = self.addresses, []
        number, part_bits = self.coefficient_address, addresses.part_bits
        part = self.coefficient_address[:part_bits]
        for place in range(max(map(addresses.parts, addresses.blocks)) - 1):
            kept = Signal(addresses.data_bits, name=f"coefficient_part_{place}", reset_less=True)
            with m.If(self.coefficient_write & (part == place)):
                m.d.sync += kept.eq(self.coefficient_data)
            parts.append(kept)
        for block, memory in enumerate(addresses.blocks):
            last = addresses.parts(memory) - 1
            load = self.layers[self.plan.layers.index(memory.plan)].load[memory.name]
            enable, address, word = (load[name] for name, _ in load.shape())
            chosen = number >> addresses.word_bits + part_bits == block
            if part_bits:
                chosen &= part == last
            m.d.comb += [
                enable.eq(self.coefficient_write & chosen),
                address.eq(number >> part_bits if part_bits else number),
                word.eq(
                    Cat(*parts[:last], self.coefficient_data) if last else self.coefficient_data
                ),
            ]

    def _states(self, m: Module, states: StateMap, busy: Value) -> None:
        """Connect the port for states, a cycle after it: a vector is taken no earlier than that."""
        ready, access = Signal(name="state_is_ready"), Signal(port_layout(states), name="access")
        m.d.comb += [ready.eq(~busy), self.state_ready.eq(ready & ~ResetSignal())]
        given = {
            "select": ready,
            "write": ready & self.state_write,
            "address": self.state_address,
            "data": self.state_write_data,
        }
        registers = {}
        for name, value in given.items():
            registers[name] = Signal(len(value), name=f"access_{name}")
            m.d.sync += registers[name].eq(value)
        m.d.comb += Cat(access[name] for name in states.parts).eq(registers["address"])
        m.d.comb += [access[name].eq(registers[name]) for name in ("select", "write", "data")]
        reached = [layer for layer in self.layers if layer.states]
        m.d.comb += [layer.access.eq(access) for layer in reached]
        m.d.sync += self.state_read_data.eq(
            reduce(or_, (layer.state_code.as_unsigned() for layer in reached))
        )

    def _packets(self, m: Module, source: PacketReceiver, sink: PacketSender) -> list[Signal]:
        """Join what only packets have; return the outputs that go with the data."""
        m.d.comb += [
            source.tkeep.eq(self.s_axis_tkeep),
            self.m_axis_tkeep.eq(sink.tkeep),
            self.s_axis_malformed.eq(source.malformed),
        ]
        if not self.plan.answer.marks:
            return [self.m_axis_tkeep]
        m.d.comb += [source.tuser.eq(self.s_axis_tuser), self.m_axis_tuser.eq(sink.tuser)]
        return [self.m_axis_tkeep, self.m_axis_tuser]
