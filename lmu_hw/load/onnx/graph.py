# SPDX-License-Identifier: Apache-2.0
"""The graph of an ONNX model as layers, where it is made of such as are known here.

Each tensor is followed with what its axes mean. The lengths of free axes are prime numbers, so that
shapes computed of them are found again; a number that depends on them is in no weight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lmu_hw.errors import LoadError
from lmu_hw.lmu import DenseLayer, LmuLayer, Network, RecurrentLayer
from lmu_hw.lmu.activations import LINEAR
from lmu_hw.lmu.layers import Layer
from lmu_hw.load.assembly import Assembly
from lmu_hw.load.budget import Budget
from lmu_hw.load.check import identifier, located, must, show, unique_identifier
from lmu_hw.load.onnx.atoms import Activated, Atom, Given
from lmu_hw.load.onnx.cells import RECURRENT, cell_of
from lmu_hw.load.onnx.engine import Layers, OtherOrder
from lmu_hw.load.onnx.files import Graph, Node
from lmu_hw.load.onnx.loops import Filled, Outer, read_loop, read_scan
from lmu_hw.load.onnx.operators import engine_of
from lmu_hw.load.onnx.signals import BATCH, TIME, Signal, taken
from lmu_hw.load.onnx.steps import Core
from lmu_hw.load.tensors import Array
from lmu_hw.load.value import Value

__all__ = ["read_graph"]

_FREE = {BATCH: 1009, TIME: 1013}
_ORDERS = {3: ((BATCH, TIME), (TIME, BATCH)), 2: ((TIME,),)}


def read_graph(graph: Graph, name: str) -> Network:
    """Return the network of a graph.

    Raises
    ------
    LoadError
        If it has other than one input of sequences and one output, or a node is none of a layer
        that is known here.
    """
    if len(graph.inputs) != 1:
        advice = "sequences start from zero states; export the network without others"
        names = [value.name for value in graph.inputs]
        raise must(graph.where, "the inputs", "one, of sequences", names, advice=advice)
    if len(graph.outputs) != 1:
        advice = "export what the network answers, without its states"
        raise must(graph.where, "the outputs", "one", list(graph.outputs), advice=advice)
    shape = graph.inputs[0].shape
    if len(shape) not in _ORDERS or shape[-1] is None:
        rule = "(batch, steps, features), (steps, batch, features) or (steps, features)"
        text = f"the shape of {show(graph.inputs[0].name)}"
        raise must(graph.where, text, f"{rule}, features given", shape)
    layers, notes = _in_some_order(graph, _ORDERS[len(shape)])
    with located(graph.where):
        return Network(name=identifier(name), layers=layers, notes=notes)


def _in_some_order(
    graph: Graph, orders: Sequence[tuple[str, ...]]
) -> tuple[tuple[Layer, ...], tuple[str, ...]]:
    """Return layers and notes; which axis of the input is that of the steps, its readers say."""
    refused: LoadError | None = None
    for order in orders:
        try:
            return _Placing(graph, order).run()
        except OtherOrder:
            continue
        except LoadError as error:
            refused = refused or error
    if refused is not None:
        raise refused
    raise LoadError(f"{graph.where}: all recurrent nodes must take steps along one axis")


class _Placing(Layers):
    """Places what nodes compute as layers, and reads the recurrent ones."""

    def __init__(self, graph: Graph, order: Sequence[str]) -> None:
        self._graph = graph
        self._names: set[str] = set()
        self._budget = Budget()
        self.assembly = Assembly(graph.where, self._name, self._budget)
        given = graph.inputs[0]
        sizes = {BATCH: 1} | {
            axis: n or _FREE[axis] for axis, n in zip(order, given.shape, strict=False)
        }
        free = {axis for axis, n in zip(order, given.shape, strict=False) if n is None}
        self._engine = engine_of(graph, self, sizes, free=bool(free))
        width = given.shape[-1] or 0
        self._order = order
        value = self.assembly.start(width).read_by(self._engine.uses[given.name])
        self._engine.put(given.name, Signal(value, (*order, width)))
        for op in RECURRENT:
            self._engine.readers[op] = self._recurrent
        self._engine.readers["Scan"] = self._scan
        self._engine.readers["Loop"] = self._loop
        self._engine.readers["SequenceEmpty"] = lambda node, inputs: [Filled()]
        self._engine.readers["ConcatFromSequence"] = _stacked

    def run(self) -> tuple[tuple[Layer, ...], tuple[str, ...]]:
        """Return the layers, and notes."""
        self._engine.run()
        (name,) = self._graph.outputs
        output = self._engine.signal(name, self._graph.where)
        where = f"{self._graph.where}: output {show(name)}"
        steps = [axis for axis in output.axes if isinstance(axis, str) and TIME in axis]
        if not output.value.once and not steps:
            raise LoadError(f"{where}: it must have an axis of steps")
        layers = self.assembly.finish(output.value)
        if self._order[0] == TIME:
            if all(isinstance(layer, DenseLayer) for layer in layers):
                text = "steps come first only where a recurrent node says so"
                raise LoadError(f"{self._graph.where}: {text}")
            self.assembly.notes.append(
                "steps come first in the file; data here are (sequences, steps, features)"
            )
        return layers, tuple(self.assembly.notes)

    def linear(self, node: Node, W: Array, b: Array | None, value: Value, name: str) -> Value:
        """Place a dense layer."""
        with located(node.where):
            layer = DenseLayer(name=self._name(name), W=W, b=b, activation=LINEAR)
            return self.assembly.add(layer, value)

    def activate(self, node: Node, name: str, value: Value) -> Value:
        """Return an activation of a value."""
        with located(node.where):
            return self.assembly.activate(node, name, value)

    def scale(self, node: Node, scale: Array, shift: Array, value: Value) -> Value:
        """Return ``scale x + shift``."""
        with located(node.where):
            return self.assembly.scale(node, scale, shift, value)

    def total(self, node: Node, values: Sequence[Value], factors: Sequence[float]) -> Value:
        """Return a weighted sum."""
        shared = self._engine.uses[node.outputs[0]] > 1
        return self.assembly.total(node, values, factors, shared=shared)

    def product(self, node: Node, first: Value, second: Value) -> Value:
        """Refuse a product of what layers compute."""
        raise LoadError(
            f"{node.where}: one factor must be a constant: hardware multiplies what layers compute "
            "within LSTM and GRU cells only"
        )

    def _recurrent(self, node: Node, inputs: Sequence[Any]) -> list[Signal]:
        """Place a layer of one of the operators LSTM, GRU and RNN."""
        engine = self._engine
        x, W, R, B, lengths, *starts = (*inputs, *[None] * (8 - len(inputs)))
        first = node.attributes.get("layout", 0)
        wanted = (BATCH, TIME) if first else (TIME, BATCH)
        if not isinstance(x, Signal):
            raise LoadError(f"{node.where}: X must be what a layer computes")
        if x.value.once:
            raise LoadError(f"{node.where}: it must be fed with sequences")
        if x.axes[:2] == wanted[::-1]:
            raise OtherOrder
        batch = 1 if BATCH not in x.axes else BATCH  # a single sequence may be without its axis
        wanted = (batch, TIME) if first else (TIME, batch)
        if len(x.axes) != 3 or x.axes[:2] != wanted:
            raise must(node.where, "the axes of X", f"{wanted} and features", x.axes)
        weights = [engine.weights(node, array) for array in (W, R)]
        bias = None if B is None else engine.weights(node, B)
        if lengths is not None and not _all(lengths, engine.sizes[TIME]):
            advice = "export the network for sequences of one length"
            raise must(node.where, "sequence_lens", "left out", "given", advice=advice)
        for what, start in zip(("initial_h", "initial_c", "P"), starts, strict=False):
            if start is not None and not _all(start, 0):
                advice = "sequences start from zero states" if what != "P" else "train without them"
                raise must(node.where, what, "zeros", "something else", advice=advice)
        if len(node.outputs) > 2 and node.outputs[2] and engine.uses[node.outputs[2]]:
            raise LoadError(f"{node.where}: its last state c must not be read")
        cell = cell_of(node, weights[0], weights[1], bias)
        name = self._name(_label(node, str(node.inputs[1])))
        with located(node.where):
            layer = RecurrentLayer(name=name, cell=cell, return_sequences=True)
            value = self.assembly.add(layer, x.value)
        ended, units = self.assembly.last(value), cell.units
        if first:
            return [
                Signal(value, (batch, TIME, 1, units)),
                Signal(ended, (batch, 1, units)),
            ]
        return [Signal(value, (TIME, 1, batch, units)), Signal(ended, (1, batch, units))]

    def _scan(self, node: Node, inputs: Sequence[Any]) -> list[Any]:
        return read_scan(self._engine, self._place, node, inputs)

    def _loop(self, node: Node, inputs: Sequence[Any]) -> list[Any]:
        return read_loop(self._engine, self._place, node, inputs)

    def _place(self, node: Node, core: Core, source: Value) -> Outer:
        """Place the layer of a loop."""
        name, drive, cell = (
            self._name(node.name.strip("/").replace("/", ".")),
            core.drive,
            core.cell,
        )
        with located(node.where):
            if drive is None:
                assert cell is not None
                layer = RecurrentLayer(name=name, cell=cell, return_sequences=True)
            else:
                layer = LmuLayer(
                    name=name,
                    memory=drive.memory,
                    E_x=drive.E_x,
                    E_h=drive.E_h,
                    E_m=drive.E_m,
                    b_u=drive.b,
                    encoder=drive.activation,
                    hidden=cell,
                    input_to_hidden=cell is not None and cell.W_x is not None,
                    return_sequences=True,
                )
            return _Looped(self, node, core, source, self.assembly.add(layer, source))

    def _name(self, text: str) -> str:
        name = unique_identifier(text, self._names)
        self._names.add(name)
        return name


@dataclass(kw_only=False)
class _Looped:
    """What the layer of a loop computes, and what is computed of it at every step."""

    layers: _Placing
    node: Node
    core: Core
    source: Value
    output: Value

    def state(self, number: int) -> Value | None:
        """Return a state at every step, None if the layer does not answer with it."""
        return self.output if number == self.core.output else None

    def value(self, value: Value) -> Value:
        """Return an affine map of atoms at every step."""
        core, assembly = self.core, self.layers.assembly
        value = core.step.expanded(value, {core.output})
        leaves = [self._leaf(number) for number in value.parts]
        if not leaves:
            raise LoadError(f"{self.node.where}: what it answers must depend on its input")
        matrices = [value.matrix(number) for number in value.parts]
        if len(leaves) == 1 and value.plain:
            return leaves[0]
        source = leaves[0] if len(leaves) == 1 else assembly.join(self.node, leaves)
        W = np.hstack(matrices)
        return self.layers.linear(self.node, W, value.shift, source, f"{self.node.name}_answer")

    def _leaf(self, number: int) -> Value:
        core, atom = self.core, self.core.step.atoms[number]
        if number == core.output:
            return self.output
        if number in core.given:
            widths = [0, *(len_of(core.step.atoms[n]) for n in core.given)]
            start = sum(widths[: core.given.index(number) + 1])
            return taken(self.source, range(start, start + len_of(atom)))
        if isinstance(atom, Activated):
            return self.layers.activate(self.node, atom.name, self.value(atom.value))
        raise LoadError(
            f"{self.node.where}: what it answers must be of its input and of its last state as it "
            "is behind the step"
        )


def len_of(atom: Atom) -> int:
    """Return the features of an input."""
    return atom.width if isinstance(atom, Given) else 0


def _stacked(node: Node, inputs: Sequence[Any]) -> list[Signal]:
    """Return the items of a list, which a loop has filled, along an axis of their own."""
    x = inputs[0]
    if not isinstance(x, Signal) or x.axes[0] != TIME or not node.attributes.get("new_axis", 0):
        raise LoadError(f"{node.where}: it must join what a loop has filled, on a new axis")
    axis = node.attributes["axis"] % len(x.axes)
    order = [*range(1, axis + 1), 0, *range(axis + 1, len(x.axes))]
    return [x.transposed(order)]


def _all(array: Any, number: int) -> bool:
    return isinstance(array, np.ndarray) and bool(np.all(array == number))


def _label(node: Node, weights: str) -> str:
    """Return the name of a layer: that of its weights, where they have one, or the node's."""
    parts = weights.replace("/", ".").split(".")
    return ".".join(parts[:-1]) if len(parts) > 1 else node.name.strip("/").replace("/", ".")
