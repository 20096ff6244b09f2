# SPDX-License-Identifier: Apache-2.0
"""A memory as combinational logic between registers: one time step per clock.

Every product is with a constant, so there are no multipliers: shifts, and adders of two operands
each, which synthesis maps to one carry chain each. Constants that round lie in bits that are zero
otherwise, and cost nothing.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from amaranth.back import rtlil
from amaranth.hdl import Module, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from lmu_hw.errors import NetworkError, ToolError
from lmu_hw.fixed import Overflow, Requant, Rounding
from lmu_hw.hdl.requantize import shape_of
from lmu_hw.network import AnyNode, MemoryNode, Node, QuantizedLayer
from lmu_hw.network.scan import Scan
from lmu_hw.network.semiseparable import Semiseparable
from tools.memory_bench.adder_order import EARLY
from tools.memory_bench.adders import Interval
from tools.memory_bench.constant_sums import ConstantSum, Products, Scaled, narrowed

__all__ = ["ParallelMemory", "parallel_verilog"]

_DEEP = 1_000_000  # Amaranth looks for loops by recursion along the longest path


class ParallelMemory(wiring.Component):
    """One memory of a node: all its states are computed in one cycle.

    The states are zero after reset, and stay as they are while `en` is low.

    Parameters
    ----------
    layer : QuantizedLayer
    node : MemoryNode or Node
        A memory of the layer: dense, semiseparable or scan.

    Members
    -------
    en : In(1)
    u : In(signed or unsigned)
        In the format of the node's source.
    states : Out(array)
        The states after all steps so far; a step takes 1 cycle.

    Raises
    ------
    NetworkError
        If the node is not such a memory, or keeps what its narrowing drops.
    """

    def __init__(self, layer: QuantizedLayer, node: AnyNode) -> None:
        self.layer, self.node = layer, node
        self.source = layer.signals[_source(node)].format
        super().__init__(
            {
                "en": In(1),
                "u": In(shape_of(self.source)),
                "states": Out(data.ArrayLayout(shape_of(node.requant.format), node.rows)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        node, fmt = self.node, self.node.requant.format
        states = [Signal(shape_of(fmt), name=f"x_{k}") for k in range(node.rows)]
        x = [Scaled.of(state, fmt) for state in states]
        u = Scaled.of(self.u, self.source)
        if isinstance(node, Node):
            after = _dense(m, self.layer, node, x, u)
        elif isinstance(node.update, Scan):
            u_up = node.update.running.frac_bits - self.source.frac_bits
            after = _scan(m, node.update, node.requant, x, replace(u, scale=1 << u_up))
        else:
            assert isinstance(node.update, Semiseparable)
            u_up = node.update.forward.format.frac_bits - self.source.frac_bits
            sweeps = _Sweeps(m, node.update, node.requant)
            after = sweeps.states(x, replace(u, scale=-1 << u_up))
        m.d.comb += [self.states[k].eq(state) for k, state in enumerate(states)]
        with m.If(self.en):
            m.d.sync += [state.eq(code) for state, code in zip(states, after, strict=True)]
        return m


def parallel_verilog(layer: QuantizedLayer, node: AnyNode, *, name: str) -> str:
    """Return a `ParallelMemory` as a Verilog module with the ports clk, rst, en, u and states.

    Raises
    ------
    NetworkError
        As `ParallelMemory`.
    ToolError
        If Yosys fails.
    """
    memory, limit = ParallelMemory(layer, node), sys.getrecursionlimit()
    sys.setrecursionlimit(_DEEP)
    try:
        source = rtlil.convert(memory, name=name, emit_src=False)
    finally:
        sys.setrecursionlimit(limit)
    with tempfile.TemporaryDirectory() as folder:
        il, verilog = Path(folder) / "memory.il", Path(folder) / "memory.v"
        il.write_text(source)
        command = [sys.executable, "-m", "lmu_hw.hdl._yosys", str(il), str(verilog)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode or not verilog.exists():
            raise ToolError(f"Yosys must turn {node.name} into Verilog, but failed: {run.stderr}")
        # The first line names the version and the build of Yosys.
        return verilog.read_text().split("\n", 1)[1].lstrip("\n")


def _source(node: AnyNode) -> str:
    """Return the name of what a memory reads; refuse other nodes."""
    if isinstance(node, MemoryNode):
        if not isinstance(node.update, Scan | Semiseparable):
            raise NetworkError(f"{node.name}: a parallel memory cannot be {node.update.kind!r}")
        return node.source
    sources = [term.source for term in node.terms if not term.delayed]
    own = [term.source for term in node.terms if term.delayed]
    if own != [node.name] or len(sources) != 1 or node.bias or node.activation:
        raise NetworkError(
            f"{node.name}: a parallel memory must be a linear sum of its own previous values and "
            "of one other node, without a bias"
        )
    if node.error_feedback:
        raise NetworkError(f"{node.name}: a parallel memory must be without error feedback")
    return sources[0]


def _dense(m: Module, layer: QuantizedLayer, node: Node, x: list[Scaled], u: Scaled) -> list[Value]:
    """Return the codes of all states of a dense memory after the step."""
    sums = []
    for k in range(node.rows):
        up = node.max_row_shift - (node.row_shifts[k] if node.row_shifts else 0)
        products: Products = []
        for term in node.terms:
            row = term.weights.codes[k] << layer.term_shift(node, term) + up
            products += zip(x if term.delayed else [u], row.tolist(), strict=True)
        sums.append(
            ConstantSum(products=products, frac_bits=node.sum_frac_bits, requant=node.requant)
        )
    return narrowed(m, "sum", sums)


def _scan(m: Module, update: Scan, requant: Requant, x: list[Scaled], u: Scaled) -> list[Value]:
    """Return the codes of all states of an Euler memory after the step; u is aligned with s."""
    running, one = update.running, 1 << update.running.frac_bits - requant.format.frac_bits
    exact = Requant(format=running, rounding=Rounding.FLOOR, overflow=Overflow.WRAP)

    def sum_of(name: str, products: Products) -> Scaled:
        sums = [ConstantSum(products=products, frac_bits=running.frac_bits, requant=exact)]
        value = Signal(shape_of(running), name=name)
        m.d.comb += value.eq(narrowed(m, f"{name}_sum", sums)[0])
        return Scaled.of(value, running)

    total = sum_of("total", [(state, one) for state in x])
    after = []
    s: list[Scaled] = []
    for i, state in enumerate(x):
        start: Products = [(u, 1 if i == 0 else -1), (total, -1)] if i < 2 else [(s[i - 2], 1)]
        s.append(sum_of(f"s_{i}", start + ([(x[i - 1], 2 * one)] if i else [])))
        products = [(state, one << update.rate.format.frac_bits), (s[i], int(update.factors[i]))]
        bits = update.sum_frac_bits(requant.format).state
        sums = [ConstantSum(products=products, frac_bits=bits, requant=requant)]
        after += narrowed(m, f"state_{i}", sums)
    return after


class _Sweeps:
    """The logic of a semiseparable update, state by state.

    b changes its sign from state to state: what enters with the leading digit of W is then always
    added, and the constant that rounds lies in the bits below that digit.
    """

    def __init__(self, m: Module, update: Semiseparable, requant: Requant) -> None:
        self.m, self.update, self.requant = m, update, requant
        self.bits = bits = update.sum_frac_bits(requant.format)
        x, f, b = (r.format.frac_bits for r in (requant, update.forward, update.backward))
        rates = update.decay.format.frac_bits + update.max_shift
        carry = update.carry.format.frac_bits
        self.forward_x, self.forward_W = bits.forward - x, bits.forward - carry - f
        self.backward_U, self.backward_W = bits.backward - rates - x, bits.backward - carry - b
        self.state_x, self.state_D = bits.state - x, bits.state - rates - x
        self.state_U, self.state_b = bits.state - rates - f, bits.state - b

    def states(self, x: list[Scaled], u: Scaled) -> list[Value]:
        """Return the codes of all states after the step.

        Parameters
        ----------
        x : list of Scaled
            The codes before the step.
        u : Scaled
            The only element of f that comes to the first state.
        """
        d, r = len(x), range(self.update.rank)
        x = [replace(state, level=EARLY) for state in x]  # f and b come through other states
        f = [[u], *([self._carried(f"f_{k}_{i}") for i in r] for k in range(1, d)), []]
        b = [[self._carried(f"b_{k}_{i}", (d - k) % 2 == 1) for i in r] for k in range(d - 1)]
        b = [[], *b, []]
        return [self._state(k, x[k], f[k : k + 2], b[k : k + 2]) for k in range(d)]

    def _carried(self, name: str, negative: bool | None = None) -> Scaled:
        """Return a signal for an element of f, or of b with or without the opposite sign."""
        fmt = (self.update.forward if negative is None else self.update.backward).format
        sign = -1 if negative else 1
        codes = Interval(fmt.min_code, fmt.max_code).times(sign, 0)
        return Scaled(Signal(signed(codes.bits), name=name), codes, sign)

    def _state(self, k: int, x: Scaled, f: list[list[Scaled]], b: list[list[Scaled]]) -> Value:
        """Add the logic of state k, which drives the next f and b, and return its next code.

        Parameters
        ----------
        k : int
        x : Scaled
        f, b : [here, after] and [before, here]
            What comes to this state, and what goes on from it.
        """
        update, bits = self.update, self.bits
        up = update.max_shift - update.shifts[k]
        D, U = int(update.decay.codes[k]) << up, [int(c) << up for c in update.coupling.codes[k]]
        W = update.carry.codes[k].tolist()
        sums = []
        for i in range(len(f[1])):
            products = [(f[0][j], W[i][j] << self.forward_W) for j in range(len(f[0]))]
            products.append((x, (i == 0) << self.forward_x))
            sums.append(
                ConstantSum(products=products, frac_bits=bits.forward, requant=update.forward)
            )
        for j, target in enumerate(b[0]):
            products = [(b[1][i], -W[i][j] << self.backward_W) for i in range(len(b[1]))]
            products.append((x, U[j] << self.backward_U))
            sums.append(
                ConstantSum(
                    products=products,
                    frac_bits=bits.backward,
                    requant=update.backward,
                    negative=target.scale < 0,
                )
            )
        products = [(x, 1 << self.state_x), (x, -D << self.state_D)]
        products += [(f[0][j], -U[j] << self.state_U) for j in range(len(f[0]))]
        products += [(b[1][0], 1 << self.state_b)] if b[1] else []
        sums.append(ConstantSum(products=products, frac_bits=bits.state, requant=self.requant))
        *carried, state = narrowed(self.m, f"sum_{k}", sums)
        self.m.d.comb += [
            target.value.eq(code) for target, code in zip([*f[1], *b[0]], carried, strict=True)
        ]
        return state
