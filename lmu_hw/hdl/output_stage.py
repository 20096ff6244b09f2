# SPDX-License-Identifier: Apache-2.0
"""What happens to finished sums: bias, rounding, activation, one beat of rows per cycle."""

from __future__ import annotations

from typing import assert_never

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from lmu_hw.hdl.elementwise import total_layout
from lmu_hw.hdl.requantize import requantize
from lmu_hw.hdl.sequencer import tag_layout
from lmu_hw.hdl.storage import Rom, VectorRam, pack
from lmu_hw.network import ElementwiseNode, MemoryNode, Node, Rectifier, Table
from lmu_hw.plan import DRAIN_LATENCY, LayerPlan, Storage

__all__ = ["OutputStage", "code_width", "write_layout"]


def code_width(plan: LayerPlan) -> int:
    """Return the bits that hold a code of any node of the layer."""
    return max(node.signal.format.width for node in plan.layer.nodes)


def write_layout(plan: LayerPlan) -> data.StructLayout:
    """Return the layout of a beat of codes on its way into RAM.

    ``mask`` tells which elements are rows of the node, the first one if any; ``beat`` counts the
    beats of the rows. What memories store beside the rows is never read but times zero.
    """
    rows = max(node.rows for node in plan.layer.nodes)
    return data.StructLayout(
        {
            "valid": 1,
            "node": tag_layout(plan)["node"].shape,
            "segment": tag_layout(plan)["segment"].shape,
            "beat": bits_for(-(-rows // plan.rows) * plan.beats_per_group),
            "mask": plan.beat,
            "data": data.ArrayLayout(unsigned(code_width(plan)), plan.beat),
        }
    )


class OutputStage(wiring.Component):
    """Takes the sums of a group over and turns them into codes, `beat` rows per cycle.

    The first beat is at the output `latency` + 1 cycles after the sums were taken over. Nodes under
    error feedback have a RAM of residues here; no step starts before the last beat has left, so
    a residue is written long before it is read.

    The totals of element-wise nodes come from their unit, and take the same way from there on.

    Parameters
    ----------
    plan : LayerPlan
    sums : ShapeLike
        Shape of the sums.

    Members
    -------
    load : In(1)
        Take over; not before the group before has left.
    sums : In(array of rows signed)
    tag : In(tag_layout)
    first_step : In(1)
        There is no previous step, and no residue; steady while a step drains.
    elements : In(total_layout), if the layer has element-wise nodes
        A beat of totals; not while sums drain.
    write : Out(write_layout)
    """

    latency = DRAIN_LATENCY

    def __init__(self, plan: LayerPlan, sums: data.ArrayLayout) -> None:
        self.plan = plan
        elements = {"elements": In(total_layout(plan))} if plan.layer.elementwise else {}
        super().__init__(
            {
                "load": In(1),
                "sums": In(sums),
                "tag": In(tag_layout(plan)),
                "first_step": In(1),
                "write": Out(write_layout(plan)),
                **elements,
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan, layer = self.plan, self.plan.layer
        control = data.StructLayout(
            {name: self.write.shape()[name].shape for name in ("valid", "node", "segment", "beat")}
        )
        d0, d1, d2, d3, d4, d5 = (Signal(control, name=f"d{n}") for n in range(6))
        m.d.sync += [d1.eq(d0), d2.eq(d1), d3.eq(d2), d4.eq(d3), d5.eq(d4)]

        # d0: the rows of a group leave by beats; the first ones are at the bottom.
        rows = Signal(self.sums.shape(), reset_less=True)
        left = Signal(range(plan.beats_per_group + 1))
        beat = Signal.like(d0.beat)
        tag = Signal(self.tag.shape())
        m.d.comb += [
            d0.valid.eq(left != 0),
            d0.node.eq(tag.node),
            d0.segment.eq(tag.segment),
            d0.beat.eq(beat),
        ]
        with m.If(left != 0):
            bits = plan.beat * self.sums.shape().elem_shape.width
            m.d.sync += rows.as_value().eq(rows.as_value()[bits:])
            m.d.sync += [left.eq(left - 1), beat.eq(beat + 1)]
        with m.If(self.load):
            m.d.sync += [rows.eq(self.sums), tag.eq(self.tag), left.eq(plan.beats_per_group)]
            with m.If(self.tag.restart):
                m.d.sync += beat.eq(0)

        # d1: sums beside the constants and residues of their rows; d2: totals, also those of
        # element-wise nodes; their low bits are the next residues; d3: codes that enter the
        # activation; d4: the same beside the outputs of tables.
        total = signed(_total_width(plan))
        code = unsigned(max(node.requant.format.width for node in _finished(plan)))
        d1_sums, d2_totals, d3_codes, d4_codes, d5_data = (
            [Signal(shape, name=f"{name}_{n}", reset_less=True) for n in range(plan.beat)]
            for name, shape in (
                ("d1_sum", self.sums.shape().elem_shape),
                ("d2_total", total),
                ("d3_code", code),
                ("d4_code", code),
                ("d5_data", unsigned(code_width(plan))),
            )
        )
        for lane in range(plan.beat):
            m.d.sync += [d1_sums[lane].eq(rows[lane]), d4_codes[lane].eq(d3_codes[lane])]
        for node in _finished(plan):
            index = layer.nodes.index(node)
            match node:
                case Node():
                    totals = self._completed(m, node, d0, d1_sums, d2, d2_totals)
                    with m.If(d1.node == index):
                        m.d.sync += [d2_totals[lane].eq(totals[lane]) for lane in range(plan.beat)]
                case ElementwiseNode():
                    pass  # its totals arrive in d2
                case _:
                    assert_never(node)
            tabulated = self._tables(m, node, d3_codes)
            for lane in range(plan.beat):
                with m.If(d2.node == index):
                    m.d.sync += d3_codes[lane].eq(_narrow(node, d2_totals[lane]))
                with m.If(d4.node == index):
                    source = d4_codes if tabulated is None else tabulated
                    m.d.sync += d5_data[lane].eq(source[lane])
            with m.If(d5.node == index):
                for lane in range(plan.beat):
                    m.d.comb += self.write.mask[lane].eq(
                        d5.valid & self._inside(node, d5.beat, lane)
                    )
        if layer.elementwise:
            with m.If(self.elements.tag.valid):
                m.d.sync += [
                    d2.valid.eq(1),
                    d2.node.eq(self.elements.tag.node),
                    d2.segment.eq(0),
                    d2.beat.eq(self.elements.tag.beat),
                    *(d2_totals[lane].eq(self.elements.totals[lane]) for lane in range(plan.beat)),
                ]
        m.d.comb += [
            self.write.valid.eq(d5.valid),
            self.write.node.eq(d5.node),
            self.write.segment.eq(d5.segment),
            self.write.beat.eq(d5.beat),
            self.write.data.eq(Cat(d5_data)),
        ]
        return m

    def _completed(
        self,
        m: Module,
        node: Node,
        d0: Signal,
        d1_sums: list[Signal],
        d2: Signal,
        d2_totals: list[Signal],
    ) -> list[Value]:
        """Return the sums of a beat with the constants of their rows, and with residues."""
        constants = self._row_constants(m, node, d0.beat)
        residues = self._residues(m, node, d0, d2, d2_totals)
        completed: list[Value] = list(d1_sums)
        if constants is not None:
            completed = [
                (total << constants[lane].up) + constants[lane].bias
                for lane, total in enumerate(completed)
            ]
        if residues is not None:
            completed = [
                total + residue for total, residue in zip(completed, residues, strict=True)
            ]
        return completed

    def _row_constants(self, m: Module, node: Node, beat: Value) -> data.View | None:
        """Add the ROM of biases and row shifts; return its output, one entry for each lane."""
        if node.bias is None and node.row_shifts is None:
            return None
        bias = np.zeros(node.rows, np.int64) if node.bias is None else node.bias.codes
        up = node.max_row_shift - np.array(node.row_shifts or [0] * node.rows)
        bias_bits = 1 + int(np.max(np.abs(bias))).bit_length()
        shift_bits = bits_for(max(int(up.max()), 1))
        # Python integers: a bias beside a shift may take more than 64 bits.
        entries = up + ((bias.astype(object) & ((1 << bias_bits) - 1)) << shift_bits)
        padded = np.zeros((-(-node.rows // self.plan.beat), self.plan.beat), object)
        padded.flat[: node.rows] = entries
        width = bias_bits + shift_bits
        rom = Rom(
            name=f"{node.name.replace('.', '_')}_rows",
            words=pack(padded, width),
            width=width * self.plan.beat,
        )
        m.submodules[f"{rom.name}"] = rom
        m.d.comb += rom.address.eq(beat)
        layout = data.StructLayout({"up": unsigned(shift_bits), "bias": signed(bias_bits)})
        return data.View(data.ArrayLayout(layout, self.plan.beat), rom.data)

    def _inside(self, node: Node | ElementwiseNode, beat: Value, lane: int) -> Value:
        """Say whether a lane of a beat is a row of the node."""
        return beat * self.plan.beat + lane < node.rows

    def _residues(
        self, m: Module, node: Node, d0: Signal, d2: Signal, d2_totals: list[Signal]
    ) -> list[Value] | None:
        """Add the RAM of what the narrowing drops; return what it dropped one step before.

        Read beside the constants of the rows, written from the totals.
        """
        if not node.error_feedback:
            return None
        beat, width = self.plan.beat, node.dropped_bits
        beats = -(-node.rows // beat)
        ram = VectorRam(
            storage=Storage(segments=node.segments, length=node.rows, words=node.segments * beats),
            pages=1,
            columns=beat,
            beat=beat,
            width=width,
        )
        m.submodules[f"{node.role.value}_residues"] = ram
        of_node = d2.valid & (d2.node == self.plan.layer.nodes.index(node))
        m.d.comb += [
            ram.read_word.eq(d0.segment * beats + d0.beat),
            ram.write_segment.eq(d2.segment),
            ram.write_beat.eq(d2.beat),
            ram.write_enable.eq(of_node & self._inside(node, d2.beat, 0)),
            ram.write_data.eq(Cat(total[:width] for total in d2_totals)),
        ]
        # Not cleared at the end of a sequence: masked during its first step, like the states.
        stored = data.View(data.ArrayLayout(unsigned(width), beat), ram.read_data)
        return [Mux(self.first_step, 0, stored[lane]) for lane in range(beat)]

    def _tables(
        self, m: Module, node: Node | ElementwiseNode, codes: list[Signal]
    ) -> list[Value] | None:
        """Add one table for each lane; return their outputs."""
        match node.activation:
            case Table() as function:
                return self._lanes_of_tables(m, node, function, codes)
            case None | Rectifier():  # which `_narrow` computes
                return None
        assert_never(node.activation)

    def _lanes_of_tables(
        self, m: Module, node: Node | ElementwiseNode, function: Table, codes: list[Signal]
    ) -> list[Value]:
        table = function.codes
        width = table.format.width
        outputs = []
        for lane in range(self.plan.beat):
            rom = Rom(
                name=f"{node.name.replace('.', '_')}_{function.function}",
                words=pack(table.codes[:, None], width),
                width=width,
            )
            m.submodules[f"{rom.name}_{lane}"] = rom
            m.d.comb += rom.address.eq(codes[lane])
            outputs.append(rom.data)
        return outputs


def _total_width(plan: LayerPlan) -> int:
    """Return the bits of a signed total that no node of the layer can overflow."""
    return 1 + max(plan.layer.sum_bounds(node)[1].bit_length() for node in _finished(plan))


def _finished(plan: LayerPlan) -> list[Node | ElementwiseNode]:
    """Return the nodes whose totals are narrowed here."""
    finished: list[Node | ElementwiseNode] = []
    for node in plan.layer.nodes:
        match node:
            case Node() | ElementwiseNode():
                finished.append(node)
            case MemoryNode():
                pass  # its unit narrows, and writes
            case _:
                assert_never(node)
    return finished


def _narrow(node: Node | ElementwiseNode, total: Value) -> Value:
    code = requantize(total, node.sum_frac_bits, node.requant)
    match node.activation:
        case Rectifier():
            return Mux(code < 0, 0, code)
        case None | Table():  # a table follows: see `_tables`
            return code
    assert_never(node.activation)
