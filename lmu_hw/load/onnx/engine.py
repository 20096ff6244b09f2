# SPDX-License-Identifier: Apache-2.0
"""Goes through the graph of an ONNX model, node by node; what nodes mean is in `operators`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn, Protocol

import numpy as np

from lmu_hw.errors import LoadError
from lmu_hw.load.check import must, reason, show
from lmu_hw.load.onnx.constants import FOLDED, folded
from lmu_hw.load.onnx.files import Graph, Node
from lmu_hw.load.onnx.signals import MAX_FEATURES, Signal, TooMany, require_few
from lmu_hw.load.tensors import Array
from lmu_hw.load.value import Value

__all__ = ["UNKNOWN", "Engine", "Layers", "OtherOrder", "Reader"]

Reader = Callable[[Node, Sequence[Any]], list[Any]]
"""Returns what a node computes of its inputs."""

_OPEN = ("Loop", "SequenceEmpty")  # which read what is around them, or nothing
_QUANTIZED = "it is quantized already: export the network it was made of, in floats"
_ADVICE = {
    **dict.fromkeys(("QuantizeLinear", "DequantizeLinear", "QLinearMatMul"), _QUANTIZED),
    **dict.fromkeys(("DynamicQuantizeLinear", "DynamicQuantizeLSTM"), _QUANTIZED),
    "If": "export the branch that is taken",
    "ReduceMean": "answer at every step and average on the host",
    "LayerNormalization": "it divides by what it measures at every step; train with BatchNorm1d",
    "Conv": "run it on the host, and export the layers after it as their own model",
}
UNKNOWN = (
    "save the network itself, a Keras file or a state dict, or map the tensors of this file: "
    "'lmu-hw inspect FILE --draft-mapping MAPPING.toml' drafts a mapping"
)


class OtherOrder(Exception):
    """Steps are taken along the other axis than was thought."""


class Layers(Protocol):
    """What is made of sums, products and activations."""

    def linear(self, node: Node, W: Array, b: Array | None, value: Value, name: str) -> Value:
        """Return ``W x + b``."""
        ...

    def activate(self, node: Node, name: str, value: Value) -> Value:
        """Return an activation of a value."""
        ...

    def scale(self, node: Node, scale: Array, shift: Array, value: Value) -> Value:
        """Return ``scale x + shift``, each of them (width,)."""
        ...

    def total(self, node: Node, values: Sequence[Value], factors: Sequence[float]) -> Value:
        """Return a weighted sum of values of one width."""
        ...

    def product(self, node: Node, first: Value, second: Value) -> Value:
        """Return a product of values, element by element."""
        ...


class Engine:
    """Goes through a graph, node by node.

    Parameters
    ----------
    graph : Graph
    layers : Layers
    sizes : mapping of str to int
        Lengths of `BATCH` and `TIME`.
    free : bool
        Some of these stand for any number.
    outer : Engine or None
        Of the graph around this one, whose tensors it reads.
    """

    def __init__(
        self,
        graph: Graph,
        layers: Layers,
        sizes: Mapping[str, int],
        *,
        free: bool,
        outer: Engine | None = None,
    ) -> None:
        self.graph, self.layers, self.sizes, self.free = graph, layers, sizes, free
        self.uses = _uses(graph)
        self.tensors: dict[str, Any] = {**(outer.tensors if outer else {}), **graph.constants}
        self.measured: set[str] = set(outer.measured if outer else ())
        self.biased: set[int] = set()
        self.readers: dict[str, Reader] = {}

    def put(self, name: str, value: Any) -> None:
        """Set a tensor."""
        self.tensors[name] = value

    def signal(self, name: str, where: str) -> Signal:
        """Return a tensor that layers compute."""
        value = self.tensors.get(name)
        if not isinstance(value, Signal):
            raise LoadError(f"{where}: {show(name)} must be what a layer computes, not a constant")
        return value

    def run(self) -> None:
        """Go through all nodes that lead to an output."""
        for node in self.graph.nodes:
            if any(self.uses[name] for name in node.outputs):
                self._step(node)

    def weights(self, node: Node, array: Any) -> Array:
        """Return a constant in float64 that does not depend on the length of an axis."""
        if not isinstance(array, np.ndarray):
            raise LoadError(f"{node.where}: its weights must be constants")
        measured = [name for name in node.inputs if name in self.measured]
        if self.free and any(self.tensors[name] is array for name in measured):
            raise LoadError(f"{node.where}: a weight must not depend on the length of a sequence")
        with np.errstate(invalid="ignore"):  # what is not finite is refused by name
            values = array.astype(np.float64)
        if not np.all(np.isfinite(values)):
            raise LoadError(f"{node.where}: its weights must be finite")
        return values

    def _step(self, node: Node) -> None:
        inputs = [self._tensor(node, name) for name in node.inputs]
        constant = all(tensor is None or isinstance(tensor, np.ndarray) for tensor in inputs)
        if constant and node.op in FOLDED:
            outputs = [folded(node, inputs)]
            if any(name in self.measured for name in node.inputs) and node.op not in (
                "ConstantOfShape",
                "Expand",
            ):
                self.measured.update(node.outputs)
        elif node.op in self.readers and (not constant or node.op in _OPEN):
            outputs = self._read(node, inputs)
        else:
            advice = _ADVICE.get(node.op, UNKNOWN)
            raise LoadError(f"{node.where}: this node is none of a layer known here; {advice}")
        for name, tensor in zip(node.outputs, outputs, strict=False):
            if isinstance(tensor, Signal):
                tensor = replace(tensor, value=tensor.value.read_by(self.uses[name]))
            self.tensors[name] = tensor

    def _read(self, node: Node, inputs: Sequence[Any]) -> list[Any]:
        try:
            outputs = self.readers[node.op](node, inputs)
            for signal in outputs:
                if isinstance(signal, Signal):
                    require_few(signal.value.width or 0)
        except LoadError:
            raise
        except TooMany as error:
            raise must(node.where, "the features", f"at most {MAX_FEATURES}", error.count) from None
        except (AttributeError, LookupError, TypeError, ValueError, OverflowError) as error:
            rule = "those that ONNX gives such a node"
            raise must(node.where, "its inputs and attributes", rule, reason(error)) from error
        return outputs

    def _tensor(self, node: Node, name: str) -> Any:
        if name and name not in self.tensors:
            raise LoadError(f"{node.where}: its input {show(name)} must be computed before it")
        return self.tensors[name] if name else None

    def axis(self, node: Node, x: Signal, axis: int) -> int:
        if not -len(x.axes) <= axis < len(x.axes):
            raise must(node.where, "axis", f"one of {len(x.axes)}", axis)
        return axis % len(x.axes)

    def matrix(self, node: Node, array: Any) -> Array:
        values = self.weights(node, array)
        while values.ndim > 2 and values.shape[0] == 1:
            values = values[0]
        if values.ndim != 2:
            raise must(node.where, "the shape of its matrix", "(rows, columns)", values.shape)
        return values

    def vector(self, node: Node, array: Any, width: int) -> Array:
        values = self.weights(node, array)
        if values.size not in (1, width) or sum(n > 1 for n in values.shape) > 1:
            raise must(node.where, "the shape of a constant", f"({width},)", values.shape)
        return np.broadcast_to(values.ravel(), (width,)).copy()

    def label(self, node: Node, place: int) -> str:
        """Return the name of a layer: that of its weights, where they have one, or the node's."""
        name = node.inputs[place] if place < len(node.inputs) else ""
        parts = name.replace("/", ".").split(".")
        named = len(parts) > 1 and name in self.graph.constants
        return ".".join(parts[:-1]) if named else node.name.strip("/").replace("/", ".")

    def refuse(self, node: Node, text: str) -> NoReturn:
        raise LoadError(f"{node.where}: {text}")


def _uses(graph: Graph) -> Counter[str]:
    """Count how often each tensor is read by what leads to an output."""
    uses = Counter(graph.outputs)
    for node in reversed(graph.nodes):
        if any(uses[name] for name in node.outputs):
            uses.update(_read(node))
    return uses


def _read(node: Node) -> Iterator[str]:
    """Yield the tensors that a node, and graphs within it, read."""
    yield from (name for name in node.inputs if name)
    for value in node.attributes.values():
        if isinstance(value, Graph):
            for inner in value.nodes:
                yield from _read(inner)
            yield from value.outputs
