# SPDX-License-Identifier: Apache-2.0
"""The network top: AXI4-Stream on both sides, layers as pipeline stages between."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

from amaranth.hdl import Cat, Module, Mux, ResetSignal, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from lmu_hw.hdl.assertions import add_checker
from lmu_hw.hdl.interleaved_layer import InterleavedLayer
from lmu_hw.hdl.layer import Layer
from lmu_hw.hdl.output_stage import saturating
from lmu_hw.hdl.packets import AnswerMemory, PacketReceiver, PacketSender
from lmu_hw.hdl.reload import AddressMap
from lmu_hw.hdl.requantize import shape_of
from lmu_hw.hdl.state_access import port_layout
from lmu_hw.hdl.streams import (
    VECTORS_HELD,
    AnswerQueue,
    beat_signature,
    has_room,
    vector_signature,
)
from lmu_hw.network import INPUT, element_bits
from lmu_hw.network import Signal as Vector
from lmu_hw.plan import ANSWERS_HELD, LayerPlan, Plan, StateMap
from lmu_hw.plan.inventory import pages_of

__all__ = [
    "NetworkTop",
    "ToAxi",
    "core_ports",
    "element_bits",
    "instance_name",
    "layer_path",
    "saturating_nodes",
    "state_inputs",
    "state_ports",
]


def instance_name(plan: LayerPlan) -> str:
    """Return the name of a layer's instance; the prefix keeps it apart from keywords and ports."""
    return f"layer_{plan.layer.name}"


def layer_path(plan: Plan, layer: LayerPlan) -> str:
    """Return the path of a layer's instance in the top of a design."""
    return f"core.{instance_name(layer)}" if plan.registers else instance_name(layer)


