# SPDX-License-Identifier: Apache-2.0
"""The loop ``A + B E_m`` of a memory that feeds back into its input: rounding keeps it stable.

u saturates, so even an unstable loop stays bounded; but it would no longer be the trained one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import ConfigError
from lmu_hw.fixed.ops import dequantize
from lmu_hw.lmu import LmuLayer
from lmu_hw.lmu.activations import LINEAR
from lmu_hw.network import AnyNode, Codes, Node
from lmu_hw.network.float_nodes import FloatNode
from lmu_hw.proofs import StabilityError, spectral_radius, values
from lmu_hw.proofs.loop import loop_is_stable, loop_radius
from lmu_hw.realize.weights import best_row_shifts, weight_codes, weight_format

__all__ = ["stable_loop"]

Array = NDArray[np.float64]

_WIDEST = 32
_SHRUNK = 1.0 - 2.0**-10 * np.arange(1, 65)


def stable_loop(
    layer: LmuLayer, floats: tuple[FloatNode, FloatNode], u: Node, m: AnyNode, *, repair: bool
) -> Node:
    """Return u, checked to close a stable loop where the float network closes a linear one.

    Parameters
    ----------
    layer : LmuLayer
    floats : (FloatNode, FloatNode)
        u and m in float.
    u, m : Node, Node or MemoryNode
        The same as rounded.
    repair : bool
        Where the loop is not stable, shrink ``E_m`` as little as makes it so.

    Raises
    ------
    StabilityError
        If rounding makes the loop unstable; names the smallest width of all its weights that
        does not.
    """
    E_m = values(u, m.name, delayed=True)
    if layer.E_m is None or E_m is None or layer.encoder != LINEAR:
        return u
    A, B = values(m, m.name, delayed=True), values(m, u.name, delayed=False)
    ideal = layer.memory.A, layer.memory.B, layer.E_m
    if A is None or B is None or not loop_is_stable(*ideal) or loop_is_stable(A, B[:, 0], E_m):
        return u
    radius = loop_radius(A, B[:, 0], E_m)
    repaired = None
    for shrunk in _SHRUNK:
        candidate = _shrunk(u, m.name, float(shrunk))
        E_m = values(candidate, m.name, delayed=True)
        if E_m is not None and loop_is_stable(A, B[:, 0], E_m):
            repaired = candidate
            break
    if repair and repaired is not None:
        return repaired
    helps = "" if repaired is None else " (or `repair`)"
    wider = _stable_width(layer, floats)
    instead = f"with weights of {wider} bits it is stable" if wider else "no width is stable"
    raise StabilityError(
        f"{u.name}: rounding makes the loop A + B E_m unstable: its spectral radius must be below "
        f"1, not {radius:.6f} (in float: {loop_radius(*ideal):.6f}); {instead}"
        f"{', and repair fails' if repair else helps}"
    )


def _shrunk(u: Node, source: str, factor: float) -> Node:
    """Return u with the weights of a source times a factor, rounded towards zero."""
    terms = []
    for term in u.terms:
        if term.source == source and term.delayed:
            codes = np.trunc(term.weights.codes * factor).astype(np.int64)
            term = replace(term, weights=Codes(codes=codes, format=term.weights.format))
        terms.append(term)
    return replace(u, terms=tuple(terms))


def _stable_width(layer: LmuLayer, floats: tuple[FloatNode, FloatNode]) -> int | None:
    """Return the smallest width of all weights of u and m at which the loop is stable."""
    encoder, memory = floats
    state, encoded = f"{memory.name}[t-1]", encoder.name
    for bits in range(2, _WIDEST + 1):
        try:
            u, m = (_rounded(node, bits) for node in floats)
        except ConfigError:  # all weights would round to zero
            continue
        if spectral_radius(m[state]) >= 1.0:
            continue
        if loop_is_stable(m[state], m[encoded][:, 0], u[state]):
            return bits
    return None


def _rounded(node: FloatNode, bits: int) -> dict[str, Array]:
    """Return the weights of a node as `bits` bits would hold them, by label."""
    weights = {term.label: weight_format(term.matrix, bits, where=node.name) for term in node.terms}
    shifts, _ = best_row_shifts(node, weights)
    return {
        term.label: dequantize(
            weight_codes(term.matrix, weights[term.label], shifts, node.name).codes,
            weights[term.label],
        )
        * 2.0 ** -shifts[:, None]
        for term in node.terms
    }
