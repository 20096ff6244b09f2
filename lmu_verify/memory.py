# SPDX-License-Identifier: Apache-2.0
"""A memory of a design: ``m[t] = A m[t-1] + B u[t] + e[t] + N n[t]``, and how large u and e can be.

A and B are what the integers of the design stand for. e is what narrowing the states drops, at most
`error_ulp` each; n what narrowings inside a structured update drop, in the same units, through N.
Error feedback adds what the floor drops, ``r[t]`` in [0, 1) ulp, to the next total, so that
``e[t] = r[t-1] - r[t]``. Let ``r = 1/2 + q``, with ``q = -1/2`` before the first step. Then all e
add ``-q[t] + sum_k A^k (I - A) q[t-1-k]`` to the states: q is at most half an ulp.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lmu_verify.design import Design, Layer, Node
from lmu_verify.errors import BadFile
from lmu_verify.fields import ERROR_ULP, NEAREST, Format
from lmu_verify.forms import EXACT_BITS, Forms, read_forms
from lmu_verify.integers import Codes
from lmu_verify.sums import System

__all__ = ["Carried", "Memory", "read_memories"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Carried:
    """What an update carries: ``rows m + through u``, off by `own`; values."""

    name: str
    format: Format
    rows: Codes
    through: list[Fraction]
    own: list[Fraction]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Memory:
    """A memory with its layer, its system, and the limits that the design sets.

    `nearest`: all that is narrowed is rounded to nearest, or it has error feedback.
    """

    layer: Layer
    node: Node
    u: Node
    system: System
    error_ulp: Fraction
    u_limit: Fraction
    u_saturates: bool
    carried: list[Carried]
    nearest: bool

    @property
    def name(self) -> str:
        """Of its node."""
        return self.node.name

    @property
    def order(self) -> int:
        """States of one memory."""
        return self.node.rows

    @property
    def format(self) -> Format:
        """Of the states."""
        return self.node.requant.format

    @property
    def open_loop(self) -> bool:
        """Nothing of an earlier step reaches u."""
        return not any(term.delayed and _heard(term.weights, term.source) for term in self.u.terms)


def _heard(weights: Codes, source: str) -> bool:
    """Say whether a delayed source counts: states by their weights, hidden units always."""
    return bool(weights.codes.any()) or not source.endswith(".m")


def read_memories(design: Design) -> list[Memory]:
    """Return every memory of a design; `BadFile` for one that is not of the form above."""
    memories = []
    for layer in design.layers:
        node = layer.node("m")
        stray = [n.name for n in layer.nodes if n.update is not None and n is not node]
        if stray:
            raise BadFile(f"{stray[0]}: a structured memory must be called {layer.name}.m")
        if node is not None:
            memories.append(_memory(design, layer, node))
    return memories


def _memory(design: Design, layer: Layer, node: Node) -> Memory:
    u = layer.node("u")
    if u is None or not u.terms:
        raise BadFile(f"{node.name}: there must be a node {layer.name}.u that it hears")
    if u.size != node.segments:
        raise BadFile(f"{node.name}: its memories must hear one u each")
    limit, saturates = _input_limit(layer, u)
    shared = {"layer": layer, "node": node, "u": u, "u_limit": limit, "u_saturates": saturates}
    error = Fraction(1, 2) if node.error_feedback else ERROR_ULP[node.requant.rounding]
    nearest = node.error_feedback or node.requant.rounding in NEAREST
    if node.update is None:
        a, b = _matrices(node, u)
        system = System(node.name, a, b)
        return Memory(**shared, system=system, error_ulp=error, carried=[], nearest=nearest)
    if node.fields.text("source") != u.name:
        node.fields.refuse("source", u.name)
    forms = read_forms(node, design.tensors, u.format)
    a = Codes(forms.states[:, 1 : 1 + node.rows], EXACT_BITS)
    b = Codes(forms.states[:, 0], EXACT_BITS)
    ulp = node.requant.format.ulp
    system = System(node.name, a, b, _paths(forms, node.rows, error * ulp))
    # What rounding A, B and N changes of a state, with everything that is read at its largest.
    read = node.rows * node.requant.format.magnitude + limit / ulp + sum(forms.errors) / ulp
    error += read / (2 << EXACT_BITS)
    shared |= {"carried": _carried(forms, node.rows), "nearest": nearest and forms.nearest}
    return Memory(**shared, system=system, error_ulp=error)


def _matrices(node: Node, u: Node) -> tuple[Codes, Codes]:
    """Return A and B of a memory that is one sum of products of its states and u."""
    sources = [(term.source, term.delayed) for term in node.terms]
    if set(sources) - {(node.name, True), (u.name, False)} or len(set(sources)) < len(sources):
        raise BadFile(f"{node.name}: must read its own states and {u.name} alone, once each")
    if node.bias is not None or node.activation:
        raise BadFile(f"{node.name}: must have neither bias nor activation")
    nothing = np.zeros((node.rows, node.rows), dtype=object)
    a = node.weights(node.name, delayed=True) or Codes(nothing, 0)
    b = node.weights(u.name, delayed=False) or Codes(nothing[:, :1], 0)
    if a.codes.shape != nothing.shape or b.codes.shape != (node.rows, 1):
        raise BadFile(f"{node.name}: its weights must be square, and a column for u")
    return a, Codes(b.codes[:, 0], b.bits)


def _input_limit(layer: Layer, u: Node) -> tuple[Fraction, bool]:
    """Return what ``|u|`` never exceeds, and whether its sum could leave its format."""
    _, reached = layer.reach(u)
    narrow = u.requant.format
    saturates = reached > narrow.max_code or u.requant.overflow == "wrap"
    if u.table:
        return u.largest * u.format.ulp, saturates
    limit = narrow.magnitude if saturates else reached
    if u.activation:
        limit = min(limit, u.largest)
    return limit * narrow.ulp, saturates


def _paths(forms: Forms, order: int, unit: Fraction) -> Codes:
    """Return N for errors that count like those of the states: their ratios are powers of two."""
    used = [j for j, error in enumerate(forms.errors) if error]
    ratios = [forms.errors[j] / unit for j in used]
    shifts = [r.numerator.bit_length() - r.denominator.bit_length() for r in ratios]
    least = min(shifts, default=0)
    table = forms.states[:, [1 + order + j for j in used]]
    factors = np.array([1 << (shift - least) for shift in shifts], dtype=object)
    bits = EXACT_BITS - least
    if bits < 0:
        raise BadFile("a narrowing inside an update is far coarser than the states")
    return Codes(table * factors if used else table, bits)


def _carried(forms: Forms, order: int) -> list[Carried]:
    scale = max((error.denominator for error in forms.errors), default=1)
    errors = np.array([int(error * scale) for error in forms.errors], dtype=object)
    unit = Fraction(1, 1 << EXACT_BITS)
    lost = sum(forms.errors, Fraction(0)) * unit / 2
    carried = []
    for group in forms.groups:
        inside = np.abs(group.forms[:, 1 + order :])
        own = inside.dot(errors) if len(errors) else [0] * len(inside)
        carried.append(
            Carried(
                name=group.name,
                format=group.format,
                rows=Codes(group.forms[:, 1 : 1 + order], EXACT_BITS),
                through=[abs(int(code)) * unit for code in group.forms[:, 0]],
                own=[unit * int(value) / scale + lost for value in own],
            )
        )
    return carried
