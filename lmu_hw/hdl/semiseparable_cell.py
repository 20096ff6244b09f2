# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of one state of a semiseparable memory."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import Any, assert_never

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from lmu_hw.fixed import Requant, Rounding
from lmu_hw.hdl.multiples import entry_of
from lmu_hw.hdl.requantize import is_outside, requantize, shape_of
from lmu_hw.hdl.semiseparable_layouts import coefficient_layout, control_layout
from lmu_hw.hdl.semiseparable_products import Multiplier, Product, Use, multipliers
from lmu_hw.network import MemoryNode
from lmu_hw.plan import LayerPlan

__all__ = ["SemiseparableCell"]


class SemiseparableCell(wiring.Component):
    """Computes what a state carries on, and its new code.

    Products are computed in s3. What enters the loop from outside is in a register when the loop
    adds it. Where the backward recursion takes one cycle for a state, U x is therefore multiplied
    as soon as coefficients and state are in registers, two stages before the loop.

    Parameters
    ----------
    plan : LayerPlan
    node : MemoryNode
    last : bool
        What it carries on goes into the register that ends the loop, not into another cell.
    watched : bool
        Somebody counts the states that are limited to their format.

    Attributes
    ----------
    loop : int
        The stage that narrows what is carried on: 3, or 4 if the loop takes two cycles.

    Members
    -------
    stages : In(array of control_layout)
        Control of a word 0 to 6 cycles after it was begun.
    word : In(coefficient_layout)
        Three stages before the loop.
    x : In(code)
        Likewise.
    u : In(array of inputs)
        One for each segment.
    carried : In(array of f or b)
        What is carried into the state: in s3, or, if the loop takes two cycles, what will be
        carried into it in s3, in s2.
    leaving : Out(array of f or b)
        What it carries on, in the stage of the loop.
    history : In(b)
        What the backward recursion carried into the state, in s4 of the forward recursion.
    code : Out(code)
        The new state, in s7 of the last slot of the forward recursion.
    outside : Out(1), if it is watched
        Its sum, in s6, lies outside the format.
    """

    def __init__(
        self, plan: LayerPlan, node: MemoryNode, *, last: bool, watched: bool = False
    ) -> None:
        self.plan, self.node, self.last, self.watched = plan, node, last, watched
        self.schedule = schedule = plan.node(node)
        self.loop = 2 + schedule.loop_cycles
        self.entry = self.loop - 2  # the first stage in which coefficients and state are registers
        update, source = node.update, plan.layer.signals[node.source].format
        forward, backward = update.forward.format, update.backward.format
        state = shape_of(node.requant.format)
        carried = data.ArrayLayout(signed(max(forward.width, backward.width)), update.rank)
        super().__init__(
            {
                "stages": In(data.ArrayLayout(control_layout(plan, node), 7)),
                "word": In(coefficient_layout(plan, node)),
                "x": In(state),
                "u": In(data.ArrayLayout(shape_of(source), node.segments)),
                "carried": In(carried),
                "leaving": Out(carried),
                "history": In(shape_of(backward)),
                "code": Out(state),
                **({"outside": Out(1)} if watched else {}),
            }
        )
        # Fraction bits. More than needed in a sum change no narrowing.
        self.frac_u, self.frac_x = source.frac_bits, node.requant.format.frac_bits
        self.frac_f, self.frac_b = forward.frac_bits, backward.frac_bits
        self.drop = update.carry.format.frac_bits
        self.rates = update.decay.format.frac_bits + schedule.max_shift
        self.total = max(self.rates + max(self.frac_x, self.frac_f), self.frac_b)

    def elaborate(self, platform: object) -> Module:
        self.m = m = Module()
        self.words: dict[int, Any] = {self.entry: self._in(self.entry, "word", self.word)}
        if self.entry == 1:
            self.words[2] = self._in(2, "word", self.words[1])
        self.xs = {self.entry: self._in(self.entry, "x", self.x)}
        for stage in range(self.entry + 1, 6):
            # Behind s3, only the new state needs it.
            clocked = self._new_state(stage - 1) if stage > 3 else None
            self.xs[stage] = self._in(stage, "x", self.xs[stage - 1], clocked=clocked)
        self.ups: dict[int, Value] = {2: self.words[2].up}
        for stage in (3, 4):
            self.ups[stage] = self._in(stage, "up", self.ups[stage - 1])
        self.carry_in = [self.carried[i] for i in range(self.node.update.rank)]
        self.values: dict[Product, Value] = {}
        for number, multiplier in enumerate(multipliers(self.node.update, self.schedule)):
            self._multiply(number, multiplier)
        m.d.comb += [
            *(self.leaving[i].eq(self._leaving(i)) for i in range(self.node.update.rank)),
            self.code.eq(self._code()),
        ]
        return m

    def _in(
        self,
        stage: int,
        name: str,
        value: Any,
        shape: Shape | None = None,
        *,
        clocked: Value | None = None,
    ) -> Any:
        """Return the register that has a value one cycle later, in a stage.

        It is clocked where there is a word in the stage before, or only where `clocked` says so.
        """
        name, shape = f"s{stage}_{name}", value.shape() if shape is None else shape
        register = Signal(shape, name=name, reset_less=True)
        with self.m.If(self.stages[stage - 1].valid if clocked is None else clocked):
            self.m.d.sync += register.eq(value)
        return register

    def _flag(self, name: str, value: Value) -> Signal:
        """Return a bit one cycle later."""
        flag = Signal(name=name, reset_less=True)
        self.m.d.sync += flag.eq(value)
        return flag

    def _new_state(self, number: int) -> Value:
        """Say whether a stage has the slot from which the new state follows."""
        stage = self.stages[number]
        return stage.valid & stage.final & ~stage.backward

    def _multiply(self, number: int, multiplier: Multiplier) -> None:
        """Add a multiplier, between registers; what it multiplies is chosen a cycle earlier.

        Its products are in registers until the next word overwrites them, but for those with W that
        the loop adds in the cycle in which they are computed. Such a loop has its operand at hand
        only then, too.
        """
        ahead = {use: self._in_stage(use, 2) for use in multiplier.uses if not use.early}
        active = {use: self._flag(f"s3_{use.name}", chosen) for use, chosen in ahead.items()}
        coefficient = self._in(
            3,
            f"coefficient_{number}",
            _chosen([(chosen, self._coefficient(use)) for use, chosen in ahead.items()]),
        )
        if self.loop == 3:
            operands = [(active[use], self._operand(use, self.xs[3])) for use in ahead]
            operand = _chosen(operands)
        else:
            operands = [(ahead[use], self._operand(use, self.xs[2])) for use in ahead]
            operand = self._in(3, f"operand_{number}", _chosen(operands))
        for use in multiplier.uses:
            if use.early:
                active[use] = self._flag(
                    f"s{self.entry}_{use.name}", self._in_stage(use, self.entry - 1)
                )
                coupling = self.words[self.entry].coupling[use.product.index]
                coefficient = Mux(active[use], coupling, coefficient)
                operand = Mux(active[use], self.xs[self.entry], operand)
        result = Signal((coefficient * operand).shape(), name=f"product_{number}")
        self.m.d.comb += result.eq(coefficient * operand)
        for product in multiplier.products:
            uses = [use for use in multiplier.uses if use.product == product]
            self.values[product] = result
            if product.kind != "carry" or self.loop == 4:
                self.values[product] = self._kept(product, uses, result, active)

    def _kept(
        self, product: Product, uses: list[Use], result: Signal, active: dict[Use, Signal]
    ) -> Signal:
        """Return the register that keeps a product."""
        widths = [len(self._coefficient(use)) + len(self._operand(use, self.x)) for use in uses]
        width = min(max(widths), len(result))
        register = Signal(signed(width), name=f"{product.kind}_{product.index}", reset_less=True)
        with self.m.If(Cat(active[use] for use in uses).any()):
            self.m.d.sync += register.eq(result)
        return register

    def _in_stage(self, use: Use, number: int) -> Value:
        """Say whether a stage has the slot of a use."""
        stage = self.stages[number]
        slots = self.schedule.backward_slots if use.backward else self.schedule.forward_slots
        here = stage.valid & (stage.backward == use.backward)
        return here & (stage.slot == slots - 1 - use.before_last) if slots > 1 else here

    def _coefficient(self, use: Use) -> Value:
        """Return the coefficient of a product, in s2.

        W b is subtracted; W changes its sign here, which is out of the loop. The last word of a
        recursion carries nothing on: what enters the loop is then what the next one begins with.
        """
        word, kind, index = self.words[2], use.product.kind, use.product.index
        match kind:
            case "decay":
                return word.decay
            case "coupling":
                return word.coupling[index]
            case "carry":
                W = Value.cast(-word.carry[index] if use.backward else word.carry[index])
                return Mux(self.stages[2].ends, 0, W) if self.last else W
        assert_never(kind)

    def _operand(self, use: Use, x: Value) -> Value:
        """Return what a coefficient is multiplied with, x or one of the carried numbers."""
        kind, index = use.product.kind, use.product.index
        match kind:
            case "decay":
                return x
            case "coupling":
                return x if use.backward else self.carry_in[index]
            case "carry":
                row, column = self.schedule.carried[index]
                return self.carry_in[row if use.backward else column]
        assert_never(kind)

    def _leaving(self, i: int) -> Value:
        """Return what the state carries on, in the stage of the loop."""
        places = list(enumerate(self.schedule.carried))
        entering = self._in(self.loop, f"entering_{i}", self._entering(i))
        of_b = [index for index, (_, column) in places if column == i]
        of_f = [index for index, (row, _) in places if row == i]
        products = self._sum(of_f)
        if of_b != of_f:
            products = Mux(self.stages[self.loop].backward, self._sum(of_b), products)
        return (entering + products).shift_right(self.drop)

    def _sum(self, places: list[int]) -> Value:
        """Return the sum of the products with some of the carried elements of W."""
        values = [self.values[Product("carry", index)] for index in places]
        return reduce(add, values, Const(0, signed(1)))

    def _entering(self, i: int) -> Value:
        """Return what is added to the products with W, one stage before the loop."""
        update, number = self.node.update, self.loop - 1
        stage, x = self.stages[number], self.xs[number] if i == 0 else Const(0)
        u_x = self.values[Product("coupling", i)] << self.ups[number]
        value = Mux(
            stage.backward,
            _aligned(u_x, self.rates + self.frac_x, self.drop + self.frac_b, update.backward),
            _aligned(x, self.frac_x, self.drop + self.frac_f, update.forward),
        )
        if not self.last:
            return Value.cast(value)
        # The forward recursion begins with -u, the backward one with 0.
        up = self.frac_f - self.frac_u + self.drop
        u = Value.cast(entry_of(self.u, stage.segment).shift_left(up))
        start = Mux(stage.backward, -u, 0) if i == 0 else 0
        return Value.cast(Mux(stage.ends, start, value))

    def _code(self) -> Value:
        """Return the new state, in s7."""
        requant = self.node.requant
        d_x = self.values[Product("decay")].shift_left(self.total - self.rates - self.frac_x)
        u_f = [
            self.values[Product("coupling", i)].shift_left(self.total - self.rates - self.frac_f)
            for i in range(self.node.update.rank)
        ]
        s4, s5, s6 = (self._new_state(number) for number in (4, 5, 6))
        products = reduce(add, u_f, d_x) << self.ups[4]
        s5_products = self._in(5, "products", products, clocked=s4)
        s5_history = self._in(5, "history", self.history, clocked=s4)
        x = self.xs[5].shift_left(self.total - self.frac_x)
        history = s5_history.shift_left(self.total - self.frac_b)
        s6_total = self._in(6, "total", x + history - s5_products, clocked=s5)
        if self.watched:
            self.m.d.comb += self.outside.eq(is_outside(s6_total, self.total, requant))
        code, shape = requantize(s6_total, self.total, requant), shape_of(requant.format)
        return self._in(7, "code", code, shape, clocked=s6)


