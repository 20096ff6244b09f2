# SPDX-License-Identifier: Apache-2.0
"""Error bounds of the nodes of feed-forward networks against float, for all inputs and all time.

Node by node: a sum gets the bounds of what it reads, through its weights; a memory adds what its
read-outs are off by (`readouts`); a function of bounded slope passes a bound on. Where a hidden
unit or a memory feeds back into what it is computed from, bounds would grow without end, so there
is none of it, nor of what follows. All of it holds while nothing leaves its format where that
loses something: u, sums without a function, sums before a rectifier at its upper end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple, assert_never

import numpy as np
from numpy.typing import NDArray

from lmu_hw.lmu import Network, Role
from lmu_hw.lmu.activations import LINEAR, RELU, activation
from lmu_hw.network import (
    INPUT,
    AnyNode,
    Node,
    QuantizedNetwork,
    Rectifier,
    Table,
    activation_of,
)
from lmu_hw.network.float_nodes import AnyFloatNode, FloatNode, float_nodes
from lmu_hw.proofs.error_bounds import ErrorBound, Parts
from lmu_hw.proofs.float_bounds import inflate
from lmu_hw.proofs.linear_form import largest_error
from lmu_hw.proofs.memories import values
from lmu_hw.proofs.readouts import ReadoutGains
from lmu_hw.records import stored

__all__ = ["SLOPES", "NodeError", "ReadoutTable", "node_errors"]

Array = NDArray[np.float64]
ReadoutTable = Mapping[tuple[str, str, bool], ReadoutGains]
"""The gains of all read-outs by node, memory, and whether of the step before."""

SLOPES = {
    "tanh": 1.0,
    "sigmoid": 1.0 / 4.0,
    "hard_sigmoid": 1.0 / 6.0,
    "hard_sigmoid_keras2": 1.0 / 5.0,
    "hard_tanh": 1.0,
    "relu6": 1.0,
    "softsign": 1.0,
}
"""Largest slope of functions that are monotone and bounded, so that a limited argument is harmless.

`lmu_verify` has the same list.
"""

_ROLES = (Role.ENCODED, Role.HIDDEN, Role.DENSE, Role.PASSED_INPUT)
"""Of nodes that may have a bound: gates read what they are computed from."""

_FAR = 2.0**60


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeError:
    """Error bound of a node, or of what enters its function, by the name of the trace."""

    name: str
    error: ErrorBound = field(metadata=stored(flat=True))


class _Piece(NamedTuple):
    """A part of a vector: how far it is off, and the largest magnitude of its values.

    States of a memory have its name instead: only what read-outs make of them has a bound.
    """

    size: int
    parts: Parts | None
    largest: float
    memory: str = ""


def node_errors(
    network: QuantizedNetwork, reference: Network, readouts: ReadoutTable
) -> tuple[NodeError, ...]:
    """Return the error bounds of all nodes that have one.

    Parameters
    ----------
    network : QuantizedNetwork
    reference : Network
        The float network it stands for.
    readouts : mapping
    """
    return tuple(_Walk(readouts).errors(network, reference))


class _Walk:
    """Goes through a network node by node."""

    def __init__(self, readouts: ReadoutTable) -> None:
        self._readouts = readouts
        self._heard: dict[str, Parts | None] = {}  # how far the u of each memory is off

    def errors(self, network: QuantizedNetwork, reference: Network) -> Iterator[NodeError]:
        """Yield the bounds of all nodes that have one."""
        fmt = network.input.format
        parts = Parts.nothing(network.inputs)
        if fmt.frac_bits != 0 or network.input_scale == 1:  # otherwise the inputs are codes
            error = fmt.ulp * largest_error(network.input.rounding)
            parts = parts._replace(input=np.full(network.inputs, error))
        pieces = [_Piece(network.inputs, parts, fmt.max_magnitude * fmt.ulp)]
        for layer, ideal in zip(network.layers, reference.layers, strict=True):
            floats = {node.name: node for node in float_nodes(ideal)}
            vectors = {INPUT: pieces}
            for node in layer.nodes:
                parts = None
                if node.role is Role.MEMORY:
                    self._heard[node.name] = vectors[layer.encoder.name][0].parts
                else:
                    for name, parts in self._through(node, floats[node.name], vectors):
                        if parts is not None:
                            yield NodeError(name=name, error=parts.bound)
                vectors[node.name] = [_piece(node, parts)]
            pieces = [piece for name in layer.outputs for piece in vectors[name]]
        for piece in pieces:
            if piece.memory and (parts := self._read(piece.memory, piece.memory)) is not None:
                yield NodeError(name=piece.memory, error=parts.bound)

    def _through(
        self, node: AnyNode, ideal: AnyFloatNode, vectors: Mapping[str, list[_Piece]]
    ) -> Iterator[tuple[str, Parts | None]]:
        """Yield the bounds of what enters a node's function, and of the node, by name."""
        parts = None
        known = node.role in _ROLES
        if known and isinstance(node, Node) and isinstance(ideal, FloatNode):
            parts = self._sum(node, ideal, vectors)
        if node.pre_activation is not None:
            yield node.pre_activation, parts
        yield node.name, None if parts is None else _behind(node, ideal, parts)

    def _sum(
        self, node: Node, ideal: FloatNode, vectors: Mapping[str, list[_Piece]]
    ) -> Parts | None:
        dropped = node.requant.format.ulp * largest_error(node.requant.rounding)
        total = Parts.of(
            node.rows,
            coefficients=_bias_error(node, ideal),
            rounding=dropped if node.dropped_bits > 0 else 0.0,
        )
        weights = {(term.source, term.delayed): term.matrix for term in ideal.terms}
        for source, delayed in dict.fromkeys(
            [*weights, *((t.source, t.delayed) for t in node.terms)]
        ):
            W, own = weights.get((source, delayed)), values(node, source, delayed=delayed)
            if delayed:
                if W is not None or (own is not None and own.any()):
                    return None
                continue
            columns = sum(piece.size for piece in vectors[source])
            W, own = (np.zeros((node.rows, columns)) if w is None else w for w in (W, own))
            start = 0
            for piece in vectors[source]:
                part = slice(start, start := start + piece.size)
                if piece.memory:
                    added = self._read(node.name, piece.memory)
                else:
                    added = _weighed(piece, W[:, part], own[:, part])
                if added is None:
                    return None
                total = total + added
        return total

    def _read(self, name: str, memory: str) -> Parts | None:
        """Return the bound of what a node reads of a memory."""
        u, gains = self._heard[memory], self._readouts.get((name, memory, False))
        if u is None or gains is None:
            return None
        own = Parts(gains.error, gains.early, gains.rounding, np.zeros(len(gains.error)))
        return own + u.through(gains.ideal.T)


