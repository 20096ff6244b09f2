# SPDX-License-Identifier: Apache-2.0
"""How far the nodes of a network without feedback can be from those of the float reference.

A sum that reads x by W' instead of W is off by ``(W' - W) x' + W (x' - x)``, besides its bias and
its narrowing; a memory by what its read-outs were shown to be (`readouts`), and by what its u is
off by, through the peak gains of the float memory; a function by its largest slope times what
enters it, and by what its table is off by. All of it while nothing leaves its format where that
loses something. A node that reads what is computed from itself, or from a vector without a bound,
has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from lmu_verify.claims import Verdict, shown
from lmu_verify.design import INPUT, Design, Layer, Node
from lmu_verify.errors import NotShown
from lmu_verify.fields import Fields
from lmu_verify.functions import SLOPES, table_error
from lmu_verify.integers import Codes, total
from lmu_verify.readouts import Readout
from lmu_verify.reference import FloatLayer

__all__ = ["Bounds", "end_to_end", "error_verdicts"]

_BITS = 128  # fraction bits of a bound, which is rounded up
_DIGITS = Fraction(1, 10**8)  # of a number, which the nine digits may differ by
_CAUSES = ("coefficients", "rounding", "input")
_KEYS = {"name", "error_bound", "error_within", "by_cause"}


class Bounds(NamedTuple):
    """Error bounds of a vector by cause, Python integers over ``2**_BITS``.

    `early` is what coefficients do in the first steps of a sequence.
    """

    coefficients: np.ndarray
    early: np.ndarray
    rounding: np.ndarray
    input: np.ndarray

    @classmethod
    def of(cls, size: int, **causes: list[Fraction]) -> Bounds:
        """Return bounds of causes that are named; the others are none."""
        nothing = [Fraction(0)] * size
        coefficients = causes.get("coefficients", nothing)
        parts = coefficients, causes.get("early", coefficients)
        rest = causes.get("rounding", nothing), causes.get("input", nothing)
        return cls(*(_up(values) for values in (*parts, *rest)))

    def plus(self, other: Bounds) -> Bounds:
        """Return the bounds of a sum."""
        return Bounds(*(one + more for one, more in zip(self, other, strict=True)))

    def through(self, weights: Codes) -> Bounds:
        """Return the bounds of ``weights x``."""
        sizes = np.abs(weights.codes)
        return Bounds(*(-(-sizes.dot(part) >> weights.bits) for part in self))

    def scaled(self, slope: Fraction) -> Bounds:
        """Return the bounds of a function of x, of a largest slope."""
        return Bounds(*(-(-part * slope.numerator // slope.denominator) for part in self))

    def values(self) -> dict[str, list[Fraction]]:
        """Return the bounds by cause, of the whole, and of the whole in the first steps."""
        rest = self.rounding + self.input
        whole = {"error_bound": self.coefficients + rest, "error_within": self.early + rest}
        named = {cause: getattr(self, cause) for cause in _CAUSES} | whole
        return {name: [Fraction(int(v), 1 << _BITS) for v in part] for name, part in named.items()}


def _up(values: list[Fraction]) -> np.ndarray:
    codes = [-(-value.numerator * (1 << _BITS) // value.denominator) for value in values]
    return np.array(codes, dtype=object)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """Elements of a vector: their bounds, if they have any, and their largest magnitude.

    States of a memory have its name: of them, only what is read has bounds.
    """

    size: int
    bounds: Bounds | None
    largest: Fraction
    memory: str = ""


def end_to_end(
    design: Design, reference: list[FloatLayer], readouts: list[Readout]
) -> dict[str, Bounds]:
    """Return the bounds of all nodes that have some, by name; ``layer.z`` of what enters h.

    Parameters
    ----------
    design : Design
    reference : list of FloatLayer
    readouts : list of Readout
        Those that were shown.
    """
    return _Walk(readouts).bounds(design, reference)


class _Walk:
    def __init__(self, readouts: list[Readout]) -> None:
        self.readouts = {
            (readout.name, readout.judge.memory.name): readout
            for readout in readouts
            if not readout.delayed
        }
        self.heard: dict[str, Bounds | None] = {}

    def bounds(self, design: Design, reference: list[FloatLayer]) -> dict[str, Bounds]:
        entry = design.input
        exact = entry.format.frac_bits == 0 and design.input_scale != 1
        size = design.layers[0].input_size
        off = [Fraction(0) if exact else entry.error] * size
        largest = entry.format.magnitude * entry.format.ulp
        pieces = [_Piece(size=size, bounds=Bounds.of(size, input=off), largest=largest)]
        found: dict[str, Bounds] = {}
        for layer, floats in zip(design.layers, reference, strict=True):
            vectors = {INPUT: pieces}
            for node in layer.nodes:
                vectors[node.name] = [self._node(node, layer, floats, vectors, found)]
            pieces = [piece for name in layer.outputs for piece in vectors[name]]
        for piece in pieces:
            if piece.memory and (bounds := self._read(piece.memory, piece.memory)) is not None:
                found[piece.memory] = bounds
        return found

    def _node(
        self,
        node: Node,
        layer: Layer,
        floats: FloatLayer,
        vectors: dict[str, list[_Piece]],
        found: dict[str, Bounds],
    ) -> _Piece:
        """Return a node as what others read, and keep its bounds."""
        largest = node.largest * node.format.ulp
        if node.name == f"{layer.name}.m":
            self.heard[node.name] = vectors[f"{layer.name}.u"][0].bounds
            return _Piece(size=node.size, bounds=None, largest=largest, memory=node.name)
        symbol = node.name.removeprefix(f"{layer.name}.")
        plain = symbol in ("u", "h", "y", "p")  # not a gate
        bounds = self._sum(node, floats, symbol, vectors) if plain else None
        if bounds is not None:
            if node.activation:
                found[_entering(layer, symbol)] = bounds
            bounds = _behind(node, floats.function(symbol), bounds)
            if bounds is not None:
                found[node.name] = bounds
        return _Piece(size=node.size, bounds=bounds, largest=largest)

    def _sum(
        self, node: Node, floats: FloatLayer, symbol: str, vectors: dict[str, list[_Piece]]
    ) -> Bounds | None:
        if not node.terms or node.segments != 1:  # products of vectors, or an update
            return None
        drops = node.sum_frac_bits > node.requant.format.frac_bits
        dropped = [node.requant.error if drops else Fraction(0)] * node.rows
        bias = _bias_errors(node, floats.bias(symbol))
        bounds = Bounds.of(node.rows, coefficients=bias, rounding=dropped)
        ideals = floats.terms(symbol)
        sources = dict.fromkeys([*ideals, *((t.source, t.delayed) for t in node.terms)])
        for source, delayed in sources:
            W, own = ideals.get((source, delayed)), node.weights(source, delayed=delayed)
            if not any(w is not None and w.codes.any() for w in (W, own)):
                continue
            if delayed or source not in vectors:
                return None
            start = 0
            for piece in vectors[source]:
                part = slice(start, start := start + piece.size)
                if piece.memory:
                    added = self._read(node.name, piece.memory)
                else:
                    added = _weighed(piece, _columns(W, part), _columns(own, part), node.rows)
                if added is None:
                    return None
                bounds = bounds.plus(added)
        return bounds

    def _read(self, name: str, memory: str) -> Bounds | None:
        """Return the bounds of what a node reads of a memory."""
        readout, heard = self.readouts.get((name, memory)), self.heard[memory]
        if readout is None or heard is None or not readout.error:
            return None
        count = len(readout.rows.codes)
        own = {"coefficients": readout.error, "early": readout.early, "rounding": readout.rounding}
        bounds = Bounds.of(count, **own)
        gains = np.stack([_up(gain) for gain in readout.ideal], axis=1)
        return bounds.plus(heard.through(Codes(gains, _BITS)))


def _entering(layer: Layer, symbol: str) -> str:
    """Return the name of what enters a node's function."""
    return f"{layer.name}.{'z' if symbol in ('h', 'y') else f'{symbol}_pre'}"


