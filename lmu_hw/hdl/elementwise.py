# SPDX-License-Identifier: Apache-2.0
"""The element-wise nodes of a layer as hardware: one unit, a beat of elements per cycle."""

from __future__ import annotations

from functools import reduce
from itertools import pairwise
from operator import add, mul, sub

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from lmu_hw.hdl.multiples import entry_of
from lmu_hw.hdl.pipeline import follow
from lmu_hw.hdl.requantize import shape_of
from lmu_hw.hdl.slots import context_field, tag_layout
from lmu_hw.network import Product
from lmu_hw.plan import LayerPlan

__all__ = ["ElementwiseUnit", "beat_layout", "total_layout"]

_Place = dict[int, Product]
"""The product that each node, by its index in the layer, computes with the same registers."""


def beat_layout(plan: LayerPlan) -> data.StructLayout:
    """Return the layout of what tells a beat from others: its node, and its number."""
    beats = max(plan.node(node).busy for node in plan.layer.elementwise)
    return data.StructLayout(
        {
            "valid": 1,
            "node": tag_layout(plan)["node"].shape,
            "beat": range(beats + 1),
            **context_field(plan),
        }
    )


def total_layout(plan: LayerPlan) -> data.StructLayout:
    """Return the layout of a beat of totals, which no element-wise node can overflow."""
    bounds = [plan.layer.sum_bounds(node)[1] for node in plan.layer.elementwise]
    total = signed(1 + max(bounds).bit_length())
    return data.StructLayout(
        {"tag": beat_layout(plan), "totals": data.ArrayLayout(total, plan.beat)}
    )


class ElementwiseUnit(wiring.Component):
    """Adds products of vectors, for all element-wise nodes of a layer.

    A beat is accepted in every cycle. The words that hold it are at the input one cycle later, its
    totals at the output `latency` cycles later.

    Parameters
    ----------
    plan : LayerPlan

    Members
    -------
    i : In(beat_layout)
    words : In(struct of arrays of beats)
        The word of each vector that is read, by the name of its node.
    first_step : In(1)
        What is read of the step before is zero; steady while a step is computed, or as late as the
        words.
    o : Out(total_layout)
    """

    latency = 3

    def __init__(self, plan: LayerPlan) -> None:
        layer = plan.layer
        self.plan = plan
        self.nodes = {layer.nodes.index(node): node for node in layer.elementwise}
        words = {
            factor.source: data.ArrayLayout(
                data.ArrayLayout(shape_of(layer.signals[factor.source].format), plan.beat),
                plan.columns // plan.beat,
            )
            for node in layer.elementwise
            for factor in node.factors
        }
        super().__init__(
            {
                "i": In(beat_layout(plan)),
                "words": In(data.StructLayout(words)),
                "first_step": In(1),
                "o": Out(total_layout(plan)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # s1: words; s2: factors; s3: products.
        s1, s2, s3 = (Signal(self.i.shape(), name=f"s{n}") for n in (1, 2, 3))
        for before, after in pairwise([self.i, s1, s2, s3]):
            follow(m, before, after)
        m.d.comb += self.o.tag.eq(s3)
        for lane in range(self.plan.beat):
            elements = self._elements(m, s1, lane)
            products = [
                (place, self._product(m, f"{number}_{lane}", place, (s1, s2), elements))
                for number, place in enumerate(self._places())
            ]
            with m.Switch(s3.node):
                for index in self.nodes:
                    with m.Case(index):
                        m.d.comb += self.o.totals[lane].eq(self._total(index, products))
        return m

    def _places(self) -> list[_Place]:
        """Return the places of products: those of two vectors, with a multiplier, come first."""
        places = []
        for factors in (2, 1):
            by_node = {
                index: [product for product in node.products if len(product.factors) == factors]
                for index, node in self.nodes.items()
            }
            places += [
                {index: products[n] for index, products in by_node.items() if n < len(products)}
                for n in range(max(len(products) for products in by_node.values()))
            ]
        return places

    def _elements(self, m: Module, s1: Signal, lane: int) -> dict[str, Signal]:
        """Return the element of each vector that is in a lane of the beat."""
        position = s1.beat[: exact_log2(self.plan.columns // self.plan.beat)]
        elements = {}
        for name, _ in self.words.shape():
            fmt = self.plan.layer.signals[name].format
            role = self.plan.layer.node(name).role
            elements[name] = Signal(shape_of(fmt), name=f"s1_{role.value}_{lane}")
            m.d.comb += elements[name].eq(
                entry_of((beat[lane] for beat in self.words[name]), position)
            )
        return elements

    def _product(
        self,
        m: Module,
        name: str,
        place: _Place,
        stages: tuple[Signal, Signal],
        elements: dict[str, Signal],
    ) -> Signal:
        """Return the register of a product, in s3, which s1 and s2 lead to."""
        s1, s2 = stages
        factors = []
        for number in range(len(next(iter(place.values())).factors)):
            operands = {index: product.factors[number] for index, product in place.items()}
            formats = [
                self.plan.layer.signals[factor.source].format for factor in operands.values()
            ]
            shape = signed(max(fmt.width + int(not fmt.signed) for fmt in formats))
            s2_factor = Signal(shape, name=f"s2_factor_{name}_{number}", reset_less=True)
            with m.If(s1.valid), m.Switch(s1.node):
                for index, factor in operands.items():
                    element = elements[factor.source]
                    with m.Case(index):
                        value = Mux(self.first_step, 0, element) if factor.delayed else element
                        m.d.sync += s2_factor.eq(value)
            factors.append(s2_factor)
        product = reduce(mul, factors)
        s3_product = Signal(product.shape(), name=f"s3_product_{name}", reset_less=True)
        with m.If(s2.valid):
            m.d.sync += s3_product.eq(product)
        return s3_product

    def _total(self, index: int, products: list[tuple[_Place, Signal]]) -> Value:
        """Return the sum of the products of a node."""
        layer, node = self.plan.layer, self.nodes[index]
        terms: dict[bool, list[Value]] = {False: [], True: []}
        for place, value in products:
            if index in place:
                aligned = value.shift_left(layer.product_shift(node, place[index]))
                terms[place[index].negative].append(aligned)
        added = reduce(add, terms[False]) if terms[False] else Const(0)
        return reduce(sub, terms[True], added)
