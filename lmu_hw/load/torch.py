# SPDX-License-Identifier: Apache-2.0
"""PyTorch state dicts in `.safetensors`: the LMU of pytorch-lmu, with an optional linear head.

The names say everything there is: tanh, no bias, one memory, the whole discrete A and B
(theta is not in the file). With a head the LMU answers at the last step, as in the classifier
of that project; without one it answers at every step.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import LoadError
from lmu_hw.lmu import DenseLayer, Discretizer, LmuLayer, Memory, Network, SimpleCell
from lmu_hw.load._check import MAX_ORDER, identifier, located, must, show, unique_identifier
from lmu_hw.load._tensors import read_safetensors, safetensors_summary

__all__ = ["load_torch"]

Array = NDArray[np.float64]
Shape = tuple[int, ...]

_CELL = ("e_x", "e_h", "e_m", "W_x", "W_h", "W_m", "A", "B")
_FFT = ("W_u.weight", "W_u.bias", "W_h.weight", "W_h.bias", "H", "fft_H")
_OTHER_PORTS = ("input_encoders", "encoder_input", "AT", "BT")
_RE_EXPORT = "build its Network in Python and write that with lmu_hw.load.save"


def load_torch(path: Path) -> Network:
    """Return the network of a PyTorch state dict.

    Raises
    ------
    LoadError
        If the names are not those of one pytorch-lmu `LMU` with at most one linear head, or a
        shape does not fit.
    """
    _, shapes = safetensors_summary(path)
    prefix = _prefix(path, shapes)
    rest = sorted(set(shapes) - {f"{prefix}cell.{key}" for key in _CELL})
    head = _head(path, shapes, rest)
    _check_shapes(f"{path}: layer {prefix + 'cell'!r}", prefix, shapes)
    tensors = read_safetensors(path)
    name = prefix.rstrip(".") or "lmu"
    cell = {key: tensors[f"{prefix}cell.{key}"] for key in _CELL}
    layers: list[LmuLayer | DenseLayer] = [
        _lmu(f"{path}: layer {name!r}", identifier(name), cell, return_sequences=head is None)
    ]
    if head is not None:
        with located(f"{path}: layer {head!r}"):
            layers.append(
                DenseLayer(
                    name=unique_identifier(head, [layers[0].name]),
                    W=tensors[f"{head}.weight"],
                    b=tensors.get(f"{head}.bias"),
                    activation="linear",
                )
            )
    notes = ("A and B are the ones stored in the file, which does not say theta",)
    with located(str(path)):
        return Network(name=identifier(path.stem), layers=tuple(layers), notes=notes)


def _prefix(path: Path, shapes: dict[str, Shape]) -> str:
    """Return what stands before ``cell.`` in the names of the only LMU."""
    last = {key.rpartition(".")[2] for key in shapes}
    if any(
        key == fft or key.endswith(f".{fft}") for key in shapes for fft in ("fft_H", "W_u.weight")
    ):
        raise LoadError(
            f"{path}: the model must be pytorch-lmu's LMU, not its LMUFFT ({', '.join(_FFT)}), "
            "whose non-linear encoder is not supported yet; train the recurrent LMU"
        )
    if last & set(_OTHER_PORTS):
        raise LoadError(
            f"{path}: the model must be pytorch-lmu's LMU, not one with tensors named "
            f"{sorted(last & set(_OTHER_PORTS))}, whose matrices other ports keep in another "
            f"convention; {_RE_EXPORT}"
        )
    found = sorted(
        key.removesuffix("cell.e_x")
        for key in shapes
        if key == "cell.e_x" or key.endswith(".cell.e_x")
    )
    if not found:
        raise LoadError(
            f"{path}: there must be a header 'lmu_hw' (own form) or tensors named [prefix.]cell."
            f"{{{','.join(_CELL)}}} (pytorch-lmu), not {show(sorted(shapes)[:6])}; {_RE_EXPORT}"
        )
    if len(found) > 1:
        raise LoadError(
            f"{path}: there must be one LMU, not {len(found)} ({show(found)}): a state dict does "
            f"not say how they are joined; {_RE_EXPORT}"
        )
    missing = [key for key in _CELL if f"{found[0]}cell.{key}" not in shapes]
    if missing:
        raise LoadError(f"{path}: tensors {missing} of {found[0]}cell must be in the file")
    return found[0]


def _head(path: Path, shapes: dict[str, Shape], rest: list[str]) -> str | None:
    """Return the name of the linear layer that the tensors in `rest` belong to, if any."""
    if not rest:
        return None
    name = rest[0].rpartition(".")[0]
    linear = [f"{name}.bias", f"{name}.weight"]
    if not name or f"{name}.weight" not in rest or set(rest) - set(linear):
        raise LoadError(
            f"{path}: besides the LMU there must be at most one linear layer (<name>.weight, "
            f"<name>.bias), not {len(rest)} tensor(s) {show(rest[:6])}; {_RE_EXPORT}"
        )
    if len(shapes[f"{name}.weight"]) != 2:
        where = f"{path}: layer {name!r}"
        raise must(where, "weight", "(outputs, inputs)", shapes[f"{name}.weight"])
    return name


def _check_shapes(where: str, prefix: str, shapes: dict[str, Shape]) -> None:
    """Require the shapes of one cell to fit each other."""

    def shape(key: str) -> Shape:
        return shapes[f"{prefix}cell.{key}"]

    for key in ("W_x", "W_m"):
        if len(shape(key)) != 2 or 0 in shape(key):
            raise must(where, key, "a non-empty matrix", shape(key))
    units, inputs = shape("W_x")
    order = shape("W_m")[1]
    if order > MAX_ORDER:
        raise must(where, "the order", f"at most {MAX_ORDER}", order)
    expected = {
        "e_x": (1, inputs),
        "e_h": (1, units),
        "e_m": (1, order),
        "W_h": (units, units),
        "W_m": (units, order),
        "A": (order, order),
        "B": (order, 1),
    }
    for key, want in expected.items():
        if shape(key) != want:
            raise must(where, f"the shape of {key}", str(want), shape(key))


def _lmu(where: str, name: str, cell: dict[str, Array], *, return_sequences: bool) -> LmuLayer:
    with located(where):
        memory = Memory(A=cell["A"], B=cell["B"][:, 0], theta=None, discretizer=Discretizer.STORED)
        hidden = SimpleCell(
            W_m=cell["W_m"], W_x=cell["W_x"], W_h=cell["W_h"], b=None, activation="tanh"
        )
        return LmuLayer(
            name=name,
            memory=memory,
            E_x=cell["e_x"],
            E_h=cell["e_h"],
            E_m=cell["e_m"],
            b_u=None,
            hidden=hidden,
            input_to_hidden=True,
            return_sequences=return_sequences,
        )