def _columns(weights: Codes | None, part: slice) -> Codes | None:
    return None if weights is None else Codes(weights.codes[:, part], weights.bits)


def _weighed(piece: _Piece, W: Codes | None, own: Codes | None, rows: int) -> Bounds | None:
    """Return the bounds of a product of a vector with rounded weights."""
    if piece.bounds is None:
        return None
    nothing = Codes(np.zeros((rows, piece.size), dtype=object), 0)
    W, own = W or nothing, own or nothing
    if W.codes.shape != own.codes.shape:
        raise NotShown("the reference's weights have another shape than the design's")
    off = total(own, Codes(-W.codes, W.bits)).row_sums()
    added = Bounds.of(rows, coefficients=[value * piece.largest for value in off])
    return piece.bounds.through(W).plus(added)


def _bias_errors(node: Node, ideal: Codes | None) -> list[Fraction]:
    nothing = Codes(np.zeros(node.rows, dtype=object), 0)
    ideal = ideal or nothing
    if len(ideal.codes) != node.rows:
        raise NotShown(f"{node.name}: the reference's bias has another length")
    off = total(node.bias or nothing, Codes(-ideal.codes, ideal.bits))
    return [Fraction(abs(int(code)), 1 << off.bits) for code in off.codes]


def _behind(node: Node, function: str, bounds: Bounds) -> Bounds | None:
    """Return the bounds of a node from those of what enters its function."""
    if node.table is None:
        expected = "relu" if node.activation else "linear"
        return bounds if function == expected else None
    if node.table not in SLOPES or node.table != function or node.answers is None:
        return None
    error = table_error(function, node.requant.format, node.answers, node.format)
    off = Bounds.of(node.rows, rounding=[error] * node.rows)
    return bounds.scaled(SLOPES[function]).plus(off)


