# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of a semiseparable memory: one multiplier for each product, or one for all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from lmu_hw.fixed import Requant, Rounding
from lmu_hw.hdl.requantize import requantize, shape_of
from lmu_hw.network import MemoryNode
from lmu_hw.plan import LayerPlan

__all__ = ["SemiseparableCells", "coefficient_layout", "control_layout"]


def control_layout(plan: LayerPlan, node: MemoryNode) -> data.StructLayout:
    """Return the layout of what accompanies a word of states through the pipeline.

    ``final`` marks the last slot of a word, ``ends`` the last word of a recursion.
    """
    schedule = plan.node(node)
    return data.StructLayout(
        {
            "valid": 1,
            "segment": bits_for(max(node.segments - 1, 1)),
            "backward": 1,
            "word": bits_for(max(schedule.words - 1, 1)),
            "slot": bits_for(max(schedule.forward_slots - 1, 1)),
            "final": 1,
            "ends": 1,
        }
    )


def coefficient_layout(plan: LayerPlan, node: MemoryNode) -> data.StructLayout:
    """Return the layout of the coefficients of one state, from the low bits on.

    ``carry`` holds the elements of W that are not zero in all states; ``up`` is how many bits the
    products with D and U are shifted left.
    """
    update, schedule = node.update, plan.node(node)
    rate = shape_of(update.decay.format)
    return data.StructLayout(
        {
            "decay": rate,
            "coupling": data.ArrayLayout(rate, update.rank),
            "carry": data.ArrayLayout(shape_of(update.carry.format), len(schedule.carried)),
            "up": unsigned(schedule.max_shift.bit_length()),
        }
    )


@dataclass(frozen=True, slots=True)
class _Product:
    """A product of a state: with D, ``U[index]``, or W at place `index` of the carried elements."""

    kind: str
    index: int = 0


@dataclass(frozen=True, slots=True)
class _Use:
    """When a multiplier computes a product, and from what."""

    product: _Product
    active: Value
    coefficient: Value
    operand: Value


class SemiseparableCells(wiring.Component):
    """Computes what a word of states carries to the next one, and its new codes.

    Each cell has the multipliers of one state; together they are a chain through which f or b runs
    within one cycle. In the backward recursion the first cell has the last state of the word.

    Parameters
    ----------
    plan : LayerPlan
    node : MemoryNode

    Members
    -------
    s1, s2, s3, s4 : In(control_layout)
        Control of a word 1 to 4 cycles after its address.
    coefficients : In(array of coefficient_layout)
        In s1, in the order of the states.
    states : In(array of codes)
        In s1.
    u : In(array of inputs)
        One for each segment.
    carried : Out(array of b)
        What the backward recursion carries into each state, in s3.
    history : In(array of b)
        The same in s5 of the forward recursion.
    codes : Out(array of codes)
        New states, in s7 of the last slot of the forward recursion.
    """

    def __init__(self, plan: LayerPlan, node: MemoryNode) -> None:
        self.plan, self.node = plan, node
        self.schedule = schedule = plan.node(node)
        update = node.update
        control, chain = control_layout(plan, node), schedule.chain
        self.state = shape_of(node.requant.format)
        b = shape_of(update.backward.format)
        source = shape_of(plan.layer.signals[node.source].format)
        super().__init__(
            {
                "s1": In(control),
                "s2": In(control),
                "s3": In(control),
                "s4": In(control),
                "coefficients": In(data.ArrayLayout(coefficient_layout(plan, node), chain)),
                "states": In(data.ArrayLayout(self.state, chain)),
                "u": In(data.ArrayLayout(source, node.segments)),
                "carried": Out(data.ArrayLayout(b, chain)),
                "history": In(data.ArrayLayout(b, chain)),
                "codes": Out(data.ArrayLayout(self.state, chain)),
            }
        )
        # Fraction bits of operands and sums. More than needed in a sum change no narrowing.
        self.x, self.f, self.b = (
            requant.format.frac_bits for requant in (node.requant, update.forward, update.backward)
        )
        rows = update.decay.format.frac_bits + schedule.max_shift
        carry = update.carry.format.frac_bits
        self.row_x, self.row_f = rows + self.x, rows + self.f
        self.carry_f, self.carry_b = carry + self.f, carry + self.b
        self.total = max(self.row_x, self.row_f, self.x, self.b)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        update, chain = self.node.update, self.schedule.chain
        shape = signed(max(update.forward.format.width, update.backward.format.width))

        def vector(name: str) -> list[Signal]:
            return [Signal(shape, name=f"{name}_{i}") for i in range(update.rank)]

        # Segments that take turns carry each their own.
        registers = [vector(f"carried_{n}") for n in range(self.node.segments)]
        if not self.schedule.interleaved:
            registers = registers[:1]
        entering = vector("s3_carried")
        for i, now in enumerate(entering):
            choices = Array(register[i] for register in registers)
            m.d.comb += now.eq(choices[self.s3.segment if len(registers) > 1 else 0])
        for n in range(chain):
            cell = _Cell(self, m, n, entering)
            leaving = vector(f"leaving_{n}")
            m.d.comb += [
                *(now.eq(total) for now, total in zip(leaving, cell.carry(), strict=True)),
                self.carried[chain - 1 - n].eq(entering[0]),
                self.codes[n].eq(cell.code()),
            ]
            entering = leaving
        # The forward recursion begins with -u, the backward one with 0.
        source = self.plan.layer.signals[self.node.source].format.frac_bits
        loop = self.loop
        start = Mux(loop.backward, (-self.u[loop.segment]).shift_left(self.f - source), 0)
        for n, register in enumerate(registers):
            of_segment = loop.segment == n if len(registers) > 1 else 1
            with m.If(loop.valid & loop.final & of_segment):
                for i, (now, after) in enumerate(zip(register, entering, strict=True)):
                    m.d.sync += now.eq(Mux(loop.ends, 0 if i else start, after))
        return m

    @property
    def loop(self) -> Signal:
        """Control of the stage that narrows what is carried on."""
        return self.s3 if self.schedule.loop_cycles == 1 else self.s4


