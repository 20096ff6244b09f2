# SPDX-License-Identifier: Apache-2.0
"""Random quantized networks of gated layers: any formats, modes and codes, and full-size ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.lmu import Role
from lmu_hw.network import (
    INPUT,
    AnyNode,
    Codes,
    ElementwiseNode,
    Factor,
    Node,
    Product,
    QuantizedLayer,
    QuantizedNetwork,
    Signal,
    Table,
    Term,
)
from tests.random_tables import random_table

__all__ = ["CELLS", "gated_network"]

CELLS = ("lstm", "gru", "gru, reset before")

_OVERFLOWS = (Overflow.WRAP, Overflow.SATURATE)
_ROUNDINGS = tuple(Rounding)


def gated_network(
    cell: str = "lstm",
    *,
    units: int = 3,
    inputs: int = 2,
    order: int = 0,
    layers: int = 1,
    once: bool = False,
    seed: int = 0,
    widest: int = 7,
    requant: tuple[Rounding, Overflow] | None = None,
) -> QuantizedNetwork:
    """Return `layers` layers with a gated cell, each of random formats and codes.

    Parameters
    ----------
    cell : str
        One of `CELLS`.
    units, inputs : int
    order : int
        A dense memory of this order in every layer; 0: none, a plain recurrent layer.
    layers : int
    once : bool
        The last layer answers at the last step only.
    seed : int
    widest : int
        Bits of a code, at most; tables have at most 5 at their input.
    requant : (Rounding, Overflow), optional
        Of every node; random if not given.
    """
    random = np.random.default_rng(seed)
    source = _Formats(random, widest, requant).requant(signed=True)
    signal = Signal(size=inputs, format=source.format)
    made: list[QuantizedLayer] = []
    for index in range(layers):
        maker = _Layer(f"r{index}", signal, units, _Formats(random, widest, requant))
        if order:
            maker.memory(order)
        {"lstm": maker.lstm, "gru": maker.gru, "gru, reset before": maker.gru_before}[cell]()
        made.append(maker.layer(last_only=once and index == layers - 1))
        signal = made[-1].output
    return QuantizedNetwork(
        name="gated",
        input=source,
        input_scale=Fraction(1),
        layers=tuple(made),
        answers_once=once,
        softmax=False,
        model_digest="0" * 64,
    )


@dataclass
class _Formats:
    """Random formats and codes."""

    random: np.random.Generator
    widest: int
    modes: tuple[Rounding, Overflow] | None

    def integer(self, low: int, high: int) -> int:
        return int(self.random.integers(low, high + 1))

    def format(self, widest: int, *, signed: bool | None = None) -> FixedFormat:
        width = self.integer(2, widest)
        signed = self.integer(0, 1) == 1 if signed is None else signed
        return FixedFormat.of_width(width, signed=signed, int_bits=self.integer(-1, width // 2))

    def requant(self, widest: int | None = None, *, signed: bool | None = None) -> Requant:
        rounding, overflow = _ROUNDINGS[self.integer(0, 3)], _OVERFLOWS[self.integer(0, 1)]
        if self.modes is not None:
            rounding, overflow = self.modes
        fmt = self.format(widest or self.widest, signed=signed)
        return Requant(format=fmt, rounding=rounding, overflow=overflow)

    def codes(self, fmt: FixedFormat, *shape: int) -> Codes:
        codes = self.random.integers(fmt.min_code, fmt.max_code + 1, shape)
        return Codes(codes=codes, format=fmt)

    def table(self) -> tuple[Requant, Table]:
        """Return what enters a table, and the table."""
        requant = self.requant(5)
        return requant, random_table(self.random, requant.format, self.format(self.widest))


@dataclass
class _Layer:
    """The nodes of a layer, one after the other; states are known before they are computed."""

    name: str
    input: Signal
    units: int
    formats: _Formats
    nodes: list[AnyNode] = field(default_factory=list)
    signals: dict[str, Signal] = field(default_factory=dict)
    requants: dict[str, Requant] = field(default_factory=dict)
    drives: list[str] = field(default_factory=lambda: [INPUT])

    def __post_init__(self) -> None:
        self.signals[INPUT] = self.input

    def state(self, kind: str, size: int) -> None:
        """Choose the format of a node that others read before it is computed."""
        self.requants[kind] = self.formats.requant()
        self.signals[kind] = Signal(size=size, format=self.requants[kind].format)

    def memory(self, order: int) -> None:
        """Add a memory that is an ordinary node, fed back to its encoder."""
        self.state("m", order)
        self.sum("u", [INPUT, "m[t-1]"], rows=1)
        self.sum("m", ["m[t-1]", "u"], rows=order)
        self.drives.append("m")

    def lstm(self) -> None:
        """Add the nodes of a long short-term memory."""
        self.state("h", self.units)
        self.state("c", self.units)
        for gate in "ifgo":
            self.sum(gate, ["h[t-1]", *self.drives], table=True)
        self.elementwise("c", "f c[t-1]", "i g")
        self.elementwise("s", "c", table=True)
        self.elementwise("h", "o s")

    def gru(self) -> None:
        """Add the nodes of a gated recurrent unit that resets after the product with h."""
        self._update_and_reset()
        self.sum("v", ["h[t-1]"])
        self.sum("w", self.drives)
        self.elementwise("n", "w", "r v", table=True)
        self.elementwise("h", "n", "z h[t-1]", "- z n")

    def gru_before(self) -> None:
        """Add the nodes of a gated recurrent unit that resets h before the product."""
        self._update_and_reset()
        self.elementwise("q", "r h[t-1]")
        self.sum("n", [*self.drives, "q"], table=True)
        self.elementwise("h", "n", "z h[t-1]", "- z n")

    def _update_and_reset(self) -> None:
        self.state("h", self.units)
        for gate in "zr":
            self.sum(gate, ["h[t-1]", *self.drives], table=True)

    def layer(self, *, last_only: bool) -> QuantizedLayer:
        """Return the layer, which answers with h."""
        return QuantizedLayer(
            name=self.name,
            input=self.input,
            nodes=tuple(self.nodes),
            outputs=(f"{self.name}.h",),
            last_only=last_only,
        )

    def sum(
        self, kind: str, sources: list[str], *, rows: int | None = None, table: bool = False
    ) -> None:
        """Add an ordinary node with a bias."""
        rows = self.units if rows is None else rows
        terms, held = [], []
        for label in sources:
            factor = self._factor(label)
            source = self.signals[label.removesuffix("[t-1]")]
            weights = self.formats.codes(
                self.formats.format(self.formats.widest, signed=True), rows, source.size
            )
            terms.append(Term(source=factor.source, delayed=factor.delayed, weights=weights))
            held.append(source.format.frac_bits + weights.format.frac_bits)
        bits = max(held) + self.formats.integer(0, 2)
        bias = FixedFormat.of_width(8, signed=True, int_bits=7 - bits)
        requant, activation = self._narrowing(kind, table)
        node = Node(
            layer=self.name,
            role=Role(kind),
            segments=1,
            terms=tuple(terms),
            bias=self.formats.codes(bias, rows),
            row_shifts=None,
            sum_frac_bits=bits,
            requant=requant,
            activation=activation,
            last_only=False,
        )
        self._add(kind, node)

    def elementwise(self, kind: str, *products: str, table: bool = False) -> None:
        """Add an element-wise node; a product is one label or two, after a minus if negative."""
        made, held = [], []
        for text in products:
            labels = text.removeprefix("- ").split()
            names = [label.removesuffix("[t-1]") for label in labels]
            factors = tuple(self._factor(label) for label in labels)
            made.append(Product(factors=factors, negative=text.startswith("-")))
            held.append(sum(self.signals[name].format.frac_bits for name in names))
        requant, activation = self._narrowing(kind, table)
        node = ElementwiseNode(
            layer=self.name,
            role=Role(kind),
            rows=self.units,
            products=tuple(made),
            sum_frac_bits=max(held) + self.formats.integer(0, 2),
            requant=requant,
            activation=activation,
        )
        self._add(kind, node)

    def _factor(self, label: str) -> Factor:
        name = label.removesuffix("[t-1]")
        source = name if name == INPUT else f"{self.name}.{name}"
        return Factor(source=source, delayed=name != label)

    def _narrowing(self, kind: str, table: bool) -> tuple[Requant, Table | None]:
        if table:
            return self.formats.table()
        return self.requants.get(kind) or self.formats.requant(), None

    def _add(self, kind: str, node: AnyNode) -> None:
        self.nodes.append(node)
        self.signals[kind] = node.signal
