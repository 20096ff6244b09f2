# SPDX-License-Identifier: Apache-2.0
"""What word lengths cost: bits of state, bits of coefficients, area of multipliers.

The three numbers are sums over a quantized network. `CostModel` computes them for other word
lengths than the network's own by moving every width along, so that a search can rank thousands of
combinations without quantizing each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import reduce
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import FixedFormat
from lmu_hw.lmu import Role
from lmu_hw.network import (
    INPUT,
    Activation,
    AnyNode,
    ElementwiseNode,
    LayerNode,
    MemoryNode,
    Node,
    Product,
    QuantizedLayer,
    QuantizedNetwork,
    Rectifier,
    Table,
    Term,
)
from lmu_hw.quantize import Options
from lmu_hw.quantize.options import NEAREST
from lmu_hw.quantize.tables import saturation_int_bits, tabulate
from lmu_hw.search.lengths import Knob, WordLengths

__all__ = ["Cost", "CostModel", "Costs", "costs_of"]

Bits = NDArray[np.int64]
Amount = Any
"""An integer, or an array of them, one for each combination of word lengths."""
Change = Mapping[Knob, Amount]


class Cost(Enum):
    """What a search makes small; the others break ties, in the order area, coefficients, states."""

    STATE_BITS = "state-bits"
    """Registers that keep a value from step to step, residues of error feedback among them: the
    manifest's ``state_bits``."""
    COEFFICIENT_BITS = "coefficient-bits"
    """Contents of ROMs: weights, biases, and the entries of activation tables; the sum of the
    manifest's ``coefficient_bits`` and ``table_bits``."""
    MULTIPLIER_AREA = "multiplier-area"
    """One-bit partial products of a step that answers: weight width times operand width, summed
    over all products, those of slopes in tables among them. Biases cost no product."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """The three costs of a design; see `Cost`."""

    state_bits: int
    coefficient_bits: int
    multiplier_area: int

    def get(self, cost: Cost) -> int:
        """Return one of them."""
        return getattr(self, cost.value.replace("-", "_"))


def costs_of(network: QuantizedNetwork) -> Costs:
    """Return the costs of a quantized network."""
    state, coefficients, area = _sums(network, {}, None, NEAREST)  # no table changes
    return Costs(
        state_bits=int(state), coefficient_bits=int(coefficients), multiplier_area=int(area)
    )


class CostModel:
    """The costs of a network at other word lengths, from one design that has been quantized.

    Widths of weights and signals move with their knob. Activation tables are made for the other
    outputs, without the address bits that these make superfluous. What is not known without
    quantizing again is taken over: integer bits, row shifts, and what only a proof decides.

    Parameters
    ----------
    network : QuantizedNetwork
        At `lengths`; no activation may be narrower than those that are asked for.
    lengths : WordLengths
    options : Options
        What the network was configured with.
    """

    def __init__(self, network: QuantizedNetwork, lengths: WordLengths, options: Options) -> None:
        self.network, self.lengths = network, lengths
        self._table_error = options.table_error
        integers = network.input.format.frac_bits == 0 and options.input_scale != 1
        self._input = None if integers or options.input_bits is not None else Knob.STATE

    def costs(self, grid: Bits) -> dict[Cost, Bits]:
        """Return the costs of combinations of word lengths.

        Parameters
        ----------
        grid : (combinations, 4) int64
            Word lengths in bits, in the order of `Knob`.

        Returns
        -------
        dict of Cost to (combinations,) int64
        """
        change = dict(zip(Knob, (grid - np.array(self.lengths.bits)).T, strict=True))
        sums = _sums(self.network, change, self._input, self._table_error)
        order = (Cost.STATE_BITS, Cost.COEFFICIENT_BITS, Cost.MULTIPLIER_AREA)
        return {
            cost: np.broadcast_to(np.asarray(total, dtype=np.int64), len(grid))
            for cost, total in zip(order, sums, strict=True)
        }

    def ranks(self, grid: Bits, cost: Cost) -> Bits:
        """Return the place of each combination when they are sorted from cheap to dear.

        By the chosen cost, then multiplier area, coefficient bits, state bits, the sum of the word
        lengths, and the word lengths themselves: no two places are equal.

        Parameters
        ----------
        grid : (combinations, 4) int64
        cost : Cost

        Returns
        -------
        (combinations,) int64
        """
        costs = self.costs(grid)
        others = (Cost.MULTIPLIER_AREA, Cost.COEFFICIENT_BITS, Cost.STATE_BITS)
        keys = [costs[each] for each in (cost, *others)] + [grid.sum(axis=1), *grid.T]
        order = np.lexsort(keys[::-1])
        ranks = np.empty(len(grid), dtype=np.int64)
        ranks[order] = np.arange(len(grid))
        return ranks


def _sums(
    network: QuantizedNetwork, change: Change, input_knob: Knob | None, table_error: float
) -> tuple[Amount, Amount, Amount]:
    """Return bits of state, bits of coefficients, and area, with every width changed."""
    state: Amount = 0
    coefficients: Amount = 0
    area: Amount = 0
    knob = input_knob
    for layer in network.layers:
        widths = _Widths(layer, knob, change, table_error)
        sizes = {name: layer.signals[name].size for name in sorted(layer.states)}
        state = state + sum(size * widths.signal(name) for name, size in sizes.items())
        for node in layer.nodes:
            sums = _node_sums(node, widths)
            state, coefficients, area = state + sums[0], coefficients + sums[1], area + sums[2]
        knob = widths.output_knob
    return state, coefficients, area


def _node_sums(node: AnyNode, widths: _Widths) -> tuple[Amount, Amount, Amount]:
    """Return bits of residues, bits of coefficients, and area of a node."""
    match node:
        case Node():
            sizes = [t.weights.codes.size * widths.weights(node, t) for t in node.terms]
            area = sum(
                bits * widths.signal(term.source)
                for term, bits in zip(node.terms, sizes, strict=True)
            )
            bits, products = _table_costs(node, node.activation, widths)
            coefficients = sum(sizes) + _bias_bits(node, widths) + bits
            return _residue_bits(node, widths), coefficients, node.segments * area + products
        case ElementwiseNode():
            area = sum(_product_area(node, product, widths) for product in node.products)
            bits, products = _table_costs(node, node.activation, widths)
            return 0, bits, area + products
        case MemoryNode():
            return 0, _coefficients(node, widths), _area(node, widths)
    assert_never(node)


def _coefficients(node: MemoryNode, widths: _Widths) -> Amount:
    """Return the bits of the coefficients of a structured memory."""
    count = sum(codes.codes.size for _, codes in node.coefficients)
    return node.coefficient_bits + count * widths.moved(Knob.MEMORY)


def _area(node: MemoryNode, widths: _Widths) -> Amount:
    """Return the sum over the products of a structured memory: coefficient times operand width."""
    memory, state = widths.moved(Knob.MEMORY), widths.moved(Knob.STATE)
    return sum(
        products.count * (products.coefficient + memory) * (products.operand + state)
        for products in node.products
    )


def _product_area(node: ElementwiseNode, product: Product, widths: _Widths) -> Amount:
    """Return the product of the widths of two vectors, over all elements; 0 for a single one."""
    if len(product.factors) == 1:
        return 0
    first, second = (widths.signal(factor.source) for factor in product.factors)
    return node.rows * first * second


class _Widths:
    """The widths of one layer after a change of word lengths.

    Parameters
    ----------
    layer : QuantizedLayer
    input_knob : Knob or None
        What the layer's input moves with; None: it stays.
    change : mapping of Knob to bits
        Missing knobs do not move.
    table_error : float
        How far tables may be from their functions, in ulp.
    """

    def __init__(
        self, layer: QuantizedLayer, input_knob: Knob | None, change: Change, table_error: float
    ) -> None:
        self.layer, self.change, self.table_error = layer, change, table_error
        self.knobs: dict[str, Knob | None] = {INPUT: input_knob}
        for node in layer.nodes:
            copied = node.role is Role.PASSED_INPUT
            knob = Knob.STATE if node.function is None else Knob.ACTIVATION
            self.knobs[node.name] = input_knob if copied else knob

    @property
    def output_knob(self) -> Knob | None:
        """What the layer's output vector moves with."""
        knobs = {self.knobs[name] for name in self.layer.outputs}
        return knobs.pop() if len(knobs) == 1 else Knob.STATE

    def moved(self, knob: Knob | None) -> Amount:
        """Return the bits by which a width grows that moves with a knob."""
        return 0 if knob is None else self.change.get(knob, 0)

    def signal(self, name: str) -> Amount:
        """Return the width of a node, or of the layer's input."""
        return self.layer.signals[name].format.width + self.moved(self.knobs[name])

    def weights(self, node: Node, term: Term) -> Amount:
        """Return the width of the weights of a term."""
        return term.weights.format.width + self.moved(_weight_knob(node))

    def sum_growth(self, node: Node) -> Amount:
        """Return the bits by which the fraction of a node's sum grows."""
        before: list[int] = []
        after: list[Amount] = []
        for term in node.terms:
            frac_bits = (
                self.layer.signals[term.source].format.frac_bits + term.weights.format.frac_bits
            )
            grown = self.moved(self.knobs[term.source]) + self.moved(_weight_knob(node))
            before.append(frac_bits)
            after.append(frac_bits + grown)
        return reduce(np.maximum, after) - max(before)


