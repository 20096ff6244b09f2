# SPDX-License-Identifier: Apache-2.0
"""The float network: layers in order, and the reference run that quantization is measured by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import NetworkError
from lmu_hw.lmu.activations import SOFTMAX
from lmu_hw.lmu.layers import DenseLayer, Layer, LmuLayer, Observer, RecurrentLayer
from lmu_hw.lmu.window import window
from lmu_hw.sequences import Sequences, SequencesLike
from lmu_hw.summary import Facts, Summarised

__all__ = ["INPUT", "Network", "masked_words"]

Array = NDArray[np.float64]
Trace = dict[str, Array]

INPUT = "x"
"""Name of the network's input in a trace."""

_CHUNK = 250  # sequences per pass: the working set of a 256-state memory stays in cache


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Network(Summarised):
    """A trained network: layers in order, the first fed by x.

    Parameters
    ----------
    name : str
        An identifier; names the Verilog top.
    layers : tuple of LmuLayer and DenseLayer
    notes : tuple of str
        What the loader wants the user to know.
    mask_value : float or None
        A step of which every feature has this value is none: it is left out. None: all are steps.

    Raises
    ------
    NetworkError
        If layers do not fit each other.
    """

    name: str
    layers: tuple[Layer, ...]
    notes: tuple[str, ...] = ()
    mask_value: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        if not self.layers:
            raise NetworkError(f"network {self.name}: there must be at least one layer")
        names = [layer.name for layer in self.layers]
        if len(set(names)) != len(names):
            raise NetworkError(f"network {self.name}: layer names must differ, not {names}")
        for before, after in pairwise(self.layers):
            if before.outputs != after.inputs:
                raise NetworkError(
                    f"network {self.name}: layer {after.name} must take the {before.outputs} "
                    f"outputs of {before.name}, not {after.inputs}"
                )
            if isinstance(before, DenseLayer) and before.activation == SOFTMAX:
                raise NetworkError(f"{before.name}: softmax is supported on the last layer only")

    @property
    def inputs(self) -> int:
        """Number of input features."""
        return self.layers[0].inputs

    @property
    def outputs(self) -> int:
        """Number of output features."""
        return self.layers[-1].outputs

    @property
    def answers_once(self) -> bool:
        """True if there is one answer for each sequence instead of one for each step."""
        return not all(layer.return_sequences for layer in self.layers)

    @property
    def softmax(self) -> bool:
        """True if the last layer ends in a softmax, which hardware leaves to the host."""
        last = self.layers[-1]
        return isinstance(last, DenseLayer) and last.activation == SOFTMAX

    def described(self) -> tuple[str, Facts]:
        """Return the layers, and how the network answers."""
        answers = "at the end of a sequence" if self.answers_once else "at every step"
        facts = [("input", f"{self.inputs}{masked_words(self.mask_value)}")]
        facts += [(layer.name, _layer_words(layer)) for layer in self.layers]
        facts.append(("output", f"{self.outputs}{' (softmax)' if self.softmax else ''}, {answers}"))
        return f"{self.name}: trained network", facts

    def check_input(self, x: SequencesLike, *, what: str = "input") -> Sequences:
        """Return `x` as sequences of float64, without masked steps, or raise `NetworkError`.

        Parameters
        ----------
        x : array (sequences, steps, inputs), list of arrays (steps, inputs), or Sequences
        what : str
            Name in messages.
        """
        sequences = Sequences.of(x, features=self.inputs, what=what)
        sequences = sequences.without(self.mask_value, what=what)
        sequences = sequences.mapped(sequences.padded.astype(np.float64))
        if not np.all(np.isfinite(sequences.padded)):
            raise NetworkError(f"{what} must be finite, but holds NaN or infinity")
        return sequences

    def run(self, x: SequencesLike, *, progress: Callable[[int], None] | None = None) -> Array:
        """Run sequences in float64: the yardstick for quantization.

        Parameters
        ----------
        x : array (sequences, steps, inputs), list of arrays (steps, inputs), or Sequences
        progress : callable, optional
            Called with the number of sequences done since the last call.

        Returns
        -------
        (sequences, outputs) for a network that answers once, otherwise
        (sequences, steps, outputs), in float64. Zeros stand behind the end of a sequence.
        """

        def answers(_: object, y: Array) -> Array:
            for layer in self.layers:
                y = layer.run(y)
            if progress is not None:
                progress(len(y))
            return y[:, -1] if self.answers_once else y

        return self.check_input(x).joined(answers, _CHUNK)

    def observe(self, x: SequencesLike, observer: Observer) -> None:
        """Run sequences, see `run`, and show every node at every step to `observer`."""
        for _, y in self.check_input(x).batches(_CHUNK):
            for layer in self.layers:
                y = layer.run(y, observer=observer)

    def trace(self, x: NDArray[np.generic]) -> Trace:
        """Return every node at every step: name to (sequences, steps, width) float64.

        A layer that runs on the last step only has one step in its arrays.

        Raises
        ------
        NetworkError
            If x is no array of sequences of one length, or a step of it is masked.
        """
        sequences = self.check_input(x)
        if not sequences.even:
            raise NetworkError(f"network {self.name}: a trace must be of sequences of one length")
        steps: dict[str, list[Array]] = {}
        y = sequences.padded
        for layer in self.layers:
            y = layer.run(y, observer=lambda name, _, v: steps.setdefault(name, []).append(v))
        return {INPUT: sequences.padded} | {n: np.stack(v, axis=1) for n, v in steps.items()}


def masked_words(value: float | None) -> str:
    """Return that steps of a value are left out, behind what is said of the input."""
    return "" if value is None else f", without steps that are all {value:g} (masked)"


def _layer_words(layer: Layer) -> str:
    match layer:
        case LmuLayer():
            theta = window(layer.memory)
            steps = "" if theta is None else f", window {theta:g}"
            cell = "no hidden cell" if layer.hidden is None else f"{layer.outputs} hidden"
            count = f"{layer.memory_d} x " if layer.memory_d > 1 else ""
            return f"LMU, {count}order {layer.memory.order}{steps}, {cell}"
        case RecurrentLayer():
            return f"recurrent, {layer.outputs} units"
        case DenseLayer():
            return f"dense, {layer.outputs} outputs, {layer.activation}"
    assert_never(layer)
