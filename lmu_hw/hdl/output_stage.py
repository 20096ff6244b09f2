# SPDX-License-Identifier: Apache-2.0
"""What happens to finished sums: bias, rounding, activation, one beat of rows per cycle."""

from __future__ import annotations

from itertools import pairwise
from typing import assert_never

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from lmu_hw.fixed import Overflow, Requant
from lmu_hw.hdl.activation import Lookup
from lmu_hw.hdl.assertions import add_checker, count_bits
from lmu_hw.hdl.contexts import of_context, steps_layout
from lmu_hw.hdl.elementwise import total_layout
from lmu_hw.hdl.multiples import times
from lmu_hw.hdl.pipeline import follow
from lmu_hw.hdl.reload.blocks import output_blocks
from lmu_hw.hdl.requantize import is_outside, requantize
from lmu_hw.hdl.row_constants import RowRom, narrowing
from lmu_hw.hdl.sequencer import context_field, tag_layout
from lmu_hw.hdl.storage import Rom, VectorRam
from lmu_hw.hdl.tables import table_name
from lmu_hw.network import AnyNode, ElementwiseNode, MemoryNode, Node, Rectifier, Table
from lmu_hw.plan import LayerPlan, Storage, half_ulp

__all__ = ["OutputStage", "code_width", "saturating", "saturations_layout", "write_layout"]


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
            **context_field(plan),
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
    upcoming : In(1)
        Sums are there two cycles later, and are taken over; not before the group before has left.
    tag : In(tag_layout)
        Theirs, with `upcoming`.
    sums : In(array of rows signed)
    first_step : In(1)
        There is no previous step, and no residue; steady while a step drains.
    steps : In(as of `Contexts`), if there are several contexts
        Instead: the steps whose sums drain.
    elements : In(total_layout), if the layer has element-wise nodes
        A beat of totals; not while sums drain.
    write : Out(write_layout)
    load : In(struct of `load_layout`), if the plan is writable
        Writes a word of row constants or of a table, by the name of the ROM.
    saturated : Out(array of counts), if it is watched
        For each of the nodes that saturate: sums of a beat that lay outside its format; 0 of
        memories that have a unit.

    Attributes
    ----------
    residues : dict of str to VectorRam
        Of each node under error feedback, by its name.
    """

    def __init__(
        self,
        plan: LayerPlan,
        sums: data.ArrayLayout,
        *,
        watched: bool = False,
        accessible: bool = False,
    ) -> None:
        self.plan, self.latency, self.watched = plan, plan.drain_latency, watched
        self.residues = {
            node.name: _residue_ram(plan, node, accessible=accessible)
            for node in plan.layer.sums
            if node.error_feedback
        }
        loads = {block.name: block.load_layout for block in output_blocks(plan)}
        elements = {"elements": In(total_layout(plan))} if plan.layer.elementwise else {}
        super().__init__(
            {
                "upcoming": In(1),
                "tag": In(tag_layout(plan)),
                "sums": In(sums),
                **(
                    {"first_step": In(1)}
                    if plan.contexts == 1
                    else {"steps": In(steps_layout(plan))}
                ),
                "write": Out(write_layout(plan)),
                **elements,
                **({"load": In(data.StructLayout(loads))} if plan.writable else {}),
                **({"saturated": Out(saturations_layout(plan))} if watched else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan, layer = self.plan, self.plan.layer
        control = data.StructLayout(
            {
                name: self.write.shape()[name].shape
                for name in ("valid", "node", "segment", "beat", *context_field(plan))
            }
        )
        a0, a1 = (Signal(control, name=f"a{n}") for n in range(2))
        stages = [Signal(control, name=f"d{n}") for n in range(self.latency + 1)]
        for before, after in pairwise([a0, a1, *stages]):
            follow(m, before, after)
        d0, d1, d2 = stages[:3]
        answered, written = stages[-2:]

        # a0: the beats of a group, two cycles ahead of its rows: what is read for them comes out of
        # a memory in a1 and of a register in d0.
        left = Signal(range(plan.beats_per_group + 1))
        tag = Signal(self.tag.shape())
        m.d.comb += [a0.valid.eq(left != 0), a0.node.eq(tag.node), a0.segment.eq(tag.segment)]
        m.d.comb += [a0[name].eq(tag[name]) for name in context_field(plan)]
        with m.If(a0.valid):
            m.d.sync += left.eq(left - 1)
        with m.If(self.upcoming):
            m.d.sync += [tag.eq(self.tag), left.eq(plan.beats_per_group)]
        with m.If(self.upcoming & self.tag.restart):
            m.d.sync += a0.beat.eq(0)
        with m.Elif(a0.valid):
            m.d.sync += a0.beat.eq(a0.beat + 1)

        # d0: the rows leave by beats; the first ones are at the bottom.
        rows = Signal(self.sums.shape(), reset_less=True)
        present = Signal(2)
        taken = Signal()
        m.d.sync += present.eq(Cat(self.upcoming, present[0]))
        m.d.comb += taken.eq(present[1])
        with m.If(taken):
            m.d.sync += rows.eq(self.sums)
        if plan.beats_per_group > 1:
            bits = plan.beat * self.sums.shape().elem_shape.width
            with m.Elif(d0.valid):
                m.d.sync += rows.as_value().eq(rows.as_value()[bits:])

        # d1: sums, shifted, beside what is added; d2: totals, also those of element-wise nodes;
        # their low bits are the next residues; d3: codes that enter the activation; answered: the
        # same beside the answers of tables, d4 where no table delays them; written: data.
        total = signed(_total_width(plan))
        code = unsigned(max(node.requant.format.width for node in _finished(plan)))
        d1_sums, d1_addends, d2_totals, d3_codes, data_written = (
            [Signal(shape, name=f"{name}_{n}", reset_less=True) for n in range(plan.beat)]
            for name, shape in (
                ("d1_sum", total),
                ("d1_addend", total),
                ("d2_total", total),
                ("d3_code", code),
                ("written_data", unsigned(code_width(plan))),
            )
        )
        constants = self._row_constants(m, a0, a1)
        residues = self._residues(m, a0, a1, d2, d2_totals)
        for lane in range(plan.beat):
            up, addend = Value.cast(constants[lane].up), constants[lane].addend
            with m.If(d0.valid):
                m.d.sync += [
                    d1_sums[lane].eq(Value.cast(rows[lane]) << up),
                    d1_addends[lane].eq(addend + residues[lane] if residues else addend),
                ]
            with m.If(d1.valid):
                m.d.sync += d2_totals[lane].eq(d1_sums[lane] + d1_addends[lane])
        passed = self._passed(m, stages, d3_codes)
        for node in _finished(plan):
            index = layer.nodes.index(node)
            tabulated = self._tables(m, node, stages[3:6], d3_codes)
            for lane in range(plan.beat):
                with m.If(d2.valid & (d2.node == index)):
                    m.d.sync += d3_codes[lane].eq(_narrow(node, d2_totals[lane]))
                with m.If(answered.valid & (answered.node == index)):
                    source = passed if tabulated is None else tabulated
                    m.d.sync += data_written[lane].eq(source[lane])
            with m.If(written.node == index):
                for lane in range(plan.beat):
                    m.d.comb += self.write.mask[lane].eq(
                        written.valid & self._inside(node, written.beat, lane)
                    )
        if layer.elementwise:
            with m.If(self.elements.tag.valid):
                m.d.sync += [
                    d2.valid.eq(1),
                    d2.node.eq(self.elements.tag.node),
                    d2.segment.eq(0),
                    d2.beat.eq(self.elements.tag.beat),
                    *(d2[name].eq(self.elements.tag[name]) for name in context_field(plan)),
                    *(d2_totals[lane].eq(self.elements.totals[lane]) for lane in range(plan.beat)),
                ]
        if self.watched:
            self._saturations(m, d2, d2_totals)
        m.d.comb += [
            self.write.valid.eq(written.valid),
            self.write.node.eq(written.node),
            self.write.segment.eq(written.segment),
            self.write.beat.eq(written.beat),
            self.write.data.eq(Cat(data_written)),
            *(self.write[name].eq(written[name]) for name in context_field(plan)),
        ]
        beats = plan.beats_per_group
        elements = self.elements.tag.valid if layer.elementwise else Const(0)
        signals = {"upcoming": self.upcoming, "sums": stages[1].valid, "elements": elements}
        add_checker(m, platform, "drain", BEATS=beats, BITS=count_bits(beats), **signals)
        return m

    def _row_constants(self, m: Module, a0: Signal, a1: Signal) -> data.View:
        """Add the ROM of row constants; return those of the beat in d0, one for each lane."""
        constants = RowRom(self.plan)
        layout = data.ArrayLayout(constants.layout, self.plan.beat)
        d0_constants = data.View(layout, Signal(layout, name="d0_constants", reset_less=True))
        if words := constants.words():
            writable = self.plan.writable
            rom = Rom(name=constants.name, words=words, width=layout.size, writable=writable)
            m.submodules.row_rom = rom
            if writable:
                load = self.load[constants.name]
                rom.load(m, load.enable, load.address, load.word)
            address = Signal(rom.address.shape())
            first_word = Signal.like(address)
            m.d.comb += [rom.address.eq(address), rom.enable.eq(a0.valid)]
            with m.Switch(self.tag.node):
                for index, first in constants.first_words.items():
                    with m.Case(index):
                        m.d.comb += first_word.eq(first)
            with m.If(self.upcoming & self.tag.restart):
                m.d.sync += address.eq(first_word)
            with m.Elif(a0.valid):
                m.d.sync += address.eq(address + 1)
        with m.If(a1.valid):
            if words:
                m.d.sync += d0_constants.as_value().eq(rom.data)
            with m.Switch(a1.node):
                for index, constant in constants.constants.uniform.items():
                    with m.Case(index):
                        beat = layout.const([constant._asdict()] * self.plan.beat)
                        m.d.sync += d0_constants.eq(beat)
        return d0_constants

    def _saturations(self, m: Module, d2: Signal, d2_totals: list[Signal]) -> None:
        """Count the sums of a beat that lie outside the format of their node."""
        for place, node in enumerate(saturating(self.plan)):
            if isinstance(node, MemoryNode):
                continue  # its unit counts
            of_node = d2.valid & (d2.node == self.plan.layer.nodes.index(node))
            outside = [
                self._inside(node, d2.beat, lane)
                & is_outside(total, node.sum_frac_bits, _narrowing(node))
                for lane, total in enumerate(d2_totals)
            ]
            m.d.sync += self.saturated[place].eq(Mux(of_node, sum(outside, Const(0)), 0))

    def _inside(self, node: Node | ElementwiseNode, beat: Value, lane: int) -> Value:
        """Say whether a lane of a beat is a row of the node."""
        return beat < -(-(node.rows - lane) // self.plan.beat)

    def _residues(
        self, m: Module, a0: Signal, a1: Signal, d2: Signal, d2_totals: list[Signal]
    ) -> list[Signal]:
        """Add the RAMs of what narrowings drop; return what was dropped one step before, in d0.

        Read beside the constants of the rows, written from the totals.
        """
        plan, beat, nodes = self.plan, self.plan.beat, self.plan.layer.nodes
        feedback = [node for node in self.plan.layer.sums if node.error_feedback]
        if not feedback:
            return []
        width = max(node.dropped_bits for node in feedback)
        d0_residues = [
            Signal(width, name=f"d0_residue_{lane}", reset_less=True) for lane in range(beat)
        ]
        with m.If(a1.valid):
            m.d.sync += [residue.eq(0) for residue in d0_residues]
        for node in feedback:
            index, beats = nodes.index(node), -(-node.rows // beat)
            ram = self.residues[node.name]
            m.submodules[f"{node.role.value}_residues"] = ram
            of_node = d2.valid & (d2.node == index)
            m.d.comb += [
                ram.read_word.eq(times(a0.segment, beats) + a0.beat),
                ram.write_segment.eq(d2.segment),
                ram.write_beat.eq(d2.beat),
                ram.write_enable.eq(of_node & self._inside(node, d2.beat, 0)),
                ram.write_data.eq(Cat(total[: node.dropped_bits] for total in d2_totals)),
            ]
            first_step = self.first_step if plan.contexts == 1 else of_context(self.steps, a1).first
            if plan.contexts > 1:
                m.d.comb += [
                    ram.read_page.eq(of_context(self.steps, a0).stream),
                    ram.write_page.eq(of_context(self.steps, d2).stream),
                ]
            # Not cleared at the end of a sequence: masked during its first step, like the states.
            stored = data.View(data.ArrayLayout(unsigned(node.dropped_bits), beat), ram.read_data)
            with m.If(a1.valid & (a1.node == index) & ~first_step):
                m.d.sync += [d0_residues[lane].eq(stored[lane]) for lane in range(beat)]
        return d0_residues

    def _passed(self, m: Module, stages: list[Signal], codes: list[Signal]) -> list[Signal]:
        """Return codes as late as tables answer."""
        for number in range(4, self.latency):
            later = [
                Signal.like(code, name=f"d{number}_code_{lane}") for lane, code in enumerate(codes)
            ]
            with m.If(stages[number - 1].valid):
                m.d.sync += [after.eq(before) for before, after in zip(codes, later, strict=True)]
            codes = later
        return codes

    def _tables(
        self, m: Module, node: Node | ElementwiseNode, stages: list[Signal], codes: list[Signal]
    ) -> list[Value] | None:
        """Add a table for each lane; return their answers.

        Parameters
        ----------
        m : Module
        node : Node or ElementwiseNode
        stages : list of Signal
            Of the code that enters, and of the two cycles after.
        codes : list of Signal
        """
        match node.activation:
            case Table() as function:
                return self._lanes_of_tables(m, node, function, stages, codes)
            case None | Rectifier():  # which `_narrow` computes
                return None
        assert_never(node.activation)

    def _lanes_of_tables(
        self,
        m: Module,
        node: Node | ElementwiseNode,
        table: Table,
        stages: list[Signal],
        codes: list[Signal],
    ) -> list[Value]:
        name, writable = table_name(node, table), self.plan.writable
        index = self.plan.layer.nodes.index(node)
        busy = Cat(stage.valid & (stage.node == index) for stage in stages)
        answers: list[Value] = []
        for lane in range(self.plan.beat):
            lookup = Lookup(table, name=name, writable=writable)
            m.submodules[f"{name}_{lane}"] = lookup
            if writable:
                m.d.comb += [lookup.load[rom].eq(self.load[rom]) for rom, _ in lookup.load.shape()]
            m.d.comb += [lookup.code.eq(codes[lane][: table.source.width]), lookup.busy.eq(busy)]
            answers.append(lookup.answer)
        return answers


def _residue_ram(plan: LayerPlan, node: Node, *, accessible: bool) -> VectorRam:
    """Return the RAM of what the narrowings of a node drop."""
    words = node.segments * -(-node.rows // plan.beat)
    return VectorRam(
        storage=Storage(segments=node.segments, length=node.rows, words=words),
        pages=plan.streams,
        columns=plan.beat,
        beat=plan.beat,
        width=node.dropped_bits,
        accessible=accessible,
    )


def _total_width(plan: LayerPlan) -> int:
    """Return the bits of a signed total that no node of the layer can overflow."""
    bounds = [plan.sum_bounds(node)[1] for node in _finished(plan)]
    halves = [half_ulp(node) for node in plan.layer.sums]
    return 1 + (max(bounds) + max(halves)).bit_length()


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


def saturating(plan: LayerPlan) -> list[AnyNode]:
    """Return the nodes whose sums are limited to the ends of their formats."""
    return [node for node in plan.layer.nodes if node.requant.overflow is Overflow.SATURATE]


def saturations_layout(plan: LayerPlan) -> data.ArrayLayout:
    """Return the layout of a count of saturations for each node that saturates."""
    return data.ArrayLayout(bits_for(plan.beat), len(saturating(plan)))


def _narrowing(node: Node | ElementwiseNode) -> Requant:
    return narrowing(node) if isinstance(node, Node) else node.requant


def _narrow(node: Node | ElementwiseNode, total: Value) -> Value:
    code = requantize(total, node.sum_frac_bits, _narrowing(node))
    match node.activation:
        case Rectifier():
            return Mux(code < 0, 0, code)
        case None | Table():  # a table follows: see `_tables`
            return code
    assert_never(node.activation)