def _weighed(piece: _Piece, W: Array, own: Array) -> Parts | None:
    """Return the bound of a product of a vector with rounded weights."""
    if piece.parts is None:
        return None
    off = inflate(np.abs(own - W).sum(axis=1) * piece.largest)
    return piece.parts.through(W) + Parts.of(len(W), coefficients=off)


def _bias_error(node: Node, ideal: FloatNode) -> Array:
    off = np.zeros(node.rows) if ideal.bias is None else -ideal.bias
    if node.bias is not None:
        off = off + node.bias.codes * 2.0**-node.sum_frac_bits
    return np.abs(off)


def _behind(node: AnyNode, ideal: AnyFloatNode, parts: Parts) -> Parts | None:
    """Return the bound of a node from that of what enters its function."""
    function = activation_of(node)
    match function:
        case None:
            return parts if ideal.activation == LINEAR else None
        case Rectifier():
            return parts if ideal.activation == RELU else None
        case Table():
            slope = SLOPES.get(function.function)
            if slope is None or function.function != ideal.activation:
                return None
            off = Parts.of(len(parts.rounding), rounding=_table_error(function))
            return parts.scaled(slope) + off
    assert_never(function)


@lru_cache(maxsize=32)
def _table_error(table: Table) -> float:
    """Return how far a table is from its function, also where its argument was limited."""
    source, answers = table.source, table.codes
    f = activation(table.function, where="a table")
    codes = np.arange(source.min_code, source.max_code + 1, dtype=np.float64)
    found = np.roll(answers.codes, -source.min_code) * answers.format.ulp
    off = np.abs(found - f(codes * source.ulp)).max()
    ends = np.abs(found[[0, -1]] - f(np.array([-_FAR, _FAR], np.float64)))
    return float(max(off, *ends.tolist()))


def _piece(node: AnyNode, parts: Parts | None) -> _Piece:
    """Return a node as what others read."""
    function, fmt = activation_of(node), node.signal.format
    largest = fmt.max_magnitude
    match function:
        case None:
            pass
        case Table():
            largest = int(np.abs(function.codes.codes).max())
        case Rectifier():
            largest = min(largest, node.requant.format.max_code)
        case _:
            assert_never(function)
    memory = node.name if node.role is Role.MEMORY else ""
    return _Piece(node.signal.size, parts, largest * fmt.ulp, memory)
