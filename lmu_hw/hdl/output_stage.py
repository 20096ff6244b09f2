# SPDX-License-Identifier: Apache-2.0
"""What happens to finished sums: bias, rounding, activation, one beat of rows per cycle."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, assert_never

from amaranth.hdl import Cat, Const, Module, ShapeLike, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from lmu_hw.hdl.activation import Lookup
from lmu_hw.hdl.assertions import add_checker, count_bits
from lmu_hw.hdl.contexts import of_context, steps_layout
from lmu_hw.hdl.elementwise import total_layout
from lmu_hw.hdl.pipeline import follow
from lmu_hw.hdl.reload.blocks import output_blocks
from lmu_hw.hdl.residues import ResidueStep, add_residues, residue_rams
from lmu_hw.hdl.row_constants import RowRom
from lmu_hw.hdl.saturations import count_saturations, saturations_layout
from lmu_hw.hdl.slots import context_field, tag_layout
from lmu_hw.hdl.storage import Rom
from lmu_hw.hdl.tables import table_name
from lmu_hw.hdl.totals import finished, narrow, total_width
from lmu_hw.hdl.writes import code_width, is_row, write_layout
from lmu_hw.network import ElementwiseNode, Node, Rectifier, Table
from lmu_hw.plan import LayerPlan

__all__ = ["OutputStage"]


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
        self.residues = residue_rams(plan, accessible=accessible)
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
        plan = self.plan
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
        self._count_beats(m, a0)
        rows = self._rows(m, stages[0])
        totals = self._totals(m, (a0, a1), stages, rows)
        written = self._codes(m, stages, totals)
        if plan.layer.elementwise:
            self._elements(m, stages[2], totals)
        if self.watched:
            count_saturations(m, plan, self.saturated, stages[2], totals)
        last = stages[-1]
        m.d.comb += [
            *(self.write[name].eq(last[name]) for name in ("valid", "node", "segment", "beat")),
            self.write.data.eq(Cat(written)),
            *(self.write[name].eq(last[name]) for name in context_field(plan)),
        ]
        beats = plan.beats_per_group
        elements = self.elements.tag.valid if plan.layer.elementwise else Const(0)
        signals = {"upcoming": self.upcoming, "sums": stages[1].valid, "elements": elements}
        add_checker(m, platform, "drain", BEATS=beats, BITS=count_bits(beats), **signals)
        return m

    def _count_beats(self, m: Module, a0: Any) -> None:
        """Count the beats of a group, two cycles ahead of its rows.

        What is read for them comes out of a memory in a1 and of a register in d0.
        """
        plan = self.plan
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

    def _rows(self, m: Module, d0: Any) -> Any:
        """Take the sums over; they leave by beats, the first ones are at the bottom."""
        plan = self.plan
        rows = Signal(self.sums.shape(), name="rows", reset_less=True)
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
        return rows

    def _totals(
        self, m: Module, ahead: tuple[Any, Any], stages: list[Any], rows: Any
    ) -> list[Signal]:
        """Return totals, in d2: in d1 sums, shifted, beside what is added."""
        (a0, a1), (d0, d1, d2) = ahead, stages[:3]
        total = signed(total_width(self.plan))
        d1_sums, d1_addends, d2_totals = (
            self._lanes(name, total) for name in ("d1_sum", "d1_addend", "d2_total")
        )
        constants = self._row_constants(m, a0, a1)
        step = self._residue_step(a0, a1, d2)
        residues = add_residues(m, self.plan, self.residues, (a0, a1, d2), d2_totals, step)
        for lane in range(self.plan.beat):
            up, addend = Value.cast(constants[lane].up), constants[lane].addend
            with m.If(d0.valid):
                m.d.sync += [
                    d1_sums[lane].eq(Value.cast(rows[lane]) << up),
                    d1_addends[lane].eq(addend + residues[lane] if residues else addend),
                ]
            with m.If(d1.valid):
                m.d.sync += d2_totals[lane].eq(d1_sums[lane] + d1_addends[lane])
        return d2_totals

    def _lanes(self, name: str, shape: ShapeLike) -> list[Signal]:
        return [Signal(shape, name=f"{name}_{n}", reset_less=True) for n in range(self.plan.beat)]

    def _residue_step(self, a0: Any, a1: Any, d2: Any) -> ResidueStep:
        if self.plan.contexts == 1:
            return ResidueStep(self.first_step)
        before, there, after = (of_context(self.steps, stage) for stage in (a0, a1, d2))
        return ResidueStep(there.first, before.stream, after.stream)

    def _codes(self, m: Module, stages: list[Any], totals: list[Signal]) -> list[Signal]:
        """Return what is written.

        In d3 it enters the activation; answers of tables are there in the last stage but one, which
        is d4 where there is none, and so are codes that no table delays.
        """
        plan, d2 = self.plan, stages[2]
        answered, written = stages[-2:]
        code = unsigned(max(node.requant.format.width for node in finished(plan)))
        d3_codes = self._lanes("d3_code", code)
        data_written = self._lanes("written_data", unsigned(code_width(plan)))
        passed = self._passed(m, stages, d3_codes)
        for node in finished(plan):
            index = plan.layer.nodes.index(node)
            tabulated = self._tables(m, node, stages[3:6], d3_codes)
            for lane in range(plan.beat):
                with m.If(d2.valid & (d2.node == index)):
                    m.d.sync += d3_codes[lane].eq(narrow(node, totals[lane]))
                with m.If(answered.valid & (answered.node == index)):
                    source = passed if tabulated is None else tabulated
                    m.d.sync += data_written[lane].eq(source[lane])
            with m.If(written.node == index):
                m.d.comb += [
                    mask.eq(written.valid & is_row(plan, node, written.beat, lane))
                    for lane, mask in enumerate(self.write.mask)
                ]
        return data_written

    def _elements(self, m: Module, d2: Any, totals: list[Signal]) -> None:
        """Let the totals of element-wise nodes in, which take the same way from d2 on."""
        with m.If(self.elements.tag.valid):
            m.d.sync += [
                d2.valid.eq(1),
                d2.node.eq(self.elements.tag.node),
                d2.segment.eq(0),
                d2.beat.eq(self.elements.tag.beat),
                *(d2[name].eq(self.elements.tag[name]) for name in context_field(self.plan)),
                *(total.eq(self.elements.totals[lane]) for lane, total in enumerate(totals)),
            ]

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
            case None | Rectifier():  # which `narrow` computes
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