def _weight_knob(node: Node) -> Knob | None:
    """Return what the weights of a node move with; the ones of a copied input do not."""
    return {Role.MEMORY: Knob.MEMORY, Role.PASSED_INPUT: None}.get(node.role, Knob.WEIGHT)


def _residue_bits(node: Node, widths: _Widths) -> Amount:
    if not node.error_feedback:
        return 0
    growth = widths.sum_growth(node) - widths.moved(widths.knobs[node.name])
    return node.signal.size * (node.dropped_bits + growth)


def _bias_bits(node: Node, widths: _Widths) -> Amount:
    if node.bias is None:
        return 0
    return node.bias.codes.size * (node.bias.format.width + widths.sum_growth(node))


def _table_costs(
    node: LayerNode, function: Activation | None, widths: _Widths
) -> tuple[Amount, Amount]:
    """Return the bits of a table, and the area of its products in all elements."""
    match function:
        case None | Rectifier():
            return 0, 0
        case Table():
            moved = widths.moved(Knob.ACTIVATION)
            growth, places = np.unique(moved, return_inverse=True)
            tables = [_wider(node, function, int(bits), widths.table_error) for bits in growth]
            products = np.array([node.signal.size * table.product_bits for table in tables])
            return np.array([table.table_bits for table in tables])[places], products[places]
    assert_never(function)


def _wider(node: LayerNode, table: Table, growth: int, error: float) -> Table:
    """Return a table of the same function whose outputs are `growth` bits wider."""
    if growth == 0:
        return table
    frac_bits, int_bits = table.format.frac_bits + growth, node.requant.format.int_bits
    limit = saturation_int_bits(table.function, 2.0**-frac_bits, where=node.name)
    int_bits = int_bits if limit is None else min(int_bits, limit)
    int_bits = max(int_bits, 1 - frac_bits)
    source = FixedFormat(signed=True, int_bits=int_bits, frac_bits=frac_bits)
    output = replace(table.format, frac_bits=frac_bits)
    return tabulate(table.function, source, output, where=node.name, error=error)
