# SPDX-License-Identifier: Apache-2.0
"""The tensors of a state dict, put together by the names that PyTorch gives them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from lmu_hw.load.draft.names import dotted, is_observer, last_part, parent_of
from lmu_hw.load.mapping.view import flat_shape, is_plain
from lmu_hw.load.tensors import KINDS, Tensor

__all__ = ["Items", "Matrix", "Norm", "Recurrent", "items_of", "take_dense"]

_RECURRENT = re.compile(r"(?P<label>.*?)\.?weight_hh(?P<layer>_l\d+)?(?P<back>_reverse)?")
_EMBEDDING = re.compile(r"(\w+_)?(emb|embed|embedding|embeddings|wte|wpe)s?", re.IGNORECASE)
_GATES = {1: "simple_rnn", 3: "gru", 4: "lstm"}


@dataclass(slots=True, kw_only=True)
class Matrix:
    """A matrix, and the bias beside it: `named` as those of a layer are, which say its outputs.

    Parameters
    ----------
    label : str
        The layer, or the tensor itself.
    tensor : str
    shape : tuple of int
        Outputs first.
    turned : bool
        The tensor has the inputs first.
    bias : str or None
    named : bool
    """

    label: str
    tensor: str
    shape: tuple[int, int]
    turned: bool = False
    bias: str | None = None
    named: bool = False

    @property
    def parent(self) -> str:
        """What stands before the last part of its name."""
        return parent_of(self.label)

    @property
    def other(self) -> Matrix:
        """The same tensor, taken as the other way round."""
        return replace(self, shape=self.shape[::-1], turned=not self.turned)

    def view(self, columns: tuple[int, int] | None = None) -> str:
        """Return how a mapping writes it, or some of its columns."""
        cut = "" if columns is None else f"{columns[0]}:{columns[1]}"
        cut = cut and (f"[{cut}, :]" if self.turned else f"[:, {cut}]")
        return f"{self.tensor}{cut}{' transposed' if self.turned else ''}"


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
        none = tensor.kind not in KINDS or not tensor.shape or 0 in tensor.shape
        if none or is_observer(name):
            items.ignored.append(name)  # counters, flags, what was derived
        elif not is_plain(name):
            items.rest.append(name)
        else:
            shapes[name] = flat_shape(tensor.shape)
    _take_norms(items, shapes)
    _take_recurrent(items, shapes)
    for name, shape in shapes.items():
        if len(shape) == 2:
            items.matrices.append(_matrix(name, (shape[0], shape[1]), shapes))
        elif len(shape) == 1:
            items.vectors[name] = shape[0]
        else:
            items.rest.append(name)
    for matrix in items.matrices:
        for bias in _beside(matrix.tensor, "bias", "b"):
            if matrix.named and items.vectors.get(bias) == matrix.shape[0]:
                matrix.bias = bias
                del items.vectors[bias]
    return items


def take_dense(items: Items, widths: set[int]) -> None:
    """Take bare matrices that read what is so wide as dense layers, with the vector named alike."""
    for matrix in [matrix for matrix in items.matrices if not matrix.named]:
        ways = [way for way in (matrix, matrix.other) if way.shape[1] in widths]
        if len(ways) != 1:
            continue
        (layer,) = ways
        layer.named = True
        end = re.sub(r"^(weight|w)(?=_|s?$|[A-Z0-9])", "", last_part(layer.tensor), flags=re.I)
        for last in (f"b{end}", f"bias{end}", f"B{end}"):
            (bias,) = _beside(layer.tensor, last)
            if items.vectors.get(bias) == layer.shape[0]:
                layer.bias = bias
                del items.vectors[bias]
                break
        items.matrices[items.matrices.index(matrix)] = layer


def _matrix(name: str, shape: tuple[int, int], names: Iterable[str]) -> Matrix:
    """Return a matrix: PyTorch's `weight`, the `kernel` and `w` of JAX's layers, or a bare one."""
    last, parent = last_part(name), parent_of(name)
    table = _EMBEDDING.fullmatch(last_part(parent)) and f"{parent}.bias" not in names
    if last == "weight" and parent and not table:
        return Matrix(label=dotted(parent), tensor=name, shape=shape, named=True)
    siblings = {last_part(other) for other in names if parent_of(other) == parent}
    if last in ("kernel", "w") and parent and siblings <= {"kernel", "bias", "w", "b"}:
        return Matrix(
            label=dotted(parent), tensor=name, shape=(shape[1], shape[0]), turned=True, named=True
        )
    return Matrix(label=dotted(name), tensor=name, shape=shape)


def _beside(name: str, *lasts: str) -> list[str]:
    """Return names that differ in their last part."""
    return [f"{name[: len(name) - len(last_part(name))]}{last}" for last in lasts]


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
