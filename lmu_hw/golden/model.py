# SPDX-License-Identifier: Apache-2.0
"""Bit-exact NumPy model of a quantized network, batched over sequences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import NetworkError, RangeError
from lmu_hw.fixed import FixedFormat
from lmu_hw.fixed.ops import EXACT_FLOAT64, dequantize, quantize, requantize, wrap
from lmu_hw.golden.activation import Activation
from lmu_hw.golden.elementwise import ElementwiseModel
from lmu_hw.golden.memory import MemoryModel
from lmu_hw.golden.overflows import Overflows
from lmu_hw.network import (
    INPUT,
    AnyNode,
    ElementwiseNode,
    MemoryNode,
    Node,
    QuantizedLayer,
    QuantizedNetwork,
    State,
    check_state,
    layer_state_vectors,
    residue_name,
    state_vectors,
)
from lmu_hw.sequences import Sequences, SequencesLike

__all__ = ["GoldenModel", "Trace", "node_model"]

Codes = NDArray[np.int64]
Kind = type[np.float64] | type[np.int64]

_CHUNK = 250  # sequences per pass: operands and sums of a 256-state memory stay in cache
_CHUNK_OF_MEMORIES = 1250  # of a structured memory, whose many short operations are the larger part
_INT64_LIMIT = 2**62


@dataclass(slots=True)
class Trace:
    """What a run saw.

    Attributes
    ----------
    codes : dict of name to (sequences, steps, width) int64
        Every node, and ``layer.z`` for what enters an activation. A node that is computed at the
        last step only has one step.
    overflows : Overflows
        Codes that lay outside a node's format before saturation or wrapping.
    state : State
        What the next step would find, if the last one did not end its sequence.
    """

    codes: dict[str, Codes] = field(default_factory=dict)
    overflows: Overflows = field(default_factory=Overflows)
    state: State = field(default_factory=dict)


class GoldenModel:
    """Computes what the hardware computes.

    Sums run in float64 BLAS where the formats prove that every partial sum is an integer below
    2**53, in int64 otherwise.

    Parameters
    ----------
    network : QuantizedNetwork

    Raises
    ------
    RangeError
        If a sum could reach 2**61, so that neither arithmetic is exact.
    """

    def __init__(self, network: QuantizedNetwork) -> None:
        self.network = network
        self.kind: Kind = np.float64
        for layer in network.layers:
            for node in layer.nodes:
                wide = _largest_sum(layer, node) >= EXACT_FLOAT64
                if wide and node not in layer.structured:  # which is int64 in any case
                    self.kind = np.int64
        self._layers = [_LayerModel(layer, self.kind) for layer in network.layers]
        structured = any(layer.structured for layer in network.layers)
        self._chunk = _CHUNK_OF_MEMORIES if structured else _CHUNK

    def quantize_input(self, x: NDArray[np.generic]) -> Codes:
        """Return the input codes of an array of real values (sequences, steps, inputs)."""
        self._check_shape(x)
        return self._codes(x)[0]

    def count_input(self, x: SequencesLike) -> tuple[Sequences, int]:
        """Return the input codes of sequences, and how many lay outside the input format.

        Parameters
        ----------
        x : array (sequences, steps, inputs), list of arrays (steps, inputs), or Sequences
            In the network's own units. Masked steps are left out.

        Raises
        ------
        NetworkError, RangeError
            If it is none of these, or holds what is no number.
        """
        sequences = Sequences.of(x, features=self.network.inputs)
        sequences = sequences.without(self.network.mask_value)
        codes, outside = self._codes(sequences.padded)
        return sequences.mapped(codes), outside

    def _codes(self, x: NDArray[np.generic]) -> tuple[Codes, int]:
        scale = self.network.input_scale
        unscaled = x.astype(np.float64) * scale.denominator / scale.numerator
        return quantize(unscaled, self.network.input, what="input")

    def run(
        self, x_codes: Codes | Sequences, *, progress: Callable[[int], None] | None = None
    ) -> tuple[Codes, Overflows]:
        """Run sequences from zero states; see `resume`."""
        y, trace = self.resume(x_codes, progress=progress)
        return y, trace.overflows

    def resume(
        self,
        x_codes: Codes | Sequences,
        initial_state: Mapping[str, object] | None = None,
        *,
        progress: Callable[[int], None] | None = None,
    ) -> tuple[Codes, Trace]:
        """Run sequences, or their next steps.

        Parameters
        ----------
        x_codes : (sequences, steps, inputs) int64, or Sequences of it
        initial_state : State, optional
            What the first step finds; None: zeros, as at the first step of a sequence.
        progress : callable, optional
            Called with the number of sequences done since the last call.

        Returns
        -------
        y_codes : (sequences, outputs) or (sequences, steps, outputs) int64
            In the format of ``network.output``; zeros stand behind the end of a sequence.
        trace : Trace
            Without codes.

        Raises
        ------
        NetworkError, RangeError
            If the codes have another shape, or are not codes of the input format; if the state is
            none of this network, see `check_state`.
        """
        if not isinstance(x_codes, Sequences):
            self._check_shape(x_codes)
        sequences = Sequences.of(x_codes, features=self.network.inputs)
        self._check_codes(sequences.padded)
        given = self._given(initial_state, len(sequences))
        trace, vectors = Trace(), state_vectors(self.network)
        after = {v.name: np.zeros((len(sequences), v.size), np.int64) for v in vectors}

        def answers(rows: NDArray[np.int64], codes: Codes) -> Codes:
            trace.state = {name: values[rows] for name, values in given.items()}
            y = self._pass(codes, trace, keep=False)
            for name, values in trace.state.items():
                after[name][rows] = values
            if progress is not None:
                progress(len(rows))
            return y[:, -1] if self.network.answers_once else y

        y = sequences.joined(answers, self._chunk)
        trace.state = after
        return y, trace

    def trace(self, x_codes: Codes, initial_state: Mapping[str, object] | None = None) -> Trace:
        """Return every node at every step; see `Trace` and `resume`."""
        self._check_shape(x_codes)
        self._check_codes(x_codes)
        trace = Trace(codes={INPUT: x_codes}, state=self._given(initial_state, len(x_codes)))
        self._pass(x_codes, trace, keep=True)
        return trace

    def _given(self, state: Mapping[str, object] | None, sequences: int) -> State:
        """Return a state that the first step finds; nothing if that is zeros."""
        return {} if state is None else check_state(self.network, state, sequences)

    def output_values(self, y_codes: Codes) -> NDArray[np.float64]:
        """Return the real values of output codes."""
        return dequantize(y_codes, self.network.output.format)

    def _check_shape(self, x: NDArray[np.generic]) -> None:
        if x.ndim != 3 or x.shape[2] != self.network.inputs or 0 in x.shape:
            raise NetworkError(
                f"input must have the shape (sequences, steps, {self.network.inputs}), "
                f"not {x.shape}"
            )

    def _check_codes(self, x_codes: Codes) -> None:
        fmt, low, high = self.network.input.format, int(x_codes.min()), int(x_codes.max())
        if not fmt.min_code <= low <= high <= fmt.max_code:
            raise RangeError(f"input codes must fit {fmt}, not {low} to {high}")

    def _pass(self, x_codes: Codes, trace: Trace, *, keep: bool) -> Codes:
        """Return the answers; go on from the state of the trace, and leave the one after it."""
        y, past = x_codes.astype(self.kind), {}
        for layer in self._layers:
            y, after = layer.run(y, trace, keep=keep)
            past |= after
        trace.state = {v.name: past[v.name].astype(np.int64) for v in state_vectors(self.network)}
        return y.astype(np.int64)


class _LayerModel:
    """Runs one layer over sequences."""

    def __init__(self, layer: QuantizedLayer, kind: Kind) -> None:
        self.layer = layer
        self.kind = kind
        self.nodes = [node_model(layer, node, kind) for node in layer.nodes]
        self.own = {vector.name for vector in layer_state_vectors(layer)}

    def run(self, x: NDArray, trace: Trace, *, keep: bool) -> tuple[NDArray, dict[str, NDArray]]:
        """Return the answers, and all vectors of the last step."""
        layer = self.layer
        sequences, steps, _ = x.shape
        past = {
            name: np.zeros((sequences, signal.size), self.kind)
            for name, signal in layer.signals.items()
        }
        past |= {
            name: codes.astype(self.kind) for name, codes in trace.state.items() if name in self.own
        }
        answers = []
        for t in range(steps):
            last = t == steps - 1
            now = {INPUT: x[:, t]}
            for model in self.nodes:
                if last or not model.node.last_only:
                    pre, now[model.node.name] = model.step(now, past, trace.overflows)
                    if keep:
                        _keep(trace, model, steps, t, pre, now[model.node.name])
            if last or not layer.last_only:
                answers.append(self._answer(now))
            past = now
        return np.stack(answers, axis=1), past

    def _answer(self, now: dict[str, NDArray]) -> NDArray:
        output, signals = self.layer.output, self.layer.signals
        parts = [
            now[name] * self.kind(2 ** (output.format.frac_bits - signals[name].format.frac_bits))
            for name in self.layer.outputs
        ]
        return np.concatenate(parts, axis=1)


class _NodeModel:
    """One node: a single matrix product with all alignments folded into the weights."""

    def __init__(self, layer: QuantizedLayer, node: Node, kind: Kind) -> None:
        self.node = node
        self.terms = node.terms
        shifted = [t.weights.codes << layer.term_shift(node, t) for t in node.terms]
        weights = np.hstack(shifted)
        if node.row_shifts is not None:
            weights = weights << (node.max_row_shift - np.array(node.row_shifts))[:, None]
        self.weights = np.ascontiguousarray(weights.T.astype(kind))
        self.bias = None if node.bias is None else node.bias.codes.astype(kind)
        self.activate = Activation(node.activation)
        self.residue = residue_name(node.name)

    def step(
        self, now: dict[str, NDArray], past: dict[str, NDArray], overflows: Overflows
    ) -> tuple[NDArray, NDArray]:
        """Return the narrowed sums and the node's codes, both (sequences, size).

        Under error feedback, what the narrowing drops is left in `now` for the next step.
        """
        node = self.node
        operands = [(past if term.delayed else now)[term.source] for term in self.terms]
        sequences = len(operands[0])
        # One row per sequence and segment: a single large matrix product.
        flat = [operand.reshape(sequences * node.segments, -1) for operand in operands]
        total = (flat[0] if len(flat) == 1 else np.hstack(flat)) @ self.weights
        if self.bias is not None:
            total += self.bias
        if node.error_feedback:
            if self.residue in past:  # nothing comes before the first step
                total += past[self.residue].reshape(total.shape)
            now[self.residue] = _low_bits(total, node.dropped_bits).reshape(sequences, -1)
        pre, outside = requantize(total, node.sum_frac_bits, node.requant, what=node.name)
        overflows.add(node.name, outside, pre, node.requant.format)
        pre = pre.reshape(sequences, -1)
        return pre, self.activate(pre)


_Model = _NodeModel | ElementwiseModel | MemoryModel


def node_model(layer: QuantizedLayer, node: AnyNode, kind: Kind) -> _Model:
    """Return the golden model of a node in one kind of arithmetic."""
    match node:
        case Node():
            return _NodeModel(layer, node, kind)
        case ElementwiseNode():
            return ElementwiseModel(layer, node)
        case MemoryNode():
            return MemoryModel(layer, node)
    assert_never(node)


def _largest_sum(layer: QuantizedLayer, node: AnyNode) -> int:
    """Return what no intermediate result of a node exceeds.

    Twice the total: rounding adds up to an output ulp before it shifts right; a narrowing to more
    fraction bits shifts left.
    """
    match node:
        case Node() | ElementwiseNode():
            total = layer.sum_bounds(node)[1]
        case MemoryNode():
            total = max(node.update.sum_bounds(node.requant.format))
        case _:
            assert_never(node)
    right = node.dropped_bits
    bound = 2 * max(total << max(-right, 0), 1 << max(right, 0))
    if bound >= _INT64_LIMIT:
        raise RangeError(
            f"{node.name}: its sum must stay below 2**61 to be exact, "
            f"not reach {total}; use fewer weight or state bits"
        )
    return bound


def _low_bits(total: NDArray, bits: int) -> NDArray:
    """Return the `bits` low bits of exact sums, unsigned, in the same kind of arithmetic."""
    fmt = FixedFormat(signed=False, int_bits=bits, frac_bits=0)
    return wrap(total.astype(np.int64), fmt).astype(total.dtype)


def _keep(trace: Trace, model: _Model, steps: int, t: int, pre: NDArray, codes: NDArray) -> None:
    node = model.node
    arrays = {node.name: codes}
    if node.pre_activation is not None:
        arrays[node.pre_activation] = pre
    for name, array in arrays.items():
        if name not in trace.codes:
            length = 1 if node.last_only else steps
            trace.codes[name] = np.empty((len(array), length, array.shape[1]), np.int64)
        trace.codes[name][:, 0 if node.last_only else t] = array
