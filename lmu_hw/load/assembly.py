# SPDX-License-Identifier: Apache-2.0
"""Layers put together to a network, with what has no weights of its own folded into neighbours.

At inference a batch normalisation is ``y = scale x + shift`` for each feature, a residual
connection a sum, and a concatenation only an order of features. All of them are affine maps of what
layers compute. They go into the weights of the linear dense layer before them, or else of the
layers after them. Where neither is possible they become a dense layer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import LoadError
from lmu_hw.lmu import DenseLayer, LmuLayer
from lmu_hw.lmu.activations import LINEAR, RELU
from lmu_hw.lmu.layers import Layer
from lmu_hw.load.budget import Budget
from lmu_hw.load.chain import Placed, chain
from lmu_hw.load.check import identifier, must
from lmu_hw.load.value import INPUT, Origin, Value, joined, summed

__all__ = ["Assembly"]

Array = NDArray[np.float64]


class Assembly:
    """Layers of a network, each behind the values that it reads.

    Parameters
    ----------
    where : str
        The file, for messages.
    unique : callable
        Makes an unused identifier of a name.
    budget : Budget
        Pays for matrices that no layer of the file has.
    """

    def __init__(self, where: str, unique: Callable[[str], str], budget: Budget) -> None:
        self.notes: list[str] = []
        self._where = where
        self._placed: list[Placed] = []
        self._unique = unique
        self._budget = budget
        self._inputs: int | None = None

    def start(self, width: int | None) -> Value:
        """Return the input of the network; without a width, that of its reader."""
        self._inputs = width
        return Value(width=width, parts={INPUT: None})

    def resolved(self, value: Value) -> Value:
        """Return a value with its width, as far as it is known by now."""
        if value.width is None and value.parts and self._inputs is not None:
            return dataclasses.replace(value, width=self._inputs)
        return value

    def unknown(self) -> Value:
        """Return a value of which nothing is known, behind a layer that was refused."""
        return Value(width=None, parts={})

    def add(self, layer: Layer, source: Value) -> Value:
        """Place a layer, and return what it computes."""
        source = self._known(source, layer.inputs, layer.name)
        appends = isinstance(layer, LmuLayer) and layer.hidden is None and layer.input_to_hidden
        if appends and not source.copies:
            source = self._settled(source)
        if source.origin is not None:
            self.note(source.origin, f"folded into the weights of {layer.name}")
        if appends:
            self._budget.fill(self._where, layer.outputs)
            layer = dataclasses.replace(layer, input_to_hidden=False)
        once = source.once or not layer.return_sequences
        value = self._place(layer, source, once)
        return joined([value, dataclasses.replace(source, once=once)]) if appends else value

    def scale(self, node: Origin, scale: Array, shift: Array, source: Value) -> Value:
        """Return ``y = scale x + shift``."""
        source = self._known(source, len(scale), identifier(node.name))
        before = self._open_dense(source)
        if before is not None:
            self.note(node, f"folded into the weights of {before.name}")
            b = shift if before.b is None else scale * before.b + shift
            self._change(source, dataclasses.replace(before, W=scale[:, None] * before.W, b=b))
            return source
        if source.origin is not None:
            self.note(node, f"folded into {identifier(source.origin.name)}")
        self._budget.fill(node.where, len(scale))
        scaled = source.through(np.diag(scale))
        moved = shift if scaled.shift is None else scaled.shift + shift
        return dataclasses.replace(scaled, shift=moved, origin=source.origin or node, shared=False)

    def activate(self, node: Origin, activation: str, source: Value) -> Value:
        """Return an activation of a value."""
        if activation == LINEAR:
            return source
        before = self._open_dense(source)
        if before is None:
            source = self._dense(source.origin or node, source)
            before = self._placed[_number(source)].layer
        self._change(source, dataclasses.replace(before, activation=activation))
        return source

    def leaky(self, node: Origin, slopes: Array, source: Value) -> Value:
        """Return ``max(z, 0) + slopes min(z, 0)`` of z, a value: relu(z) - slopes relu(-z)."""
        before = self._open_dense(source)
        if before is None:
            source = self._dense(source.origin or node, source)
            before = self._open_dense(source)
        if before is None or slopes.shape not in ((1,), (before.outputs,)):
            raise must(node.where, "slope", "one, or one for each feature", slopes.shape)
        width = before.outputs
        self._budget.fill(node.where, 2 * width)
        self.note(node, f"relu of z and of -z in {before.name}, of twice as many outputs")
        twice = dataclasses.replace(
            before,
            W=np.vstack([before.W, -before.W]),
            b=None if before.b is None else np.concatenate([before.b, -before.b]),
            activation=RELU,
        )
        self._change(source, twice)
        falling = -np.diag(np.broadcast_to(slopes, width))
        both = dataclasses.replace(source, width=2 * width)
        return both.through(np.hstack([np.eye(width), falling]))

    def total(
        self, node: Origin, sources: Sequence[Value], factors: Sequence[float], *, shared: bool
    ) -> Value:
        """Return a weighted sum; a value of one feature is added to every feature of the others."""
        sources = self._alike(node, sources)
        width = max(source.width or 0 for source in sources)
        if any(source.width not in (1, width) for source in sources):
            widths = [source.width for source in sources]
            raise must(node.where, "the widths of what is added", f"1 or {width}", widths)
        self._budget.fill(node.where, width)
        terms = [
            source
            if factor == 1.0 and source.width == width
            else source.through(
                factor * (np.eye(width) if source.width == width else _spread(width))
            )
            for source, factor in zip(sources, factors, strict=True)
        ]
        inside = self._added_inside(node, terms)
        if inside is not None:
            return inside
        value = dataclasses.replace(summed(terms), origin=node, shared=shared)
        # Whoever reads it would have to be handed all of its terms, and those behind it as well.
        return self._dense(node, value) if shared and len(value.parts) > 1 else value

    def join(self, node: Origin, sources: Sequence[Value]) -> Value:
        """Return the features of all values behind each other."""
        sources = self._alike(node, sources)
        self._budget.fill(node.where, sum(source.width or 0 for source in sources))
        return joined(sources)

    def columns(self, node: Origin, source: Value, columns: Sequence[int]) -> Value:
        """Return features of a value."""
        if source.width is None:
            raise LoadError(f"{node.where}: the width of the input must be given")
        self._budget.fill(node.where, source.width)
        return dataclasses.replace(
            source.through(np.eye(source.width)[list(columns)]), shared=False
        )

    def last(self, source: Value) -> Value:
        """Return the last step of a value."""
        return dataclasses.replace(source, once=True)

    def finish(self, output: Value) -> tuple[Layer, ...]:
        """Return the layers as one chain that ends with a value."""
        if output.plain and INPUT in output.parts:
            raise LoadError(f"{self._where}: there must be a layer between input and output")
        layers = chain(self._where, self._placed, self._inputs or 0, output, self._budget)
        if layers is None:
            node = output.origin or _Origin("output", self._where)
            output = self._dense(node, output)
            layers = chain(self._where, self._placed, self._inputs or 0, output, self._budget)
        if layers is None:
            raise LoadError(f"{self._where}: the output must be what the last layer computes")
        if output.once and all(isinstance(place.layer, DenseLayer) for place in self._placed):
            text = "no layer has a memory, and the answer follows from the last step alone"
            self.notes.append(f"warning: {text}")
        return layers

    def note(self, node: Origin, text: str) -> None:
        """Tell something about a layer."""
        self.notes.append(f"{identifier(node.name)}: {text}")

    def _known(self, source: Value, width: int, name: str) -> Value:
        """Return a value whose width is known, now that a layer reads it."""
        if source.width is None and source.parts:
            self._inputs = self._inputs or width
        source = self.resolved(source)
        if source.width not in (None, width):
            raise LoadError(
                f"{self._where}: layer {name} must take the {source.width} features that it is "
                f"fed with, not {width}"
            )
        return source

    def _place(self, layer: Layer, source: Value, once: bool) -> Value:
        self._placed.append(Placed(layer=layer, source=source))
        parts = {len(self._placed) - 1: None}
        return Value(width=layer.outputs, parts=parts, once=once)

    def _alike(self, node: Origin, sources: Sequence[Value]) -> list[Value]:
        """Return values with their widths, all of them sequences or none."""
        sources = [self.resolved(source) for source in sources]
        if any(source.width is None for source in sources):
            raise LoadError(f"{node.where}: the width of the input must be given")
        if len({source.once for source in sources}) > 1:
            raise LoadError(
                f"{node.where}: sequences must be joined with sequences, and what is there once "
                "with such; take the last step of a sequence first"
            )
        return sources

    def _added_inside(self, node: Origin, terms: Sequence[Value]) -> Value | None:
        """Return the sum as what a linear dense layer among the terms computes, if one can."""
        last = max(number for term in terms for number in term.parts)
        term, *more = [term for term in terms if last in term.parts]
        dense = self._open_dense(term)
        if dense is None or more:
            return None
        place, rest = self._placed[last], [other for other in terms if other is not term]
        self._budget.fill(node.where, dense.inputs + dense.outputs)
        read = joined([place.source, summed(rest)])
        place.source = dataclasses.replace(read, origin=place.source.origin)
        place.layer = dataclasses.replace(dense, W=np.hstack([dense.W, np.eye(dense.outputs)]))
        self.note(node, f"added within the weights of {dense.name}")
        return term

    def _settled(self, source: Value) -> Value:
        """Return the value as what a layer computes."""
        return source if source.plain else self._dense(source.origin, source)

    def _dense(self, node: Origin | None, source: Value) -> Value:
        """Return a value as what a dense layer of its own computes."""
        node = node or _Origin("joined", self._where)
        self._budget.fill(node.where, source.width or 0)
        unique = self._unique(node.name)
        diagonal = len(source.parts) == 1
        self.note(node, f"a dense layer{' with a diagonal matrix' if diagonal else ''}, {unique}")
        read = joined(
            Value(width=source.matrix(number).shape[1], parts={number: None})
            for number in source.parts
        )
        if len(source.parts) == 1:
            read = dataclasses.replace(read, parts=dict.fromkeys(source.parts))
        W = np.hstack([source.matrix(number) for number in source.parts])
        layer = DenseLayer(name=unique, W=W, b=source.shift, activation=LINEAR)
        return self._place(layer, dataclasses.replace(read, once=source.once), source.once)

    def _open_dense(self, source: Value) -> DenseLayer | None:
        """Return the linear dense layer that a value is of, if nothing else reads that."""
        if not source.plain or source.shared or INPUT in source.parts:
            return None
        layer = self._placed[_number(source)].layer
        return layer if isinstance(layer, DenseLayer) and layer.activation == LINEAR else None

    def _change(self, source: Value, layer: Layer) -> None:
        self._placed[_number(source)].layer = layer


@dataclasses.dataclass(frozen=True, slots=True)
class _Origin:
    """A layer that no layer of the file stands for."""

    name: str
    where: str


def _number(source: Value) -> int:
    """Return the number of the layer that a plain value is of."""
    return next(iter(source.parts))


def _spread(width: int) -> Array:
    """Return what makes one feature many."""
    return np.ones((width, 1))
