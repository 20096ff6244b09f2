# SPDX-License-Identifier: Apache-2.0
"""Layers and networks of nodes."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from itertools import pairwise
from math import prod
from typing import assert_never

import numpy as np

from lmu_hw.checked import fraction, settle, settle_flags
from lmu_hw.errors import NetworkError
from lmu_hw.fixed import FixedFormat, Requant
from lmu_hw.lmu import Role
from lmu_hw.network.codes import Signal
from lmu_hw.network.elementwise import ElementwiseNode, Product
from lmu_hw.network.kinds import AnyMemory, AnyNode
from lmu_hw.network.memory import MemoryNode
from lmu_hw.network.node import INPUT, Node, Term
from lmu_hw.records import stored

__all__ = ["QuantizedLayer", "QuantizedNetwork"]


@dataclass(frozen=True, kw_only=True, eq=False)
class QuantizedLayer:
    """Nodes in evaluation order, fed by one input vector and answering with one output vector.

    Parameters
    ----------
    name : str
    input : Signal
    nodes : tuple of Node, ElementwiseNode and MemoryNode
    outputs : tuple of str
        Nodes whose values follow each other in the output vector.
    last_only : bool
        Answer at the last step of a sequence only.

    Raises
    ------
    NetworkError
        If a node is of another layer or has the role of another one, reads what does not exist, or
        if shapes or binary points do not fit.
    """

    name: str
    input: Signal
    nodes: tuple[AnyNode, ...]
    outputs: tuple[str, ...]
    last_only: bool

    def __post_init__(self) -> None:
        settle_flags(self, "last_only", where=self.name)
        done: set[str] = {INPUT}
        for node in self.nodes:
            if node.layer != self.name or node.name in done:
                raise NetworkError(
                    f"{self.name}: every node must be its own, and of a role of its own, not "
                    f"{node.name}"
                )
            self._check_node(node, done)
            done.add(node.name)
        in_order = tuple(node.name for node in self.nodes if node.name in self.outputs)
        if not self.outputs or self.outputs != in_order:
            raise NetworkError(
                f"{self.name}: outputs must be nodes of the layer, in order, not {self.outputs}"
            )
        for node in self.nodes:
            if node.last_only and node.name in self.outputs and not self.last_only:
                raise NetworkError(f"{self.name}: must answer every step, so {node.name} must too")

    def _check_node(self, node: AnyNode, done: set[str]) -> None:
        match node:
            case Node():
                for term in node.terms:
                    self._check(node, term, done)
            case ElementwiseNode():
                self._check_elementwise(node, done)
            case MemoryNode():
                self._check_memory(node, done)
            case _:
                assert_never(node)

    def _check(self, node: Node, term: Term, done: set[str]) -> None:
        if term.source not in self.signals or not (term.delayed or term.source in done):
            raise NetworkError(f"{node.name}: source {term.label!r} is not computed before it")
        if term.delayed and term.source == INPUT:
            raise NetworkError(f"{node.name}: the input of the previous step is not kept")
        late = {other.name for other in self.nodes if other.last_only}
        if term.source in late and (term.delayed or not node.last_only):
            raise NetworkError(f"{node.name}: {term.source} is computed at the last step only")
        source = self.signals[term.source]
        columns = term.weights.codes.shape[1]
        if columns * node.segments != source.size:
            raise NetworkError(
                f"{node.name}: {node.segments} segments of {columns} columns must make up the "
                f"{source.size} elements of {term.label}"
            )
        if self.term_shift(node, term) < 0:
            raise NetworkError(f"{node.name}: the sum has too few fraction bits for {term.label}")

    def _check_memory(self, node: MemoryNode, done: set[str]) -> None:
        if node.source not in done - {INPUT}:
            raise NetworkError(f"{node.name}: source {node.source!r} is not a node before it")
        source = self.signals[node.source]
        if source.size != node.segments:
            raise NetworkError(
                f"{node.name}: {node.segments} memories must have as many inputs, but "
                f"{node.source} has {source.size} elements"
            )
        node.update.check(node.name, source.format, node.requant)

    def _check_elementwise(self, node: ElementwiseNode, done: set[str]) -> None:
        late = {other.name for other in self.nodes if other.last_only}
        for factor in node.factors:
            name = factor.source
            if name == INPUT or name not in self.signals or not (factor.delayed or name in done):
                raise NetworkError(
                    f"{node.name}: source {factor.label!r} is not computed before it"
                )
            if name in late:
                raise NetworkError(f"{node.name}: {name} is computed at the last step only")
            if self.signals[name].size != node.rows:
                raise NetworkError(
                    f"{node.name}: sources must have {node.rows} elements, but {factor.label} has "
                    f"{self.signals[name].size}"
                )
        for product in node.products:
            if self.product_shift(node, product) < 0:
                raise NetworkError(
                    f"{node.name}: the sum has too few fraction bits for {product.label}"
                )

    @property
    def sums(self) -> tuple[Node, ...]:
        """The ordinary nodes."""
        return tuple(node for node in self.nodes if isinstance(node, Node))

    @property
    def elementwise(self) -> tuple[ElementwiseNode, ...]:
        """The element-wise nodes."""
        return tuple(node for node in self.nodes if isinstance(node, ElementwiseNode))

    @property
    def structured(self) -> tuple[MemoryNode, ...]:
        """The structured memories: those with a unit of their own in hardware."""
        return tuple(node for node in self.nodes if isinstance(node, MemoryNode))

    @property
    def memories(self) -> tuple[AnyMemory, ...]:
        """The nodes that are memories, dense or structured."""
        return tuple(
            node
            for node in self.nodes
            if node.role is Role.MEMORY and not isinstance(node, ElementwiseNode)
        )

    @property
    def encoder(self) -> Node:
        """The node that the memories hear.

        Raises
        ------
        NetworkError
            If there is none.
        """
        for node in self.sums:
            if node.role is Role.ENCODED:
                return node
        raise NetworkError(f"{self.name}: must have a node u, which its memory hears, but has none")

    def node(self, name: str) -> AnyNode:
        """Return the node of a name; `KeyError` if there is none."""
        return {node.name: node for node in self.nodes}[name]

    @property
    def signals(self) -> dict[str, Signal]:
        """Every vector of the layer by name."""
        return {INPUT: self.input, **{node.name: node.signal for node in self.nodes}}

    @property
    def states(self) -> frozenset[str]:
        """Names of the nodes whose previous value is read."""
        return frozenset(read.source for node in self.nodes for read in node.reads if read.delayed)

    @property
    def state_bits(self) -> int:
        """Bits that are kept from one step to the next."""
        states = [self.signals[name] for name in self.states]
        return sum(state.size * state.format.width for state in states) + sum(
            node.residue_bits for node in self.nodes
        )

    @property
    def output(self) -> Signal:
        """The output vector: the smallest format that holds every output node exactly."""
        signals = [self.signals[name] for name in self.outputs]
        return Signal(
            size=sum(signal.size for signal in signals),
            format=FixedFormat.holding(signal.format for signal in signals),
        )

    def term_shift(self, node: Node, term: Term) -> int:
        """Return the left shift that aligns a term's products with the node's sum."""
        products = self.signals[term.source].format.frac_bits + term.weights.format.frac_bits
        return node.sum_frac_bits - node.max_row_shift - products

    def product_shift(self, node: ElementwiseNode, product: Product) -> int:
        """Return the left shift that aligns a product of vectors with the node's sum."""
        bits = sum(self.signals[factor.source].format.frac_bits for factor in product.factors)
        return node.sum_frac_bits - bits

    def sum_bounds(self, node: AnyNode) -> tuple[int, int]:
        """Return bounds on every partial sum of a node, and on its total.

        Computed from the formats of the sources and the actual weights, so hardware may size its
        accumulators by the first and the rounding stage by the second.
        """
        match node:
            case Node():
                return self._matrix_bounds(node)
            case ElementwiseNode():
                bound = sum(map(partial(self._product_bound, node), node.products))
                return bound, bound
            case MemoryNode():
                bound = node.update.sum_bounds(node.requant.format).state
                return bound, bound
        assert_never(node)

    def _product_bound(self, node: ElementwiseNode, product: Product) -> int:
        formats = [self.signals[factor.source].format for factor in product.factors]
        return prod(fmt.max_magnitude for fmt in formats) << self.product_shift(node, product)

    def _matrix_bounds(self, node: Node) -> tuple[int, int]:
        sums = np.zeros(node.rows, dtype=object)
        for term in node.terms:
            weight = np.abs(term.weights.codes).astype(object).sum(axis=1)  # beyond 64 bits too
            largest = self.signals[term.source].format.max_magnitude
            sums += weight * (largest << self.term_shift(node, term))
        total = sums
        if node.row_shifts is not None:
            total = sums * [1 << (node.max_row_shift - shift) for shift in node.row_shifts]
        if node.bias is not None:
            total = total + np.abs(node.bias.codes).astype(object)
        if node.error_feedback:
            total = total + ((1 << node.dropped_bits) - 1)
        return int(max(sums)), int(max(total))

    def multiplications(self, *, last_step: bool) -> int:
        """Return the products computed in one step."""
        return sum(node.multiplications for node in self.nodes if last_step or not node.last_only)