def _chosen(cases: list[tuple[Value, Value]]) -> Value:
    """Return the value whose condition is true; one of them if none is."""
    conditions: dict[int, list[Value]] = {}
    values = {id(value): value for _, value in cases}
    for condition, value in cases:
        conditions.setdefault(id(value), []).append(condition)
    (_, chosen), *others = reversed(values.items())
    for key, value in others:
        chosen = Mux(Cat(conditions[key]).any(), value, chosen)
    return Value.cast(chosen)


def _aligned(value: Value, frac_bits: int, sum_bits: int, requant: Requant) -> Value:
    """Return what is added to a product of W before the sum is narrowed by a shift.

    It brings what the rounding adds, and drops the bits below the product, which no carry leaves.

    Parameters
    ----------
    value : Value
        With `frac_bits` fraction bits.
    frac_bits, sum_bits : int
        Fraction bits of the value, and of the product.
    requant : Requant
    """
    up, down = max(sum_bits - frac_bits, 0), max(frac_bits - sum_bits, 0)
    dropped = sum_bits + down - requant.format.frac_bits
    half = 1 << dropped - 1 if requant.rounding is Rounding.HALF_UP and dropped else 0
    if half.bit_length() <= up:  # in bits that are zero otherwise, it costs no adder
        aligned = Cat(Const(half, up), value)
        return (aligned.as_signed() if value.shape().signed else aligned).shift_right(down)
    return (Value.cast(value.shift_left(up)) + half).shift_right(down)
