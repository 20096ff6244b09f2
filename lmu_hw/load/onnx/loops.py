# SPDX-License-Identifier: Apache-2.0
"""Scan and Loop: a recurrent layer whose step is written out as a graph.

The step is read as formulas of its input and its states. A state that is an affine map of itself
is a memory; what is an activation, or a cell of gates, is the hidden state.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from lmu_hw.errors import LoadError
from lmu_hw.load.check import must
from lmu_hw.load.onnx.atoms import Step
from lmu_hw.load.onnx.engine import Engine, OtherOrder
from lmu_hw.load.onnx.files import Graph, Node
from lmu_hw.load.onnx.operators import engine_of
from lmu_hw.load.onnx.signals import BATCH, TIME, Signal
from lmu_hw.load.onnx.steps import Core, core_of
from lmu_hw.load.value import Value, joined

__all__ = ["Filled", "Outer", "read_loop", "read_scan"]


@dataclass(frozen=True, slots=True)
class Filled:
    """A list that a loop fills, one item a step."""


class Outer(Protocol):
    """What a placed layer computes, as values of the graph around it."""

    def state(self, number: int) -> Value | None:
        """Return a state at every step, None if the layer does not answer with it."""
        ...

    def value(self, value: Value) -> Value:
        """Return an affine map of atoms, at every step, or raise `LoadError`."""
        ...


Place = Callable[[Node, Core, Value], Outer]


@dataclass(frozen=True, slots=True)
class _Counter:
    """The number of a step, alone or along an axis of length 1."""

    axes: int = 0


@dataclass(slots=True, kw_only=True)
class _Loop:
    """A loop being read: its step, what it reads of the graph around it, and its states."""

    node: Node
    step: Step
    inputs: list[Signal]
    given: list[Value]

    def reads(self, signal: Signal, axis: int) -> Signal:
        """Return one step of a signal of the graph around."""
        if signal.axes[axis] == BATCH and TIME in signal.axes:
            raise OtherOrder
        if signal.axes[axis] != TIME or signal.value.once:
            raise must(self.node.where, "what is read step by step", "sequences", signal.axes)
        known = [n for n, other in enumerate(self.inputs) if other.value is signal.value]
        if not known:
            known = [len(self.inputs)]
            self.inputs.append(signal)
            self.given.append(self.step.given(signal.value.width or 0))
        value = self.given[known[0]]
        return Signal(value, (*signal.axes[:axis], *signal.axes[axis + 1 :]))


def read_scan(engine: Engine, place: Place, node: Node, tensors: Sequence[Any]) -> list[Any]:
    """Return what a Scan computes: last states, and sequences.

    Parameters
    ----------
    engine : Engine
        Of the graph around it.
    place : callable
        Places a layer, and returns what it computes.
    node : Node
    tensors : sequence
        Its inputs.
    """
    body, count = node.attributes.get("body"), node.attributes.get("num_scan_inputs", 0)
    if not isinstance(body, Graph) or not 0 < count <= len(tensors):
        raise must(node.where, "num_scan_inputs", f"1 to {len(tensors)}", count)
    for name in ("scan_input_directions", "scan_output_directions", "directions"):
        if any(node.attributes.get(name) or ()):
            raise must(node.where, name, "forward", node.attributes[name])
    states = len(tensors) - count
    loop = _Loop(node=node, step=Step(), inputs=[], given=[])
    axes = list(node.attributes.get("scan_input_axes") or [0] * count)
    bound: list[Any] = []
    for tensor, axis in zip(tensors[states:], axes, strict=True):
        if not isinstance(tensor, Signal):
            raise LoadError(f"{node.where}: what is scanned must be what a layer computes")
        bound.append(loop.reads(tensor, axis % len(tensor.axes)))
    starts = [_start(engine, loop, tensor) for tensor in tensors[:states]]
    names = [value.name for value in body.inputs]
    inner = _inner(engine, body, loop, dict(zip(names, [*starts, *bound], strict=True)))
    inner.run()
    ends = list(node.attributes.get("scan_output_axes") or [0] * (len(body.outputs) - states))
    outputs = [inner.signal(name, node.where) for name in body.outputs]
    return _placed(place, loop, starts, outputs[:states], outputs[states:], ends)


def read_loop(engine: Engine, place: Place, node: Node, tensors: Sequence[Any]) -> list[Any]:
    """Return what a Loop over all steps computes; see `read_scan`."""
    body = node.attributes.get("body")
    count, condition, *given = tensors
    if not isinstance(body, Graph) or not isinstance(count, np.ndarray):
        raise LoadError(f"{node.where}: the number of its steps must be known")
    if count.ravel().tolist() != [engine.sizes[TIME]]:
        raise must(node.where, "the number of its steps", "that of its input", count.tolist())
    if condition is not None and not (isinstance(condition, np.ndarray) and np.all(condition)):
        raise LoadError(f"{node.where}: it must go on to the last step")
    loop = _Loop(node=node, step=Step(), inputs=[], given=[])
    lists = [isinstance(tensor, Filled) for tensor in given]
    starts = [
        tensor if n else _start(engine, loop, tensor)
        for tensor, n in zip(given, lists, strict=True)
    ]
    names = [value.name for value in body.inputs]
    bound = dict(zip(names, [_Counter(), np.asarray(True), *starts], strict=True))
    inner = _inner(engine, body, loop, bound)
    inner.run()
    ongoing = inner.tensors.get(body.outputs[0])
    if not (isinstance(ongoing, np.ndarray) and np.all(ongoing)):
        raise LoadError(f"{node.where}: it must go on to the last step")
    outputs = [inner.signal(name, node.where) for name in body.outputs[1:]]
    states = [y for y, n in zip(outputs, lists, strict=False) if not n]
    filled = [y for y, n in zip(outputs, lists, strict=False) if n]
    scanned = [*filled, *outputs[len(given) :]]
    begun = [start for start in starts if isinstance(start, Signal)]
    results = _placed(place, loop, begun, states, scanned, [0] * len(scanned))
    last, rest = iter(results[: len(states)]), iter(results[len(states) :])
    return [*(next(rest) if n else next(last) for n in lists), *rest]


def _inner(engine: Engine, body: Graph, loop: _Loop, bound: dict[str, Any]) -> Engine:
    """Return an engine for the graph of a step."""
    inner = engine_of(body, loop.step, engine.sizes, free=engine.free, outer=engine)
    inner.tensors |= bound
    gather, same = inner.readers["Gather"], inner.readers["Identity"]

    def gathered(node: Node, inputs: Sequence[Any]) -> list[Any]:
        if not isinstance(inputs[1], _Counter):
            return gather(node, inputs)
        axis = node.attributes.get("axis", 0) % len(inputs[0].axes)
        signal = loop.reads(inputs[0], axis)
        return [_with_ones(signal, axis) if inputs[1].axes else signal]

    def counted(node: Node, inputs: Sequence[Any]) -> list[Any]:
        return [inputs[0]] if isinstance(inputs[0], _Counter) else same(node, inputs)

    def widened(node: Node, inputs: Sequence[Any]) -> list[Any]:
        return [_Counter(1)] if isinstance(inputs[0], _Counter) else unsqueeze(node, inputs)

    unsqueeze = inner.readers["Unsqueeze"]
    inner.readers |= {
        "Gather": gathered,
        "Unsqueeze": widened,
        "SequenceInsert": lambda node, inputs: [inputs[1]],
        **dict.fromkeys(("Identity", "Cast"), counted),
    }
    return inner


def _with_ones(signal: Signal, axis: int) -> Signal:
    return Signal(signal.value, (*signal.axes[:axis], 1, *signal.axes[axis:]))


def _start(engine: Engine, loop: _Loop, tensor: Any) -> Signal:
    """Return a state before a step, of the shape that it starts with, which must be zeros."""
    where = loop.node.where
    if not isinstance(tensor, np.ndarray) or np.any(tensor):
        raise LoadError(f"{where}: its states must start as zeros")
    batch = engine.sizes[BATCH]
    axes = tuple(int(n) for n in tensor.shape)
    if axes and axes[0] == batch and (batch > 1 or len(axes) > 1):
        axes = (BATCH, *axes[1:])
    width = int(np.prod([axis for axis in axes if isinstance(axis, int)]))
    return Signal(loop.step.given(width), axes)


def _placed(
    place: Place,
    loop: _Loop,
    starts: Sequence[Signal],
    states: Sequence[Signal],
    scanned: Sequence[Signal],
    axes: Sequence[int],
) -> list[Any]:
    """Place the layer that a loop is, and return its last states and its sequences."""
    where = loop.node.where
    if not loop.inputs:
        raise LoadError(f"{where}: it must read sequences, a step at a time")
    before = [next(iter(start.value.parts)) for start in starts]
    after = []
    for start, state in zip(starts, states, strict=True):
        if start.features != state.features:
            raise must(where, "the shape of a state", str(start.axes), state.axes)
        value = state.value if state.value.plain else loop.step.settled(state.value)
        after.append(next(iter(value.parts)))
    given = [next(iter(value.parts)) for value in loop.given]
    core = core_of(where, loop.step, given, before, after, [s.value for s in scanned])
    sources = [signal.value for signal in loop.inputs]
    outer = place(loop.node, core, joined(sources) if len(sources) > 1 else sources[0])
    results: list[Any] = []
    for state, number in zip(states, after, strict=True):
        ended = outer.state(number)
        results.append(None if ended is None else Signal(replace(ended, once=True), state.axes))
    for signal, axis in zip(scanned, axes, strict=True):
        place_ = axis % (len(signal.axes) + 1)
        full = (*signal.axes[:place_], TIME, *signal.axes[place_:])
        results.append(Signal(outer.value(signal.value), full))
    return results
