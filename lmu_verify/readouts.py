# SPDX-License-Identifier: Apache-2.0
"""What reads a memory, and how far what is read can be off from the float reference.

Let C and A be weights and memory as rounded, W and F those of the reference. For the same u, what
is read differs by at most ``u_limit sum_k |C A^k B - W F^k G|`` besides rounding, in the first
steps by as much of the sum as they are. Rounding adds ``delta sum_k ||C A^k [I N]||_1``.

If rounding errors are independent, of mean zero and at most half an ulp, what they add up to,
``sum_j a_j e_j``, exceeds ``ulp/2 sqrt(2 log(2/p) sum_j a_j^2)`` with a probability of at most p
(Hoeffding 1963), and ``sum_j a_j^2 = sum_k ||C A^k [I N]||^2 <= C Q C'`` for every Q for which
``Q - A Q A' - (I + N N')`` is positive semidefinite.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from lmu_verify.claims import Judge, Verdict, attempts
from lmu_verify.design import INPUT, Design, Layer
from lmu_verify.errors import NotShown
from lmu_verify.fields import Fields
from lmu_verify.gramian import Gramian, Source, find_gramian
from lmu_verify.integers import Codes, ceil_root, exact_product, identity, total
from lmu_verify.reference import FloatLayer
from lmu_verify.sums import early_sums, power_sums, response_sums

__all__ = ["Readout", "readout_verdicts", "readouts"]

_KEYS = {
    "name", "memory", "delayed", "error", "error_within", "rounding", "likely_rounding",
    "predicted_rounding", "peak",
}  # fmt: skip
_DIGITS = Fraction(1, 10**8)  # of a number, which the nine digits may differ by
_LOGARITHM = Fraction(56649, 1000)
"""An upper bound of ``2 log(2 / 10**-12)``: ``exp(56.649 / 2)`` is above ``2 10**12``."""

_SLACK = 2.0**-12  # of Q, by which its bound exceeds the sum of squares


@dataclass(slots=True, kw_only=True, eq=False)
class Readout:
    """Weights by which a node reads a memory, and what was shown of them.

    `error`, `early` and `rounding` are those that are claimed, once they are shown; `ideal` are
    the peak gains of the float read-out, for each of the memories that share A and B.
    """

    judge: Judge
    name: str
    delayed: bool
    rows: Codes
    ideal_rows: Codes
    error: list[Fraction] = field(default_factory=list)
    early: list[Fraction] = field(default_factory=list)
    rounding: list[Fraction] = field(default_factory=list)
    ideal: list[list[Fraction]] = field(default_factory=list)

    def by_segment(self) -> Iterator[tuple[Codes, Codes]]:
        """Yield what reads each memory."""
        order = self.judge.memory.order
        for start in range(0, self.rows.codes.shape[1], order):
            part = slice(start, start + order)
            rows, ideal = (Codes(w.codes[:, part], w.bits) for w in (self.rows, self.ideal_rows))
            yield rows, ideal


def readouts(design: Design, reference: list[FloatLayer], judge: Judge) -> list[Readout]:
    """Return everything that reads a memory: nodes of its layer, of the next one, or the host."""
    memory = judge.memory
    index, size = design.layers.index(memory.layer), memory.node.size
    found = []

    def add(layer: Layer, floats: FloatLayer, source: str) -> None:
        for node in layer.nodes:
            if node is memory.node or node.update is not None or "products" in node.fields.values:
                continue
            if node.name == f"{layer.name}.m":  # a dense memory behind this one
                continue
            terms = floats.terms(node.name.removeprefix(f"{layer.name}."))
            for delayed in (True, False):
                own, ideal = node.weights(source, delayed=delayed), terms.get((source, delayed))
                if own is None and (ideal is None or not ideal.codes.any()):
                    continue
                nothing = Codes(np.zeros((node.rows, size), dtype=object), 0)
                pair = [nothing if w is None else w for w in (own, ideal)]
                if any(len(w.codes) != node.rows or w.codes.shape[1] < size for w in pair):
                    raise NotShown(f"{node.name}: its weights do not fit what it reads")
                rows, ideal_rows = (Codes(w.codes[:, :size], w.bits) for w in pair)
                found.append(
                    Readout(
                        judge=judge,
                        name=node.name,
                        delayed=delayed,
                        rows=rows,
                        ideal_rows=ideal_rows,
                    )
                )

    add(memory.layer, reference[index], memory.name)
    if memory.name in memory.layer.outputs:
        if memory.layer.outputs[0] != memory.name:
            raise NotShown(f"{memory.layer.name}: must answer with its memory first")
        if index + 1 < len(design.layers):
            add(design.layers[index + 1], reference[index + 1], INPUT)
        else:
            eye = identity(size)
            found.append(
                Readout(judge=judge, name=memory.name, delayed=False, rows=eye, ideal_rows=eye)
            )
    return found


def readout_verdicts(found: list[Readout], entries: list[Fields], steps: int) -> Iterator[Verdict]:
    """Yield the verdicts on all read-outs, in order."""
    for readout, entry in zip(found, entries, strict=True):
        what = f"{readout.name}[t-1]" if readout.delayed else readout.name
        needs = "stability", "ideal stability", "rounding gain"
        yield readout.judge.verdict(
            f"read-out of {what}", lambda r=readout, e=entry: _shown(r, e, steps), *needs
        )


def key_of(entry: Fields) -> tuple[str, str, bool]:
    """Return what an entry is about."""
    return entry.text("name"), entry.text("memory"), entry.flag("delayed")


def _shown(readout: Readout, entry: Fields, steps: int) -> str:
    entry.known(_KEYS)
    count = len(readout.rows.codes)

    def claim(name: str) -> list[Fraction]:
        return [value * (1 + _DIGITS) for value in entry.numbers(name, count)]

    names = [f"element {index}" for index in range(count)]
    error, early, rounding, peak = map(claim, ("error", "error_within", "rounding", "peak"))
    said = attempts([*error, *early], lambda level: _errors(readout, steps, level), names * 2)
    attempts(rounding, lambda level: _rounding(readout, level), names)
    if entry.get("likely_rounding") is not None:
        attempts(claim("likely_rounding"), lambda level: _likely(readout, rounding), names)
    attempts(peak, lambda level: _peak(readout, level), names)
    readout.error, readout.early, readout.rounding = error, early, rounding
    return said


def _errors(readout: Readout, steps: int, level: int) -> list[Fraction]:
    judge, memory = readout.judge, readout.judge.memory
    sums = [Fraction(0)] * (2 * len(readout.rows.codes))
    for rows, ideal_rows in readout.by_segment():
        parts = [(memory.system, rows), (judge.ideal, ideal_rows)]
        always, early = early_sums(parts, judge.progress, level=level, steps=steps)
        sums = _add(sums, [*always, *early])
    return [memory.u_limit * value for value in sums]


def _rounding(readout: Readout, level: int) -> list[Fraction]:
    """Return what narrowing adds: by one matrix at first, then power by power."""
    memory = readout.judge.memory
    sums = [Fraction(0)] * len(readout.rows.codes)
    for rows, _ in readout.by_segment():
        own, left = [Fraction(0)] * len(sums), rows
        if memory.node.error_feedback:
            own, left = rows.row_sums(), _changed(rows, memory.system.a)
        if level:
            gains = power_sums(memory.system, left, readout.judge.progress, level=level - 1)
        else:
            gains = memory.system.gramian.sums(left)
            if not memory.node.error_feedback:  # whose gains are those of residues
                gains = list(map(min, gains, _weighted(rows, readout.judge.claims.rounding_gain)))
        sums = _add(sums, own, gains)
    delta = memory.error_ulp * memory.format.ulp
    return [delta * value for value in sums]


def _weighted(rows: Codes, gains: list[Fraction]) -> list[Fraction]:
    scale = max(gain.denominator for gain in gains)
    whole = np.array([int(gain * scale) for gain in gains], dtype=object)
    return [Fraction(int(v), scale << rows.bits) for v in np.abs(rows.codes).dot(whole)]


def _changed(rows: Codes, a: Codes) -> Codes:
    """Return ``C (I - A)``."""
    image = exact_product(rows, a)
    return total(rows, Codes(-image.codes, image.bits))


def _likely(readout: Readout, worst: list[Fraction]) -> list[Fraction]:
    """Return what rounding exceeds hardly ever; never what it adds in the worst case."""
    memory = readout.judge.memory
    fed = memory.node.error_feedback
    if not memory.nearest:
        raise NotShown("only errors of rounding to nearest can be independent and of mean zero")
    spread = _spread(readout.judge, fed)
    squares = [Fraction(0)] * len(readout.rows.codes)
    for rows, _ in readout.by_segment():
        image = exact_product(rows, spread.q)
        forms = (image.codes * rows.codes).sum(axis=1)
        own = (rows.codes**2).sum(axis=1) if fed else [0] * len(forms)
        squares = [
            done
            + Fraction(int(form), 1 << image.bits + rows.bits)
            + Fraction(int(o), 1 << 2 * rows.bits)
            for done, form, o in zip(squares, forms, own, strict=True)
        ]
    half = memory.format.ulp / 2
    off = (memory.error_ulp - Fraction(1, 2)) * memory.format.ulp  # of arithmetic, not of chance
    exact = [
        value * off / (memory.error_ulp * memory.format.ulp) for value in _rounding(readout, 0)
    ]
    chances = [half * ceil_root(_LOGARITHM * square, 64) for square in squares]
    return list(map(min, _add(chances, exact), worst))


def _spread(judge: Judge, fed: bool) -> Gramian:
    """Return Q, kept with the judge."""
    system = judge.memory.system
    if judge.spread is None:
        paths = system.paths
        z = identity(system.order)
        if fed:
            change = _changed(z, system.a)
            z = exact_product(change, change.T)
        elif paths is not None and paths.codes.size:
            z = total(z, exact_product(paths, paths.T))
        judge.spread = find_gramian(system.name, system.a, Source(z, Fraction(1)), _SLACK, 0.0)
    return judge.spread


def _peak(readout: Readout, level: int) -> list[Fraction]:
    judge = readout.judge
    readout.ideal = [
        response_sums([(judge.ideal, rows)], judge.progress, level=level)
        for _, rows in readout.by_segment()
    ]
    return [judge.memory.u_limit * value for value in _add(*readout.ideal)]


def _add(*parts: list[Fraction]) -> list[Fraction]:
    return [sum(values, Fraction(0)) for values in zip(*parts, strict=True)]