@dataclass(frozen=True, kw_only=True, eq=False)
class QuantizedNetwork:
    """A network as integers and formats.

    Parameters
    ----------
    name : str
        Names the Verilog top.
    input : Requant
        How x becomes codes, after division by `input_scale`.
    input_scale : Fraction
        ``x = input_scale * value(code)``; folded into the weights.
    layers : tuple of QuantizedLayer
    answers_once : bool
        One answer for each sequence instead of one for each step.
    softmax : bool
        The trained network ends in a softmax, left to the host: the outputs are its arguments.
    model_digest : str
        SHA-256 of the trained network.
    mask_value : float or None
        Hardware is not sent a step of which every feature has this value, in the network's own
        units. None: it is sent all steps.

    Raises
    ------
    NetworkError
        If layers do not fit each other.
    """

    name: str
    input: Requant
    input_scale: Fraction
    layers: tuple[QuantizedLayer, ...]
    answers_once: bool
    softmax: bool
    model_digest: str
    mask_value: float | None = field(default=None, metadata=stored(sparse=True))

    def __post_init__(self) -> None:
        settle_flags(self, "answers_once", "softmax", where=self.name)
        scale = partial(fraction, error=NetworkError)
        settle(self, {"input_scale": scale}, where=self.name)
        if self.layers[0].input.format != self.input.format:
            raise NetworkError(f"{self.name}: the first layer must read {self.input.format}")
        for before, after in pairwise(self.layers):
            if (before.output.size, before.output.format) != (after.input.size, after.input.format):
                raise NetworkError(
                    f"{self.name}: {after.name} must read the output of {before.name}"
                )

    @property
    def inputs(self) -> int:
        """Number of input features."""
        return self.layers[0].input.size

    @property
    def output(self) -> Signal:
        """The output vector."""
        return self.layers[-1].output

    @property
    def nodes(self) -> tuple[AnyNode, ...]:
        """All nodes in evaluation order."""
        return tuple(node for layer in self.layers for node in layer.nodes)

    @property
    def memories(self) -> tuple[AnyMemory, ...]:
        """All nodes that are memories, dense or structured, in evaluation order."""
        return tuple(memory for layer in self.layers for memory in layer.memories)
