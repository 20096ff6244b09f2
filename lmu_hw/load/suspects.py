# SPDX-License-Identifier: Apache-2.0
"""What is usually wrong with a network that does not answer as it was trained to.

Each suspect is the network, or its data, with one thing changed, and a sentence that says which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np

from lmu_hw.errors import NetworkError
from lmu_hw.lmu import (
    DenseLayer,
    Discretizer,
    GruCell,
    HiddenCell,
    LmuLayer,
    LstmCell,
    Memory,
    Network,
    RecurrentLayer,
    SimpleCell,
)
from lmu_hw.lmu.activations import ACTIVATIONS, SOFTMAX
from lmu_hw.lmu.layers import Layer
from lmu_hw.load.tensors import Array

__all__ = ["Suspect", "combined", "suspects"]

_MAX_ORDER = 256  # of memories that are discretized again


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A change of a network, or of how data enter and answers leave it.

    Parameters
    ----------
    kind : str
        What is changed: two of the same kind are never combined.
    text : str
        What would have to be so, as a sentence says it.
    change : callable
        Returns another network; raises `NetworkError` where that is impossible.
    time_first : bool
        Data are (steps, sequences, ...).
    mean : bool
        The answer is the mean over all steps.
    """

    kind: str
    text: str
    change: Callable[[Network], Network] = lambda network: network
    time_first: bool = False
    mean: bool = False

    def answers(self, network: Network, x: Array) -> Array:
        """Return what the changed network answers to (sequences, steps, inputs)."""
        y = self.change(network).run(x.swapaxes(0, 1) if self.time_first else x)
        if self.mean:
            y = y.mean(axis=1)
        return y.swapaxes(0, 1) if self.time_first and y.ndim == 3 else y


def combined(first: Suspect, second: Suspect) -> Suspect:
    """Return two changes at once."""
    return Suspect(
        kind=f"{first.kind}, {second.kind}",
        text=f"{first.text} and {second.text}",
        change=lambda network: second.change(first.change(network)),
        time_first=first.time_first or second.time_first,
        mean=first.mean or second.mean,
    )


def suspects(network: Network) -> Iterator[Suspect]:
    """Yield the usual suspects of a network, the likeliest first."""
    yield Suspect(kind="data", text="data are time-first, (steps, sequences, ...)", time_first=True)
    yield from _positions(network)
    for index, layer in enumerate(network.layers):
        for part, text, changed in _changed(layer, last=index == len(network.layers) - 1):
            yield Suspect(
                kind=f"{layer.name} {part}",
                text=f"{text} of layer {layer.name}" if part else text,
                change=_exchange(index, changed),
            )


def _exchange(index: int, change: Callable[[Layer], Layer]) -> Callable[[Network], Network]:
    def exchanged(network: Network) -> Network:
        layers = list(network.layers)
        layers[index] = change(layers[index])
        return replace(network, layers=tuple(layers))

    return exchanged


def _positions(network: Network) -> Iterator[Suspect]:
    """Yield the other ways to answer: at every step, once, with the mean."""
    places = [
        index for index, layer in enumerate(network.layers) if not isinstance(layer, DenseLayer)
    ]
    if not places:
        return

    def answering(every_step: bool) -> Callable[[Network], Network]:
        def changed(layer: Layer) -> Layer:
            if isinstance(layer, DenseLayer):
                raise NetworkError("a dense layer answers whenever it is fed")
            return replace(layer, return_sequences=every_step)

        return _exchange(places[-1], changed)

    if network.answers_once:
        yield Suspect(kind="answers", text="it answers at every step", change=answering(True))
    else:
        text = "it answers once, at the last step"
        yield Suspect(kind="answers", text=text, change=answering(False))
    text = "it answers once, with the mean over all steps"
    yield Suspect(kind="answers", text=text, change=answering(True), mean=True)


_Change = tuple[str, str, Callable[[Layer], Layer]]


def _changed(layer: Layer, *, last: bool) -> Iterator[_Change]:
    """Yield what is changed of a layer, in words, and how."""
    match layer:
        case LmuLayer():
            yield from _memories(layer)
            yield from _named("encoder", layer.encoder, "the encoder", _set("encoder"))
            yield from _fused(layer)
            if layer.hidden is not None:
                yield from _cells(layer.hidden, _in_lmu)
        case RecurrentLayer():
            yield from _cells(layer.cell, _in_recurrent)
        case DenseLayer():
            names = [*ACTIVATIONS, *([SOFTMAX] if last else [])]
            yield from _named("activation", layer.activation, "", _set("activation"), names)
            if layer.inputs == layer.outputs:
                yield "W", "the matrix W transposed", _turned


def _turned(layer: Layer) -> Layer:
    return replace(layer, W=layer.W.T) if isinstance(layer, DenseLayer) else layer


def _set(field: str) -> Callable[[str], Callable[[Layer], Layer]]:
    return lambda name: lambda layer: replace(layer, **{field: name})


def _named(
    part: str,
    present: str,
    of: str,
    change: Callable[[str], Callable[[Layer], Layer]],
    names: list[str] | None = None,
) -> Iterator[_Change]:
    """Yield every other activation."""
    for name in names or ACTIVATIONS:
        if name != present:
            text = f"the activation {name}" + (f" of {of}" if of else "")
            yield part, text, change(name)


