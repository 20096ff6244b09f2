# SPDX-License-Identifier: Apache-2.0
"""The golden model in PyTorch: the same codes, with gradients."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import assert_never

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lmu_hw.errors import RangeError
from lmu_hw.golden import GoldenModel
from lmu_hw.golden.memory import MemoryModel
from lmu_hw.network import (
    INPUT,
    AnyNode,
    ElementwiseNode,
    MemoryNode,
    Node,
    QuantizedLayer,
    QuantizedNetwork,
    Rectifier,
    Table,
)
from lmu_hw.quantize.memories import matrices
from lmu_hw.train.functions import Lookup, low_bits, memory_step, narrow
from lmu_hw.train.weights import BIAS, Place

__all__ = ["CodeModel", "Vectors"]

Vectors = Mapping[str, Tensor]
"""Codes by node name, float64 (sequences, steps, size) or, within a step, (sequences, size)."""
Step = Callable[[dict[str, Tensor], Vectors], Tensor]


class CodeModel:
    """Computes what `GoldenModel` computes, and gradients.

    Parameters
    ----------
    network : QuantizedNetwork
    weights : mapping of (node name, label) to tensor, optional
        Codes of weights and biases that have a gradient; the others are those of the network.
    device : torch.device, optional

    Raises
    ------
    RangeError
        If a sum could reach 2**53, so that float64 would not be exact.
    """

    def __init__(
        self,
        network: QuantizedNetwork,
        weights: Mapping[Place, Tensor] | None = None,
        *,
        device: torch.device | None = None,
    ) -> None:
        if GoldenModel(network).kind is not np.float64:
            raise RangeError(
                f"{network.name}: to be trained, sums must stay below 2**53; use fewer weight or "
                "state bits"
            )
        self.network = network
        chosen = device or torch.device("cpu")
        self._layers = [_LayerModel(layer, weights or {}, chosen) for layer in network.layers]

    def run(self, vectors: Vectors, *, layer: int = 0, without: Collection[str] = ()) -> Tensor:
        """Run sequences from zero states.

        Parameters
        ----------
        given : mapping of name to (sequences, steps, size) float64
            Codes of the input, or of nodes of the first layer in place of what they read.
        layer : int
            The first layer to run.
        without : collection of str
            Nodes of that layer that need not be computed.

        Returns
        -------
        (sequences, outputs) or (sequences, steps, outputs) float64
            Codes in the format of ``network.output``.
        """
        first, *others = self._layers[layer:]
        y = first.run(vectors, {*vectors, *without})
        for model in others:
            y = model.run({INPUT: y}, {INPUT})
        return y[:, -1] if self.network.answers_once else y


class _LayerModel:
    """Runs one layer over whole sequences."""

    def __init__(
        self, layer: QuantizedLayer, weights: Mapping[Place, Tensor], device: torch.device
    ) -> None:
        self.layer = layer
        self.steps = {node.name: _step(layer, node, weights, device) for node in layer.nodes}

    def run(self, vectors: Vectors, skipped: Collection[str]) -> Tensor:
        layer, some = self.layer, next(iter(vectors.values()))
        sequences, steps, _ = some.shape
        past: dict[str, Tensor] = {
            name: some.new_zeros(sequences, signal.size) for name, signal in layer.signals.items()
        }
        answers = []
        for t in range(steps):
            last = t == steps - 1
            now = {name: codes[:, t] for name, codes in vectors.items()}
            for node in layer.nodes:
                if node.name not in skipped and (last or not node.last_only):
                    now[node.name] = self.steps[node.name](now, past)
            if last or not layer.last_only:
                answers.append(self._answer(now))
            past = now
        return torch.stack(answers, dim=1)

    def _answer(self, now: Vectors) -> Tensor:
        output, signals = self.layer.output, self.layer.signals
        shifts = {
            name: output.format.frac_bits - signals[name].format.frac_bits
            for name in self.layer.outputs
        }
        return torch.cat([now[name] * 2.0**shift for name, shift in shifts.items()], dim=1)


def _step(
    layer: QuantizedLayer, node: AnyNode, weights: Mapping[Place, Tensor], device: torch.device
) -> Step:
    match node:
        case Node():
            return _Sum(layer, node, weights, device)
        case ElementwiseNode():
            return _Elementwise(layer, node, device)
        case MemoryNode():
            return _Memory(layer, node, device)
    assert_never(node)


class _Sum:
    """An ordinary node: one matrix product with all alignments folded into the weights."""

    def __init__(
        self,
        layer: QuantizedLayer,
        node: Node,
        weights: Mapping[Place, Tensor],
        device: torch.device,
    ) -> None:
        self.node = node
        rows = node.max_row_shift - np.array(node.row_shifts or (0,))
        scale = torch.tensor(np.ldexp(1.0, rows), device=device)[:, None]
        parts = []
        for term in node.terms:
            codes = weights.get((node.name, term.label))
            codes = _tensor(term.weights.codes, device) if codes is None else codes
            parts.append(codes * scale * 2.0 ** layer.term_shift(node, term))
        self.weights = torch.cat(parts, dim=1).t()
        bias = weights.get((node.name, BIAS))
        if bias is None and node.bias is not None:
            bias = _tensor(node.bias.codes, device)
        self.bias = bias
        self.activate = _activation(node, device)
        self.residue = f"{node.name} residue"

    def __call__(self, now: dict[str, Tensor], past: Vectors) -> Tensor:
        node = self.node
        operands = [(past if term.delayed else now)[term.source] for term in node.terms]
        sequences = len(operands[0])
        # One row per sequence and segment.
        flat = [operand.reshape(sequences * node.segments, -1) for operand in operands]
        total = torch.cat(flat, dim=1) @ self.weights
        if self.bias is not None:
            total = total + self.bias
        if node.error_feedback:
            total = total + past.get(self.residue, 0.0)  # nothing comes before the first step
            now[self.residue] = low_bits(total, node.dropped_bits)
        codes = narrow(total, node.sum_frac_bits, node.requant, what=node.name)
        return self.activate(codes.reshape(sequences, -1))


class _Elementwise:
    """A node of products of vectors."""

    def __init__(self, layer: QuantizedLayer, node: ElementwiseNode, device: torch.device) -> None:
        self.node = node
        self.weights = [
            (-1.0 if product.negative else 1.0) * 2.0 ** layer.product_shift(node, product)
            for product in node.products
        ]
        self.activate = _activation(node, device)

    def __call__(self, now: dict[str, Tensor], past: Vectors) -> Tensor:
        node, total = self.node, torch.zeros(())
        for product, weight in zip(node.products, self.weights, strict=True):
            part = torch.tensor(weight)
            for factor in product.factors:
                part = part * (past if factor.delayed else now)[factor.source]
            total = total + part
        return self.activate(narrow(total, node.sum_frac_bits, node.requant, what=node.name))


class _Memory:
    """A structured memory, computed by the golden model itself."""

    def __init__(self, layer: QuantizedLayer, node: MemoryNode, device: torch.device) -> None:
        self.node = node
        self.model = MemoryModel(layer, node)
        A, B = matrices(node)
        codes = layer.signals[node.source].format.ulp / node.requant.format.ulp
        self.matrices = torch.tensor(A, device=device), torch.tensor(B * codes, device=device)

    def __call__(self, now: dict[str, Tensor], past: Vectors) -> Tensor:
        node = self.node
        return memory_step(self.model, self.matrices, past[node.name], now[node.source])


def _activation(node: Node | ElementwiseNode, device: torch.device) -> Callable[[Tensor], Tensor]:
    match node.activation:
        case None:
            return lambda codes: codes
        case Table():
            return Lookup(node.activation, node.requant.format, where=node.name, device=device)
        case Rectifier():
            return torch.relu
    assert_never(node.activation)


def _tensor(codes: NDArray[np.int64], device: torch.device) -> Tensor:
    return torch.tensor(codes, dtype=torch.float64, device=device)
