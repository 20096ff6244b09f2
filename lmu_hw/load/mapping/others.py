# SPDX-License-Identifier: Apache-2.0
"""Mappings that are easily confused with one: other orders of columns, and of layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise, permutations

from lmu_hw.load.mapping.entries import LayerEntry, LmuEntry, NormEntry
from lmu_hw.load.mapping.schema import StateMapping
from lmu_hw.load.mapping.view import View, flat_shape
from lmu_hw.load.tensors import Tensor

__all__ = ["other_mappings"]

_PARTS = ("E_x", "E_h", "E_m", "W_m", "W_x", "W_h")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Joint:
    """Parts that are cut from one matrix, with their widths in its order."""

    tensor: str
    transposed: bool
    widths: dict[str, int]

    def cuts(self, order: tuple[str, ...]) -> dict[str, str]:
        """Return the parts as they are where signals lie in another order."""
        views, start, total = {}, 0, sum(self.widths.values())
        for part in order:
            stop = start + self.widths[part]
            cut = f"{start}:{'' if stop == total else stop}"
            index = f"[{cut}, :] transposed" if self.transposed else f"[:, {cut}]"
            views[part], start = f"{self.tensor}{index}", stop
        return {part: views[part] for part in _PARTS if part in views}


def other_mappings(
    tensors: Mapping[str, Tensor], mapping: StateMapping
) -> Iterator[tuple[str, StateMapping]]:
    """Yield mappings with one thing changed, and what it is as a sentence says it.

    Parameters
    ----------
    tensors : mapping
        A state dict, of which shapes are read.
    mapping : StateMapping
    """
    joints = [
        (name, joint)
        for name, entry in mapping.layers.items()
        if isinstance(entry, LmuEntry)
        for joint in _joints(entry, tensors)
    ]
    for name, joint in joints:
        for order in permutations(joint.widths):
            if order != tuple(joint.widths):
                views = joint.cuts(order)
                lines = " and ".join(f'{part} = "{view}"' for part, view in views.items())
                yield f"{lines} in layer {name}", _with(mapping, name, views)
    if len(joints) > 1:
        other = mapping
        for name, joint in joints:
            other = _with(other, name, joint.cuts(tuple(reversed(joint.widths))))
        yield "the columns of all common matrices in the opposite order", other
    yield from _other_orders(mapping)


def _joints(entry: LmuEntry, tensors: Mapping[str, Tensor]) -> Iterator[_Joint]:
    """Yield the matrices of which several parts of a layer are cut, all of each."""
    cuts: dict[tuple[str, bool], list[tuple[int, int, str]]] = {}
    for part in _PARTS:
        text = getattr(entry, part)
        rows = View.parse(text).rows if text is not None else ()
        if len(rows) != 1 or len(rows[0]) != 1 or rows[0][0].name not in tensors:
            continue
        (term,) = rows[0]
        if term.item is not None:
            continue
        shape, axis = flat_shape(tensors[term.name].shape), 0 if term.transposed else 1
        if len(shape) == 2 and len(term.index) > axis:
            start, stop, _ = term.index[axis].indices(shape[axis])
            cuts.setdefault((term.name, term.transposed), []).append((start, stop, part))
    for (tensor, transposed), pieces in cuts.items():
        ordered = sorted(pieces)
        length = flat_shape(tensors[tensor].shape)[0 if transposed else 1]
        whole = ordered[0][0] == 0 and ordered[-1][1] == length
        if len(ordered) > 1 and whole and all(a[1] == b[0] for a, b in pairwise(ordered)):
            widths = {part: stop - start for start, stop, part in ordered}
            yield _Joint(tensor=tensor, transposed=transposed, widths=widths)


def _with(mapping: StateMapping, name: str, views: dict[str, str]) -> StateMapping:
    layers: dict[str, LayerEntry] = dict(mapping.layers)
    layers[name] = replace(layers[name], **views)
    return replace(mapping, layers=layers)


def _other_orders(mapping: StateMapping) -> Iterator[tuple[str, StateMapping]]:
    """Yield mappings with two neighbouring layers, or all normalisations, in other places."""
    names = list(mapping.layers)
    for place, (name, other) in enumerate(pairwise(names)):
        order = [*names[:place], other, name, *names[place + 2 :]]
        yield f"the layers {other} and {name} in this order", _ordered(mapping, order)
    norms = [name for name in names[1:] if isinstance(mapping.layers[name], NormEntry)]
    if len(norms) > 1:
        order = list(names)
        for name in norms:
            place = order.index(name)
            order[place - 1 : place + 1] = [name, order[place - 1]]
        text = "every normalisation before the layer that it is behind"
        yield text, _ordered(mapping, order)


def _ordered(mapping: StateMapping, names: list[str]) -> StateMapping:
    return replace(mapping, layers={name: mapping.layers[name] for name in names})
