# SPDX-License-Identifier: Apache-2.0
"""What persists from one time step to the next: vectors of codes, in the order of their nodes.

States of memories of every realization, of hidden cells, and what error feedback keeps. All of it
is zero at the first step of a sequence. What hardware keeps beside it (sums of states) follows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import NetworkError, RangeError
from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.fixed.ops import quantize
from lmu_hw.network.layers import QuantizedLayer, QuantizedNetwork
from lmu_hw.network.node import Node

__all__ = [
    "State",
    "StateVector",
    "check_state",
    "layer_state_vectors",
    "residue_name",
    "state_codes",
    "state_vectors",
]

Codes = NDArray[np.int64]

State = dict[str, Codes]
"""Codes of every `StateVector` by its name, (sequences, size)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateVector:
    """A vector that is kept from one step to the next.

    Attributes
    ----------
    layer, node : str
    residue : bool
        What the narrowings of the node dropped, not its codes.
    segments, rows : int
        Element ``segment * rows + row`` is row `row` of memory `segment`.
    format : FixedFormat
    """

    layer: str
    node: str
    residue: bool
    segments: int
    rows: int
    format: FixedFormat

    @property
    def name(self) -> str:
        """As the golden model calls it."""
        return residue_name(self.node) if self.residue else self.node

    @property
    def size(self) -> int:
        """Number of codes."""
        return self.segments * self.rows


def residue_name(node: str) -> str:
    """Return what the residues of a node under error feedback are called."""
    return f"{node} residue"


def state_vectors(network: QuantizedNetwork) -> tuple[StateVector, ...]:
    """Return what a network keeps from one step to the next.

    Layers behind one that answers once see one step of a sequence, and keep nothing.
    """
    vectors: list[StateVector] = []
    for layer in network.layers:
        vectors += layer_state_vectors(layer)
        if layer.last_only:
            break
    return tuple(vectors)


def layer_state_vectors(layer: QuantizedLayer) -> Iterator[StateVector]:
    """Return what a layer keeps from one step to the next."""
    for node in layer.nodes:
        shape = {"layer": layer.name, "node": node.name, "segments": node.segments}
        if node.name in layer.states:
            yield StateVector(**shape, residue=False, rows=node.rows, format=node.signal.format)
        if isinstance(node, Node) and node.error_feedback:
            bits = FixedFormat(
                signed=False,
                int_bits=node.dropped_bits - node.sum_frac_bits,
                frac_bits=node.sum_frac_bits,
            )
            yield StateVector(**shape, residue=True, rows=node.rows, format=bits)


def check_state(network: QuantizedNetwork, state: Mapping[str, object], sequences: int) -> State:
    """Return a state of so many sequences; one of a single sequence is that of all of them.

    Raises
    ------
    NetworkError
        If a vector lacks, or is none of the network, or has another shape, or is not of integers.
    RangeError
        If a code does not fit its format.
    """
    vectors = {vector.name: vector for vector in state_vectors(network)}
    if not isinstance(state, Mapping) or set(state) != set(vectors):
        given = sorted(map(str, state)) if isinstance(state, Mapping) else state
        raise NetworkError(
            f"a state of {network.name} must have the vectors {sorted(vectors)}, not {given!r}"
        )
    return {
        name: _checked(vector, np.asarray(state[name]), sequences)
        for name, vector in vectors.items()
    }


def _checked(vector: StateVector, codes: NDArray[np.generic], sequences: int) -> Codes:
    what = f"the state {vector.name}"
    if codes.dtype.kind not in "iu":
        raise NetworkError(f"{what} must be codes, which are integers, not {codes.dtype}")
    if codes.shape not in {(vector.size,), (1, vector.size), (sequences, vector.size)}:
        raise NetworkError(
            f"{what} must have the shape ({sequences}, {vector.size}), or ({vector.size},) for "
            f"every sequence, not {codes.shape}"
        )
    low, high, fmt = int(codes.min()), int(codes.max()), vector.format
    if not fmt.min_code <= low <= high <= fmt.max_code:
        raise RangeError(f"{what} must be codes of {fmt}, not {low} to {high}")
    return np.broadcast_to(codes.astype(np.int64), (sequences, vector.size))


def state_codes(network: QuantizedNetwork, values: Mapping[str, object]) -> State:
    """Return the state nearest to some values; vectors that are not given are zero.

    Parameters
    ----------
    network : QuantizedNetwork
    values : dict of str to (size,) or (sequences, size)
        Real values of the quantized network's nodes, by name.

    Raises
    ------
    NetworkError
        If a name is none of a vector, a size is another one, or a value is not finite.
    RangeError
        If a value lies outside the format of its vector.
    """
    vectors = {vector.name: vector for vector in state_vectors(network)}
    if unknown := sorted(set(values) - set(vectors)):
        raise NetworkError(
            f"a state of {network.name} must have vectors of {sorted(vectors)}, not {unknown}"
        )
    state = {}
    for name, vector in vectors.items():
        given = np.atleast_2d(np.asarray(values.get(name, np.zeros(vector.size)), np.float64))
        if given.ndim != 2 or given.shape[1] != vector.size or not np.isfinite(given).all():
            raise NetworkError(
                f"the state {name} must be {vector.size} finite values for each sequence, not of "
                f"the shape {given.shape}"
            )
        nearest = Requant(
            format=vector.format, rounding=Rounding.HALF_EVEN, overflow=Overflow.FORBID
        )
        state[name] = quantize(given, nearest, what=f"the state {name}")[0]
    return state
