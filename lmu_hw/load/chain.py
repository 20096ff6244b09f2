# SPDX-License-Identifier: Apache-2.0
"""A graph of layers as one chain: what a later layer reads is handed on by those between.

Layer k of the chain reads ``z = [y; copies]``: what the layer before it computes, and behind it
features of earlier ones that somebody still reads. Its own matrices get a column for each of them,
zeros where it does not read one, sums of weights where it reads a sum.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lmu_hw.errors import LoadError
from lmu_hw.lmu import DenseLayer, LmuLayer, RecurrentLayer, SimpleCell
from lmu_hw.lmu.activations import LINEAR, SOFTMAX
from lmu_hw.lmu.layers import Layer
from lmu_hw.load.budget import Budget
from lmu_hw.load.check import must
from lmu_hw.load.fold import Array, map_input
from lmu_hw.load.value import INPUT, Value

__all__ = ["Placed", "chain"]

_MAX_COPIES = 4096


@dataclass(kw_only=True)
class Placed:
    """A layer, and what it reads."""

    layer: Layer
    source: Value


def chain(
    where: str, placed: Sequence[Placed], inputs: int, output: Value, budget: Budget
) -> tuple[Layer, ...] | None:
    """Return layers of which each reads the one before it; None if none computes the output.

    Parameters
    ----------
    where : str
        The file, for messages.
    placed : sequence of Placed
        Each reads only layers before it.
    inputs : int
        Features of the network's input.
    output : Value
    budget : Budget
    """
    order = _order(where, placed, output)
    layers, features = [], [(INPUT, column) for column in range(inputs)]
    following = [placed[number].source for number in order[1:]] + [output]
    for turn, number in enumerate(order):
        place = placed[number]
        layer = _reading(place, features, budget, where)
        later = {read for value in following[turn:] for read in value.reads()}
        passed = tuple(n for n, feature in enumerate(features) if feature in later)
        if len(passed) > _MAX_COPIES:
            raise must(where, "the features that are handed on", f"at most {_MAX_COPIES}", passed)
        layers.append(_passing(layer, passed))
        own = place.layer.outputs
        features = [(number, n) for n in range(own)] + [features[n] for n in passed]
    layers = _answering(layers, once=output.once)
    complete = _matrix(output, features) is None and output.shift is None
    return tuple(layers) if complete else None


def _order(where: str, placed: Sequence[Placed], output: Value) -> list[int]:
    """Return recurrent layers and what they read first: the last of them may answer once."""
    used = _ancestors(placed, output.parts)
    if idle := [p.layer.name for n, p in enumerate(placed) if n not in used]:
        raise LoadError(f"{where}: every layer must lead to the output, but {idle[0]} does not")
    recurrent = [n for n, place in enumerate(placed) if not isinstance(place.layer, DenseLayer)]
    early = _ancestors(placed, recurrent)
    return [*sorted(early), *sorted(used - early)]


def _ancestors(placed: Sequence[Placed], numbers: Iterable[int]) -> set[int]:
    """Return layers, and all that they depend on."""
    seen: set[int] = set()
    waiting = [n for n in numbers if n != INPUT]
    while waiting:
        number = waiting.pop()
        if number not in seen:
            seen.add(number)
            waiting += [n for n in placed[number].source.parts if n != INPUT]
    return seen


def _answering(layers: list[Layer], *, once: bool) -> list[Layer]:
    """Let the last recurrent layer answer once, or none: what is behind it follows it.

    Where none is recurrent, nothing needs more than the last step: the first layer takes it.
    """
    if once and layers and all(isinstance(layer, DenseLayer) for layer in layers):
        return [*_taking_last(layers[0]), *layers[1:]]
    recurrent = [n for n, layer in enumerate(layers) if not isinstance(layer, DenseLayer)]
    last = recurrent[-1] if once else None
    for number in recurrent:
        sequences = number != last
        if layers[number].return_sequences != sequences:
            layers[number] = dataclasses.replace(layers[number], return_sequences=sequences)
    return layers


def _taking_last(layer: Layer) -> list[Layer]:
    """Return a dense layer as one that answers once, a cell without memory and state."""
    if not isinstance(layer, DenseLayer):
        return [layer]
    ends = layer.activation == SOFTMAX  # which hardware leaves to the host, behind the last layer
    cell = SimpleCell(
        W_m=np.zeros((len(layer.W), 0)),
        W_x=layer.W,
        W_h=None,
        b=layer.b,
        activation=LINEAR if ends else layer.activation,
    )
    name = f"{layer.name}_last" if ends else layer.name
    once = RecurrentLayer(name=name, cell=cell, return_sequences=False, passed=layer.passed)
    if not ends:
        return [once]
    eye = np.eye(once.outputs)
    return [once, DenseLayer(name=layer.name, W=eye, b=None, activation=SOFTMAX)]


def _reading(place: Placed, features: list[tuple[int, int]], budget: Budget, where: str) -> Layer:
    """Return a layer that reads what its source is of these features."""
    matrix = _matrix(place.source, features)
    if matrix is None and place.source.shift is None:
        return place.layer
    budget.fill(where, len(features))
    shift = place.source.shift
    return map_input(place.layer, np.eye(len(features)) if matrix is None else matrix, shift)


def _matrix(value: Value, features: list[tuple[int, int]]) -> Array | None:
    """Return what a value makes of features, (width, features); None if it is all of them."""
    matrix = np.zeros((value.width or 0, len(features)))
    places: dict[int, list[tuple[int, int]]] = {}
    for place, (number, column) in enumerate(features):
        places.setdefault(number, []).append((place, column))
    for number in value.parts:
        given = value.matrix(number)
        for place, column in places.get(number, []):
            matrix[:, place] = given[:, column]
    whole = matrix.shape[0] == matrix.shape[1] and np.array_equal(matrix, np.eye(len(matrix)))
    return None if whole else matrix


def _passing(layer: Layer, passed: tuple[int, ...]) -> Layer:
    """Return a layer that hands on columns of its input."""
    bare = isinstance(layer, LmuLayer) and layer.hidden is None
    if bare and passed and passed == tuple(range(layer.inputs)):
        return dataclasses.replace(layer, input_to_hidden=True)
    return dataclasses.replace(layer, passed=passed) if passed else layer