class _Cell:
    """The products and sums of one state; adds them to a module.

    Everything is multiplied in s3. If b and f must be carried on in the same cycle, the backward
    recursion needs U x earlier: where a state takes one cycle, it is multiplied in s2.
    """

    def __init__(
        self, cells: SemiseparableCells, m: Module, n: int, entering: list[Signal]
    ) -> None:
        self.cells, self.m, self.n, self.entering = cells, m, n, entering
        update, self.schedule = cells.node.update, cells.schedule
        self.couplings = [_Product("coupling", i) for i in range(update.rank)]
        self.carries = [_Product("carry", i) for i in range(len(self.schedule.carried))]
        self.s2_word, self.s2_x = self._operands()
        self.s3_word = self._later("s3_word", self.s2_word)
        self.s3_x = self._later("s3_x", self.s2_x)
        self.s4_up = self._later("s4_up", self.s3_word.up)
        self.s4_x = self._later("s4_x", self.s3_x)
        self.s2_coefficients = self._coefficients(self.s2_word)
        self.s3_coefficients = self._coefficients(self.s3_word)
        self.values = self._multiply()

    def _operands(self) -> tuple[Signal, Signal]:
        """Return coefficients and state of the cell in s2."""
        cells, n = self.cells, self.n
        mirrored = self.schedule.chain - 1 - n
        layout = coefficient_layout(cells.plan, cells.node)
        word = Signal(layout, name=f"s2_word_{n}", reset_less=True)
        x = Signal(cells.state, name=f"s2_x_{n}", reset_less=True)
        for register, source in ((word, cells.coefficients), (x, cells.states)):
            self.m.d.sync += register.eq(source[n])
            if mirrored != n:
                with self.m.If(cells.s1.backward):
                    self.m.d.sync += register.eq(source[mirrored])
        return word, x

    def _coefficients(self, word: Signal) -> dict[_Product, Value]:
        """Return the coefficient of each product."""
        return {
            _Product("decay"): word.decay,
            **{product: word.coupling[product.index] for product in self.couplings},
            **{product: word.carry[product.index] for product in self.carries},
        }

    def _later(self, name: str, value: Any) -> Any:
        """Return a value one cycle later."""
        later = Signal(value.shape(), name=f"{name}_{self.n}", reset_less=True)
        self.m.d.sync += later.eq(value)
        return later

    def _multiply(self) -> dict[_Product, Value]:
        """Add the multipliers; return the products.

        They are kept in registers until the next word overwrites them, but for products with W that
        the last slot computes and needs.
        """
        lanes = self.schedule.lanes // self.schedule.chain
        uses: list[list[_Use]] = [[] for _ in range(lanes)]
        forward = [_Product("decay"), *self.couplings, *self.carries]
        for backward, products in ((True, forward[1:]), (False, forward)):
            for behind, product in enumerate(reversed(products)):  # the last slot is full
                uses[behind % lanes].append(self._use(product, backward, behind // lanes))
        at_once = self.carries[-lanes:] if self.schedule.loop_cycles == 1 else []
        values: dict[_Product, Value] = {}
        for number, shared in enumerate(uses):
            coefficient = _chosen([(use.active, use.coefficient) for use in shared])
            operand = _chosen([(use.active, use.operand) for use in shared])
            result = coefficient * operand
            output = Signal(result.shape(), name=f"product_{self.n}_{number}")
            self.m.d.comb += output.eq(result)
            for product in {use.product: None for use in shared}:
                values[product] = output
                if product not in at_once:
                    values[product] = register = Signal.like(
                        output, name=f"{product.kind}_{self.n}_{product.index}", reset_less=True
                    )
                    with self.m.If(Cat(u.active for u in shared if u.product == product).any()):
                        self.m.d.sync += register.eq(output)
        return values

    def _use(self, product: _Product, backward: bool, before_last: int) -> _Use:
        """Return when and from what a product is computed, so many slots before the last."""
        slots = self.schedule.backward_slots if backward else self.schedule.forward_slots
        if backward and product.kind == "coupling" and slots == self.schedule.loop_cycles == 1:
            stage, coefficients, x = self.cells.s2, self.s2_coefficients, self.s2_x
        else:
            stage, coefficients, x = self.cells.s3, self.s3_coefficients, self.s3_x
        if product.kind == "carry":
            row, column = self.schedule.carried[product.index]
            operand = self.entering[row if backward else column]
        elif product.kind == "coupling" and not backward:
            operand = self.entering[product.index]
        else:
            operand = x
        active = stage.valid & (stage.backward == backward)
        if slots > 1:
            active &= stage.slot == slots - 1 - before_last
        return _Use(product, active, coefficients[product], operand)

    def carry(self) -> list[Value]:
        """Return what the state carries on, in the stage of the loop."""
        cells, update = self.cells, self.cells.node.update
        if self.schedule.loop_cycles == 1:
            up, state = self.s3_word.up, self.s3_x
        else:
            up, state = self.s4_up, self.s4_x
        backward, nothing = cells.loop.backward, Const(0, signed(1))
        places = list(zip(self.carries, self.schedule.carried, strict=True))
        totals = []
        for i in range(update.rank):
            u_x = self.values[self.couplings[i]] << up
            x = state if i == 0 else Const(0)
            minus = sum((self.values[p] for p, (_, column) in places if column == i), nothing)
            plus = sum((self.values[p] for p, (row, _) in places if row == i), nothing)
            # -a is ~a + 1: the 1 is added to what enters, out of the loop.
            total = Mux(
                backward,
                _entering(u_x, cells.row_x, cells.carry_b, update.backward, plus=1),
                _entering(x, cells.x, cells.carry_f, update.forward, plus=0),
            ) + Mux(backward, ~minus, plus)
            totals.append(total.shift_right(update.carry.format.frac_bits))
        return totals

    def code(self) -> Value:
        """Return the new state: s7."""
        cells, m = self.cells, self.m
        s5_x = self._later("s5_x", self.s4_x)
        d_x = self.values[_Product("decay")].shift_left(cells.total - cells.row_x)
        u_f = [self.values[p].shift_left(cells.total - cells.row_f) for p in self.couplings]
        products = reduce(add, u_f, d_x) << self.s4_up
        s5_products = Signal(products.shape(), name=f"s5_products_{self.n}", reset_less=True)
        history = cells.history[self.n].shift_left(cells.total - cells.b)
        total = s5_x.shift_left(cells.total - cells.x) + history - s5_products
        s6_total = Signal(total.shape(), name=f"s6_total_{self.n}", reset_less=True)
        s7_code = Signal(cells.state, name=f"s7_code_{self.n}", reset_less=True)
        m.d.sync += [
            s5_products.eq(products),
            s6_total.eq(total),
            s7_code.eq(requantize(s6_total, cells.total, cells.node.requant)),
        ]
        return s7_code


def _chosen(cases: list[tuple[Value, Value]]) -> Value:
    """Return the value whose condition is true; the last one if none is."""
    (_, chosen), *others = reversed(cases)
    for active, value in others:
        if value is not chosen:
            chosen = Mux(active, value, chosen)
    return chosen


def _entering(value: Value, frac_bits: int, sum_bits: int, requant: Requant, *, plus: int) -> Value:
    """Return what is added to a product of W before the sum is narrowed by a shift.

    It brings what the rounding adds, and drops the bits below the product, which no carry leaves.

    Parameters
    ----------
    value : Value
        With `frac_bits` fraction bits.
    frac_bits, sum_bits : int
        Fraction bits of the value, and of the product.
    requant : Requant
    plus : int
        Added to the product.
    """
    down = max(frac_bits - sum_bits, 0)
    dropped = sum_bits + down - requant.format.frac_bits
    half = 1 << dropped - 1 if requant.rounding is Rounding.HALF_UP and dropped else 0
    aligned = Value.cast(value.shift_left(max(sum_bits - frac_bits, 0)))
    return (aligned + half + (plus << down)).shift_right(down)
