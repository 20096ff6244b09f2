# SPDX-License-Identifier: Apache-2.0
"""A loaded network answers as the trained one did, on data that the user gives, or is refused.

This establishes that the float network reproduces these outputs on these inputs, up to a tolerance,
and nothing about other inputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from lmu_hw.checked import real
from lmu_hw.errors import LoadError, NetworkError
from lmu_hw.lmu import Network
from lmu_hw.load.suspects import Suspect, combined, suspects
from lmu_hw.load.tensors import Array
from lmu_hw.sequences import Sequences

__all__ = ["TOLERANCE", "agreeing"]

TOLERANCE = 1e-3
"""Largest difference, as a part of the largest output: 32-bit arithmetic leaves less."""

_SEQUENCES = 2  # with which suspects are tried
_MAX_WORK = 2_000_000_000  # products for all suspects, about a minute
_LISTED = 4
_ANSWERS = "the output"


def agreeing(
    network: Network,
    x: Any,
    y: Any,
    *,
    where: str,
    tolerance: float = TOLERANCE,
    others: Sequence[Suspect] = (),
) -> Network:
    """Return a network with a note that it reproduces outputs.

    Parameters
    ----------
    network : Network
    x : array (sequences, steps, inputs), list of arrays (steps, inputs), or Sequences
    y : array, or mapping of str to array
        What the trained network answers: (sequences, outputs) or (sequences, steps, outputs). A
        mapping has outputs of layers by name, so that the first layer that differs is known.
    where : str
        For messages.
    tolerance : float
        Largest difference, as a part of the largest value of each output.
    others : sequence of Suspect
        What else may be wrong, such as a line of a mapping; each makes another network.

    Raises
    ------
    LoadError
        If it does not: with the layer and the step at which it first differs, and which of the
        usual suspects, or two of them, would make it agree.
    """
    tolerance = real(tolerance, "`tolerance`", above=0.0, rule="positive and finite")
    try:
        x = network.check_input(x, what="`check`: x")
        expected = _expected(network, y, where, x)
    except NetworkError as error:
        raise LoadError(f"{where}: {error}") from None
    worst = 0.0
    for name, values in expected.items():
        answers = _outputs(network, x, name)
        difference, off = _difference(answers, values, tolerance)
        worst = max(worst, off)
        if difference:
            hint = _hint(network, x, expected, tolerance, others)
            raise LoadError(
                f"{where}: {name} must be what it was trained to be: {difference}; {hint}"
            )
    words = sum(values.size for values in expected.values())
    note = f"checked: {words:,} given outputs are reproduced, up to {worst:.1e} of the largest"
    return replace(network, notes=(*network.notes, note))


def _expected(network: Network, y: Any, where: str, x: Sequences) -> dict[str, Array]:
    """Return outputs by layer, in the order of the network, its own last."""
    given = dict(y) if isinstance(y, Mapping) else {_ANSWERS: y}
    names = [layer.name for layer in network.layers]
    unknown = [name for name in given if name not in (*names, _ANSWERS)]
    if unknown or not given:
        rule = f"outputs of the layers {', '.join(names)}"
        raise LoadError(
            f"{where}: `check`: y must be {rule}, not of {', '.join(unknown) or 'none'}"
        )
    arrays = {}
    for name in sorted(given, key=[*names, _ANSWERS].index):
        values = x.beside(given[name], f"`check`: y of {name}")
        if values.ndim == 3 and values.shape[:2] == (len(x), x.given_steps):
            values = x.aligned(values)
        if values.dtype.kind != "f" or not values.size or not np.all(np.isfinite(values)):
            kind = values.dtype if values.size else "none"
            rule = "finite floats, what the network answers and no classes"
            raise LoadError(f"{where}: `check`: y of {name} must be {rule}, not {kind}")
        arrays[name if name == _ANSWERS else f"layer {name}"] = values.astype(np.float64)
    return arrays


def _outputs(network: Network, x: Sequences, name: str) -> Array:
    """Return what the network, or one of its layers, answers."""
    if name == _ANSWERS:
        return network.run(x)
    layers = list(network.layers)
    while name != f"layer {layers[-1].name}":
        layers.pop()
    once = not all(layer.return_sequences for layer in layers)

    def answers(_: object, y: Array) -> Array:
        for layer in layers:
            y = layer.run(y)
        return y[:, -1] if once else y

    joined = x.joined(answers, len(x))
    return joined[:, None] if once else joined


def _difference(answers: Array, values: Array, tolerance: float) -> tuple[str, float]:
    """Return where answers first differ, an empty text if nowhere, and by how much at most."""
    if answers.shape[1:2] == (1,) and values.ndim == 3 and answers.ndim == 3:
        values = values[:, -1:]  # the layer runs at the last step only
    if values.size == answers.size and values.ndim < answers.ndim:
        values = values.reshape(answers.shape)
    if values.shape != answers.shape:
        return f"it has the shape {answers.shape} where {values.shape} is given", np.inf
    largest = float(np.abs(values).max()) or 1.0
    off = np.abs(answers - values) / largest
    if not np.any(off > tolerance):
        return "", float(off.max())
    if off.ndim == 2:
        sequence, element = np.argwhere(off > tolerance)[0]
        place, at = f"sequence {sequence}", (sequence, element)
    else:
        steps = np.argwhere((off > tolerance).any(axis=(0, 2)))
        step = int(steps[0, 0])
        sequence, element = np.argwhere(off[:, step] > tolerance)[0]
        place, at = f"step {step}, sequence {sequence}", (sequence, step, element)
    text = (
        f"it first differs at {place}, element {element}: {answers[at]:.6g}, not {values[at]:.6g}"
    )
    return f"{text} (up to {off.max():.1e} of the largest)", float(off.max())


def _hint(
    network: Network,
    x: Sequences,
    expected: dict[str, Array],
    tolerance: float,
    others: Sequence[Suspect],
) -> str:
    """Return which suspects make a network agree with its outputs."""
    if _ANSWERS not in expected:
        last = list(expected)[-1]
        if last != f"layer {network.layers[-1].name}":
            return "without outputs of the last layer nothing else is tried"
        expected = {_ANSWERS: expected[last]}
    y = expected[_ANSWERS]
    if not x.even:
        return "the usual suspects are tried on sequences of one length only"
    agrees = partial(_agrees, network, x.padded, y, tolerance)
    singles = [*others, *suspects(network)]
    matching = [suspect for suspect in singles if agrees(suspect)]
    if not matching:
        matching = [pair for pair in _pairs(singles, network, x.padded) if agrees(pair)][:_LISTED]
    if not matching:
        return (
            "none of the usual suspects (A, activations, position of the answer, data) explains it"
        )
    texts = [suspect.text for suspect in matching[:_LISTED]]
    return f"it agrees with {' or with '.join(texts)}"


def _pairs(singles: list[Suspect], network: Network, x: Array) -> Iterator[Suspect]:
    """Yield two suspects at a time, as many as are tried within the limit of work."""
    products = sum(
        array.size
        for layer in network.layers
        for part in (layer, getattr(layer, "hidden", None), getattr(layer, "cell", None))
        for array in vars(part or network).values()
        if isinstance(array, np.ndarray)
    )
    sequences = min(_SEQUENCES, len(x))
    room = _MAX_WORK // max(1, products * sequences * x.shape[1])
    for first, second in combinations(singles, 2):
        if first.kind == second.kind:
            continue
        room -= 1
        if room < 0:
            return
        yield combined(first, second)


def _agrees(network: Network, x: Array, y: Array, tolerance: float, suspect: Suspect) -> bool:
    """Say whether a suspect explains outputs: on a few sequences first, then on all."""
    cuts = [slice(None)] if suspect.time_first else [slice(0, _SEQUENCES), slice(None)]
    try:
        with np.errstate(all="ignore"):
            return all(
                not _difference(suspect.answers(network, x[cut]), y[cut], tolerance)[0]
                for cut in cuts
            )
    except (NetworkError, np.linalg.LinAlgError, ValueError):
        return False
