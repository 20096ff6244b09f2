# SPDX-License-Identifier: Apache-2.0
"""The tensors of a state dict, put together by the names that PyTorch gives them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from lmu_hw.load.mapping.view import flat_shape, is_plain
from lmu_hw.load.tensors import KINDS, Tensor

__all__ = ["Items", "Matrix", "Norm", "Recurrent", "items_of"]

_RECURRENT = re.compile(r"(?P<label>.*?)\.?weight_hh(?P<layer>_l\d+)?(?P<back>_reverse)?")
_GATES = {1: "simple_rnn", 3: "gru", 4: "lstm"}


@dataclass(slots=True, kw_only=True)
class Matrix:
    """A matrix, and the bias beside it: `named` as those of a PyTorch layer are, outputs first."""

    label: str
    tensor: str
    shape: tuple[int, int]
    bias: str | None = None
    named: bool = False

    @property
    def parent(self) -> str:
        """What stands before the last part of its name."""
        return self.label.rpartition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrent:
    """A recurrent layer or cell of PyTorch: names of its tensors, None where there is none."""

    label: str
    cell: str
    units: int
    inputs: int
    W_x: str
    W_h: str
    b_x: str | None
    b_h: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Norm:
    """A batch normalisation: the width, and names of tensors by part."""

    label: str
    width: int
    parts: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class Items:
    """What a state dict holds, in its order."""

    matrices: list[Matrix] = field(default_factory=list)
    vectors: dict[str, int] = field(default_factory=dict)
    recurrent: list[Recurrent] = field(default_factory=list)
    norms: list[Norm] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)
    """What is of no kind that a layer here has, and the backward half of what runs both ways."""


def items_of(tensors: Mapping[str, Tensor]) -> Items:
    """Return the tensors as matrices, vectors and layers."""
    items = Items()
    shapes: dict[str, tuple[int, ...]] = {}
    for name, tensor in tensors.items():
        if tensor.kind not in KINDS or not tensor.shape or 0 in tensor.shape:
            items.ignored.append(name)  # counters, flags, what was derived
        elif not is_plain(name):
            items.rest.append(name)
        else:
            shapes[name] = flat_shape(tensor.shape)
    _take_norms(items, shapes)
    _take_recurrent(items, shapes)
    for name, shape in shapes.items():
        label = name.removesuffix(".weight")
        if len(shape) == 2:
            matrix = Matrix(label=label, tensor=name, shape=(shape[0], shape[1]))
            matrix.named = label != name
            items.matrices.append(matrix)
        elif len(shape) == 1:
            items.vectors[name] = shape[0]
        else:
            items.rest.append(name)
    for matrix in items.matrices:
        bias = f"{matrix.label}.bias"
        if matrix.named and items.vectors.get(bias) == matrix.shape[0]:
            matrix.bias = bias
            del items.vectors[bias]
    return items


def _take_norms(items: Items, shapes: dict[str, tuple[int, ...]]) -> None:
    for name in [name for name in shapes if name.endswith("running_mean")]:
        label = name.removesuffix("running_mean")
        names = {
            "mean": name,
            "variance": f"{label}running_var",
            "weight": f"{label}weight",
            "bias": f"{label}bias",
        }
        parts = {part: tensor for part, tensor in names.items() if tensor in shapes}
        if "variance" in parts:
            width = shapes[name][0]
            items.norms.append(Norm(label=label.rstrip("."), width=width, parts=parts))
            for tensor in parts.values():
                del shapes[tensor]


def _take_recurrent(items: Items, shapes: dict[str, tuple[int, ...]]) -> None:
    for name in list(shapes):
        match = _RECURRENT.fullmatch(name)
        if match is None or len(shapes[name]) != 2:
            continue
        start = name.partition("weight_hh")[0]
        end = name.partition("weight_hh")[2]
        W_x, (rows, units) = f"{start}weight_ih{end}", shapes[name]
        if (
            W_x not in shapes
            or len(shapes[W_x]) != 2
            or rows % units
            or rows // units not in _GATES
        ):
            continue
        biases = [f"{start}bias_{kind}{end}" for kind in ("ih", "hh")]
        present = [bias if bias in shapes else None for bias in biases]
        if match["back"] is not None:
            items.rest += [W_x, name, *filter(None, present)]
        else:
            items.recurrent.append(
                Recurrent(
                    label=f"{match['label']}{match['layer'] or ''}",
                    cell=_GATES[rows // units],
                    units=units,
                    inputs=shapes[W_x][1],
                    W_x=W_x,
                    W_h=name,
                    b_x=present[0],
                    b_h=present[1],
                )
            )
        for tensor in (W_x, name, *filter(None, present)):
            del shapes[tensor]
