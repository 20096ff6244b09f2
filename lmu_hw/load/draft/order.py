# SPDX-License-Identifier: Apache-2.0
"""In which order layers stand, and what each reads, as far as their widths decide."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, permutations

__all__ = ["DraftLayer", "in_order", "reads_of"]

_MOST_ORDERED = 6  # layers whose order is looked for
_MOST_READS = 4
_NEAR = 8  # layers before one that may read several of them
_NUMBERED = re.compile(r"(?P<list>.*)\.(?P<number>\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftLayer:
    """A layer as the draft writes it: its place in the file, its widths, its lines."""

    label: str
    first: str
    inputs: int | None
    outputs: int | None
    lines: tuple[str, ...]
    states: int = 0
    """Of a memory that only its own hidden cell reads."""
    fed_back: bool = False
    """Its hidden cell drives the memory."""
    follows: bool = False
    """It is a normalisation, which follows a layer."""


def in_order(layers: Sequence[DraftLayer]) -> tuple[list[DraftLayer], bool]:
    """Return layers so that each fits the one before it, and whether no other order does."""
    layers = _with_their_norms(layers)
    if len(layers) > _MOST_ORDERED:
        return layers, len(layers) < 2
    orders = [(_misfits(order), order) for order in permutations(layers)]
    fewest = min(misfits for misfits, _ in orders)
    best = [order for misfits, order in orders if misfits == fewest]
    return list(best[0]), len(layers) < 2 or (len(best) == 1 and not fewest)


def _with_their_norms(layers: Sequence[DraftLayer]) -> list[DraftLayer]:
    """Return layers with each normalisation of a list of them behind the layer of its number."""
    ordered = list(layers)
    for norm in layers:
        match = _NUMBERED.fullmatch(norm.label)
        if not norm.follows or match is None:
            continue
        others = [other for other in ordered if other is not norm]
        if any(o.label.startswith(f"{match['list']}.") and not o.follows for o in others):
            continue  # a sequence of layers, in its order
        number = re.compile(rf"(.*\.)?\w+\.{match['number']}(\..*)?")
        before = [o for o in others if number.fullmatch(o.label) and o.outputs == norm.inputs]
        if before:
            ordered.remove(norm)
            ordered.insert(ordered.index(before[-1]) + 1, norm)
    return ordered


def _misfits(layers: tuple[DraftLayer, ...]) -> int:
    """Count the layers that cannot read the one before them."""
    return sum(
        None not in (before.outputs, after.inputs) and before.outputs != after.inputs
        for before, after in pairwise(layers)
    )


def reads_of(layers: Sequence[tuple[str, DraftLayer]]) -> dict[str, str]:
    """Return, for every layer that cannot read the one before it, what it may read instead.

    Parameters
    ----------
    layers : sequence of (str, DraftLayer)
        With their names, in order.
    """
    if not layers:
        return {}
    widths = [("x", layers[0][1].inputs)]
    reads = {}
    for index, (name, layer) in enumerate(layers):
        before = widths[-1][1]
        if layer.inputs is not None and before not in (None, layer.inputs):
            found = [json.dumps(choice) for choice in _sources(widths, layer.inputs)]
            found = [*found[:_MOST_READS], *_of_memories(layers[:index], layer.inputs)]
            listed = " or ".join(found) or "names of what it reads, such as x[0:2]"
            advice = "as in torch.cat; this line is left out where another order of layers fits"
            reads[name] = f"{listed}, {advice}"
        widths.append((name, layer.outputs))
    return reads


def _of_memories(layers: Sequence[tuple[str, DraftLayer]], inputs: int) -> Iterator[str]:
    """Yield what to do about a layer that reads a memory which its hidden cell alone reads."""
    for name, layer in layers:
        if layer.states and inputs in (layer.states, layer.states + (layer.outputs or 0)):
            if layer.fed_back:
                yield f"m of {name}, which nobody but its cell can read, for h is fed back to it"
            else:
                yield f"m of {name}: make its cell a layer of its own, behind one of cell = none"


def _sources(widths: list[tuple[str, int | None]], inputs: int) -> Iterator[list[str]]:
    """Yield what has as many features as a layer takes: one value, or several behind each other."""
    near = widths[:1] + widths[1:][-_NEAR:]  # of all pairs in a deep network there are too many
    for count in (1, 2, 3):
        for values in combinations(near[::-1], count):
            known = [width for _, width in values]
            if None not in known and sum(width or 0 for width in known) == inputs:
                yield [name for name, _ in reversed(values)]