def _memories(layer: LmuLayer) -> Iterator[_Change]:
    """Yield other matrices: as they may be stored, or discretized."""
    memory = layer.memory
    one = np.eye(memory.order)

    def with_A(A: Array) -> Callable[[Layer], Layer]:
        other = Memory(A=A, B=memory.B, theta=None, discretizer=Discretizer.STORED)
        return lambda old: replace(old, memory=other)

    def with_method(method: Discretizer) -> Callable[[Layer], Layer]:
        return lambda old: replace(
            old, memory=Memory.legendre(memory.order, memory.theta or 1.0, method)
        )

    if memory.discretizer is Discretizer.STORED:
        yield "A", "a transposed A", with_A(memory.A.T)
        yield "A", "an A that is stored less the identity", with_A(memory.A + one)
        yield "A", "an A that is stored transposed and less the identity", with_A(memory.A.T + one)
        yield "A", "an A to which nothing is added", with_A(memory.A - one)
    elif memory.order <= _MAX_ORDER:
        for method in (Discretizer.ZOH, Discretizer.EULER, Discretizer.BILINEAR):
            if method is not memory.discretizer:
                yield "A", f"the discretizer {method.value}", with_method(method)


def _fused(layer: LmuLayer) -> Iterator[_Change]:
    """Yield the other order of memory and input in a common matrix, and of several memories."""
    cell = layer.hidden
    if cell is None:
        return
    inputs, shape = layer.inputs, (layer.memory.order, layer.memory_d)
    columns = np.arange(shape[0] * shape[1]).reshape(shape).T.ravel()

    def by_order(old: Layer) -> Layer:
        if not isinstance(old, LmuLayer) or old.hidden is None:
            return old
        E_m = None if old.E_m is None else old.E_m[:, columns]
        hidden = replace(old.hidden, W_m=old.hidden.W_m[:, columns])
        return replace(old, hidden=hidden, E_m=E_m)

    def input_first(cell: HiddenCell) -> HiddenCell:
        both = cell.W_m if cell.W_x is None else np.hstack([cell.W_m, cell.W_x])
        return replace(cell, W_m=both[:, inputs:], W_x=both[:, :inputs])

    if layer.memory_d > 1:
        yield "states", "the states of memories by order", by_order
    if cell.W_x is not None:
        text = "the input before the memory among the columns of the cell's matrix"
        yield "columns", text, _in_lmu(input_first)


_CellChange = Callable[[HiddenCell], HiddenCell]
_Into = Callable[[_CellChange], Callable[[Layer], Layer]]


def _in_lmu(change: _CellChange) -> Callable[[Layer], Layer]:
    def changed(layer: Layer) -> Layer:
        if not isinstance(layer, LmuLayer) or layer.hidden is None:
            return layer
        return replace(layer, hidden=change(layer.hidden))

    return changed


def _in_recurrent(change: _CellChange) -> Callable[[Layer], Layer]:
    def changed(layer: Layer) -> Layer:
        return (
            replace(layer, cell=change(layer.cell)) if isinstance(layer, RecurrentLayer) else layer
        )

    return changed


def _cells(cell: HiddenCell, into: _Into) -> Iterator[_Change]:
    """Yield other activations, other orders of gates, and a transposed feedback."""

    def activated(name: str) -> Callable[[Layer], Layer]:
        return into(lambda old: replace(old, activation=name))

    yield from _named("activation", cell.activation, "the cell", activated)
    match cell:
        case SimpleCell():
            if cell.W_h is not None:
                yield "W_h", "a transposed W_h", into(_fed_back_by_rows)
        case LstmCell():
            yield from _gates(cell, "ifgo", into)
        case GruCell():
            yield from _gates(cell, "zrn", into)
            if cell.b_h is None:
                place = "before" if cell.reset_after else "after"
                yield "reset", f"the reset gate {place} the product", into(_reset_elsewhere)


def _fed_back_by_rows(cell: HiddenCell) -> HiddenCell:
    return cell if cell.W_h is None else replace(cell, W_h=cell.W_h.T)


def _reset_elsewhere(cell: HiddenCell) -> HiddenCell:
    return replace(cell, reset_after=not cell.reset_after) if isinstance(cell, GruCell) else cell


def _gates(cell: LstmCell | GruCell, own: str, into: _Into) -> Iterator[_Change]:
    """Yield other activations of gates, and other orders of them."""

    def activated(name: str) -> Callable[[Layer], Layer]:
        return into(lambda old: replace(old, recurrent_activation=name))

    def ordered(letters: tuple[str, ...]) -> _CellChange:
        def changed(old: HiddenCell) -> HiddenCell:
            rows = {}
            for part in ("W_m", "W_x", "W_h", "b", "b_h"):
                values = getattr(old, part, None)
                if values is not None:
                    blocks = dict(zip(letters, np.split(values, len(own)), strict=True))
                    rows[part] = np.concatenate([blocks[gate] for gate in own])
            return replace(old, **rows)

        return changed

    for letters in permutations(own):
        if "".join(letters) != own:
            text = f"the gates in the order {' '.join(letters)}"
            yield "gates", text, into(ordered(letters))
    names = ["sigmoid", "hard_sigmoid", "hard_sigmoid_keras2"]
    yield from _named("gate activation", cell.recurrent_activation, "the gates", activated, names)