class _FromAxi(wiring.Component):
    """Hands the elements of an AXI4-Stream beat on, `beat` at a time; stores nothing."""

    def __init__(
        self,
        vector: Vector,
        beat: int,
        *,
        watched: bool = False,
        id_bits: int = 0,
        room: int = VECTORS_HELD,
    ) -> None:
        self.room = room
        self.vector, self.beat, self.watched, self.id_bits = vector, beat, watched, id_bits
        super().__init__(
            {
                "tdata": In(vector.size * element_bits(vector)),
                "tvalid": In(1),
                "tready": Out(1),
                "tlast": In(1),
                **({"tid": In(id_bits)} if id_bits else {}),
                "o": Out(vector_signature(vector.format, beat, id_bits)),
                **({"busy": Out(1)} if watched else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        vector, bits = self.vector, element_bits(self.vector)
        beats = -(-vector.size // self.beat)
        index = Signal(range(max(beats, 2)))
        ends = index == beats - 1
        room, empty = has_room(m, platform, self.o.freed, self.o.valid & ends, self.room)
        if self.watched:
            m.d.comb += self.busy.eq(~empty)
        if self.id_bits:
            m.d.comb += self.o.payload.stream.eq(self.tid)
        m.d.comb += [
            self.o.valid.eq(self.tvalid & room),
            self.o.payload.last.eq(self.tlast),
            self.tready.eq(room & ends),
        ]
        with m.Switch(index):
            for number in range(beats):
                with m.Case(number):
                    for lane in range(min(self.beat, vector.size - number * self.beat)):
                        start = (number * self.beat + lane) * bits
                        code = self.tdata[start : start + vector.format.width]
                        m.d.comb += self.o.payload.data[lane].eq(code)
        with m.If(self.o.valid):
            m.d.sync += index.eq(Mux(ends, 0, index + 1))
        return m


class ToAxi(wiring.Component):
    """Collects a vector and offers it as one AXI4-Stream beat."""

    def __init__(self, vector: Vector, beat: int, *, id_bits: int = 0) -> None:
        self.vector, self.beat, self.id_bits = vector, beat, id_bits
        super().__init__(
            {
                "i": In(beat_signature(vector.format, beat, id_bits)),
                **({"tid": Out(id_bits)} if id_bits else {}),
                "tdata": Out(vector.size * element_bits(vector)),
                "tvalid": Out(1),
                "tready": In(1),
                "tlast": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        vector = self.vector
        beats = -(-vector.size // self.beat)
        count = Signal(range(beats + 1))
        elements = [
            Signal(shape_of(vector.format), name=f"element_{n}", reset_less=True)
            for n in range(vector.size)
        ]
        words = []
        for element in elements:
            word = Signal(element_bits(vector), name=f"word_{len(words)}")
            m.d.comb += word.eq(element)  # extends the sign
            words.append(word)
        m.d.comb += [
            self.i.ready.eq(count != beats),
            self.tvalid.eq(count == beats),
            self.tdata.eq(Cat(words)),
        ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [count.eq(count + 1), self.tlast.eq(self.i.payload.last)]
            if self.id_bits:
                m.d.sync += self.tid.eq(self.i.payload.stream)
            for number, element in enumerate(elements):
                with m.If(count == number // self.beat):
                    m.d.sync += element.eq(self.i.payload.data[number % self.beat])
        with m.If(self.tvalid & self.tready):
            m.d.sync += count.eq(0)
        add_checker(
            m,
            platform,
            "collector",
            BEATS=beats,
            BITS=len(count),
            valid=self.i.valid,
            ready=self.i.ready,
            full=self.tvalid,
            taken=self.tvalid & self.tready,
            count=count,
        )
        return m


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
        `lmu_hw.hdl.reload`.
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
        held = ANSWERS_HELD if plan.stream.packets else VECTORS_HELD
        self.states = StateMap(plan) if plan.state_access else None
        if plan.stream.streams > 1:
            self.layers: list[Layer] = _interleaved_layers(plan)
            return
        *first, last = plan.layers
        seen = {"watched": _watched(plan), "states": self.states}
        self.layers = [Layer(layer, **seen) for layer in first]
        self.layers.append(Layer(last, held, **seen))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        layers = self.layers
        source, answers, sink = self._ends()
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
        if _watched(self.plan):
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

    def _ends(self) -> tuple[Any, Any, Any]:
        """Return what receives vectors, what keeps answers, and what sends them."""
        plan = self.plan
        if plan.stream.streams > 1:
            return _ends_of_streams(plan)
        if plan.stream.packets:
            return (
                PacketReceiver(plan.source, plan.layers[0].input_beat, watched=_watched(plan)),
                AnswerMemory(plan.answer, plan.beat, plan.answer_word),
                PacketSender(plan.answer, plan.answer_word),
            )
        answer = plan.answer.vector
        return (
            _FromAxi(plan.source.vector, plan.beat, watched=_watched(plan)),
            AnswerQueue(answer, plan.beat),
            ToAxi(answer, plan.beat),
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


def _interleaved_layers(plan: Plan) -> list[Layer]:
    """Return the layers of a network for several streams."""
    rooms = [pages_of(layer, INPUT) for layer in plan.layers[1:]]
    return [
        InterleavedLayer(layer, held)
        for layer, held in zip(plan.layers, [*rooms, plan.answers_held], strict=True)
    ]


def _ends_of_streams(plan: Plan) -> tuple[Any, Any, Any]:
    """Return what receives vectors, keeps answers, and sends them, of several streams."""
    bits, room = plan.stream.id_bits, pages_of(plan.layers[0], INPUT)
    answers = AnswerMemory(
        plan.answer, plan.beat, plan.answer_word, held=plan.answers_held, id_bits=bits
    )
    if plan.stream.packets:
        first = plan.layers[0].input_beat
        source: Any = PacketReceiver(plan.source, first, id_bits=bits, room=room)
        return source, answers, PacketSender(plan.answer, plan.answer_word, id_bits=bits)
    source = _FromAxi(plan.source.vector, plan.beat, id_bits=bits, room=room)
    return source, answers, ToAxi(plan.answer.vector, plan.beat, id_bits=bits)


def core_ports(plan: Plan) -> dict[str, wiring.Member]:
    """Return the ports of a network beside clock and reset."""
    load, addresses, bits = {}, AddressMap(plan), plan.stream.id_bits
    if addresses.blocks:
        load = {
            "coefficient_write": In(1),
            "coefficient_address": In(addresses.address_bits),
            "coefficient_data": In(addresses.data_bits),
        }
    return {
        "s_axis_tdata": In(plan.source.width),
        "s_axis_tvalid": In(1),
        "s_axis_tready": Out(1),
        "s_axis_tlast": In(1),
        "m_axis_tdata": Out(plan.answer.width),
        "m_axis_tvalid": Out(1),
        "m_axis_tready": In(1),
        "m_axis_tlast": Out(1),
        **packet_ports(plan),
        **({"s_axis_tid": In(bits), "m_axis_tid": Out(bits)} if bits else {}),
        **load,
        **(state_ports(plan) if plan.state_access else {}),
        **(_register_ports(plan) if plan.registers else {}),
    }


def _watched(plan: Plan) -> bool:
    """Say whether somebody has to know when nothing is inside."""
    return plan.registers or plan.state_access


def state_inputs(plan: Plan) -> list[str]:
    """Return the inputs of a design's top through which states are accessed, if it has them.

    Held at 0, they leave the design alone.
    """
    if not plan.state_access or plan.registers:
        return []
    return [name for name, port in state_ports(plan).items() if port.flow is In]


def state_ports(plan: Plan) -> dict[str, wiring.Member]:
    """Return the ports through which states are read and written."""
    states = StateMap(plan)
    return {
        "state_address": In(states.address_bits),
        "state_write": In(1),
        "state_write_data": In(states.data_bits),
        "state_read_data": Out(states.data_bits),
        "state_ready": Out(1),
    }


def _register_ports(plan: Plan) -> dict[str, wiring.Member]:
    """Return the ports of a network that are there for registers."""
    bits = bits_for(plan.beat)
    counts = {f"saturated_{n}": Out(bits) for n in range(len(saturating_nodes(plan)))}
    return {"busy": Out(1), **counts}


def saturating_nodes(plan: Plan) -> list[str]:
    """Return the names of the nodes whose saturations are counted."""
    return [node.name for layer in plan.layers for node in saturating(layer)]


def packet_ports(plan: Plan) -> dict[str, Any]:
    """Return the ports that a design has beside others if vectors are packets."""
    if not plan.stream.packets:
        return {}
    marks = {"s_axis_tuser": In(1), "m_axis_tuser": Out(1)} if plan.source.marks else {}
    return {
        "s_axis_tkeep": In(plan.source.bytes),
        "m_axis_tkeep": Out(plan.answer.bytes),
        "s_axis_malformed": Out(1),
        **marks,
    }