def error_verdicts(
    entries: list[Fields], design: Design, reference: list[FloatLayer], readouts: list[Readout]
) -> Iterator[Verdict]:
    """Yield the verdicts on the error bounds that a summary claims of nodes."""
    try:
        bounds = end_to_end(design, reference, readouts)
    except NotShown as reason:
        yield Verdict(memory="all nodes", claim="errors", holds=False, detail=str(reason))
        return
    seen: set[str] = set()
    for entry in entries:
        name = entry.text("name")
        try:
            if name in seen:
                raise NotShown("it must have one bound, not several")
            if name not in bounds:
                raise NotShown("it has no bound that holds for all inputs")
            detail, holds = _shown(entry, bounds[name].values()), True
        except NotShown as reason:
            detail, holds = str(reason), False
        seen.add(name)
        yield Verdict(memory=name, claim="error bound", holds=holds, detail=detail)


def _shown(entry: Fields, bounds: dict[str, list[Fraction]]) -> str:
    entry.known(_KEYS)
    count = len(bounds["error_bound"])
    by_cause = entry.object("by_cause")
    by_cause.known(_CAUSES)
    claims = {cause: by_cause.numbers(cause, count) for cause in _CAUSES}
    claims |= {name: entry.numbers(name, count) for name in ("error_bound", "error_within")}
    for name, values in claims.items():
        for index, (claim, bound) in enumerate(zip(values, bounds[name], strict=True)):
            if claim * (1 + _DIGITS) < bound:
                raise NotShown(
                    f"{name} of element {index}: {shown(bound)} can be shown, but {shown(claim)} "
                    "is claimed"
                )
    whole = max(claims["error_bound"])
    return f"at most {shown(whole)} while nothing leaves its format with a loss"
