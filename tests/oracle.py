# SPDX-License-Identifier: Apache-2.0
"""Rounding, overflow and whole networks in exact fractions; imports nothing of lmu_hw.

Written a third time on purpose: golden model and hardware are both compared with it.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import Any

__all__ = ["Oracle", "below", "limits", "narrow", "rounded", "tabulated", "value"]


def limits(*, signed: bool, width: int) -> tuple[int, int]:
    """Return the smallest and the largest code of a format."""
    return (-(2 ** (width - 1)), 2 ** (width - 1) - 1) if signed else (0, 2**width - 1)


def rounded(value: Fraction, mode: str) -> int:
    """Return a value rounded to an integer; `mode` as in `Rounding`'s values."""
    if mode == "floor":
        return floor(value)
    if mode == "toward_zero":
        return floor(value) if value > 0 else ceil(value)
    below = floor(value)
    rest = value - below
    if rest == Fraction(1, 2):
        return below + 1 if mode == "half_up" or below % 2 else below
    return below + 1 if rest > Fraction(1, 2) else below


def narrow(
    value: Fraction, *, signed: bool, width: int, frac_bits: int, rounding: str, overflow: str
) -> tuple[int | None, bool]:
    """Return the code of a real value and whether it overflowed; None where that is forbidden."""
    code = rounded(value * Fraction(2) ** frac_bits, rounding)
    low, high = limits(signed=signed, width=width)
    if low <= code <= high:
        return code, False
    if overflow == "saturate":
        return (low if code < low else high), True
    if overflow == "wrap":
        return (code - low) % 2**width + low, True
    return None, True


def value(code: int, frac_bits: int) -> Fraction:
    """Return the real value of a code."""
    return Fraction(code) / Fraction(2) ** frac_bits


def below(real: Fraction, frac_bits: int) -> Fraction:
    """Return the largest multiple of ``2**-frac_bits`` that is not above a real value."""
    ulp = 1 / Fraction(2) ** frac_bits
    return floor(real / ulp) * ulp


def sweeps(update: Any, x: list[Fraction], u: Fraction) -> list[Fraction]:
    """Return the next states of a semiseparable update before they are narrowed."""
    d, r = len(x), update.coupling.codes.shape[1]
    rows = [update.decay.format.frac_bits + shift for shift in update.shifts]
    D = [value(int(code), rows[k]) for k, code in enumerate(update.decay.codes)]
    U = [[value(int(c), rows[k]) for c in row] for k, row in enumerate(update.coupling.codes)]
    bits = update.carry.format.frac_bits
    W = [[[value(int(c), bits) for c in row] for row in one] for one in update.carry.codes]

    def kept(total: Fraction, requant: Any) -> Fraction:
        fmt = requant.format
        code, _ = narrow(
            total,
            signed=fmt.signed,
            width=fmt.width,
            frac_bits=fmt.frac_bits,
            rounding=requant.rounding.value,
            overflow="forbid",
        )
        if code is None:
            raise ArithmeticError("a sweep overflows")
        return value(code, fmt.frac_bits)

    b = [[Fraction(0)] * r for _ in range(d)]
    for k in range(d - 1, 0, -1):
        for i in range(r):
            total = U[k][i] * x[k] - sum(W[k][j][i] * b[k][j] for j in range(r))
            b[k - 1][i] = kept(total, update.backward)
    f = [[Fraction(0)] * r for _ in range(d)]
    f[0][0] = -u
    for k in range(d - 1):
        for i in range(r):
            total = sum(W[k][i][j] * f[k][j] for j in range(r)) + (x[k] if i == 0 else 0)
            f[k + 1][i] = kept(total, update.forward)
    return [
        x[k] - D[k] * x[k] - sum(U[k][i] * f[k][i] for i in range(r)) + b[k][0] for k in range(d)
    ]


def tabulated(table: Any, code: int) -> int:
    """Return what a table answers to a code, from the integers of its parts."""
    distance = code - table.origin
    address = abs(distance) if table.mirrored else max(distance, 0)
    index, low = divmod(min(address, table.last), 2**table.low_bits)
    total = value(int(table.values.codes[index]), table.values.format.frac_bits)
    between = table.interpolation
    if hasattr(between, "group_bits"):
        offsets = between.codes.codes[index // 2**between.group_bits]
        place = low - len(offsets)
        offset = offsets[place] if place >= 0 else -offsets[-1 - place]
        total += value(int(offset), between.codes.format.frac_bits)
    elif between is not None:
        slope = value(int(between.codes.codes[index]), between.codes.format.frac_bits)
        total += slope * value(low, table.source.frac_bits)
    answer = floor(total * Fraction(2) ** table.format.frac_bits)
    if table.reflection is not None and distance < 0:
        answer = table.reflection - answer
    if table.ramp:
        answer += (
            value(max(code, 0), table.source.frac_bits) * Fraction(2) ** table.format.frac_bits
        )
    low_end, high_end = limits(signed=table.format.signed, width=table.format.width)
    return min(max(int(answer), low_end), high_end)


class Oracle:
    """A quantized network computed step by step, element by element, from its formula.

    Reads the attributes of the network; slow, and as plain as it can be.
    """

    def __init__(self, network: Any) -> None:
        self.network = network
        self.overflows: dict[str, int] = {}
        self.trace: dict[str, list[list[int]]] = {}

    def run(self, x_codes: list[list[int]]) -> list[list[int]]:
        """Return the answers to one sequence of (steps, inputs) codes."""
        vectors = x_codes
        for layer in self.network.layers:
            vectors = self._layer(layer, vectors)
        return vectors

    def _layer(self, layer: Any, vectors: list[list[int]]) -> list[list[int]]:
        past: dict[str, list[int]] = {}
        answers = []
        for t, vector in enumerate(vectors):
            last = t == len(vectors) - 1
            now = {"x": vector}
            for node in layer.nodes:
                if last or not node.last_only:
                    now[node.name] = self._node(layer, node, now, past)
            if last or not layer.last_only:
                answers.append(self._answer(layer, now))
            past = now
        return answers

    def _node(self, layer: Any, node: Any, now: dict, past: dict) -> list[int]:
        if hasattr(node, "update"):
            return self._memory(layer, node, now, past)
        before, after = [], []
        dropped, kept = [], past.get(f"what {node.name} dropped")
        for segment in range(node.segments):
            for row in range(node.rows):
                total = self._total(layer, node, now, past, segment, row)
                if getattr(node, "error_feedback", False):
                    total += kept[len(dropped)] if kept else 0
                    dropped.append(total - below(total, node.requant.format.frac_bits))
                before.append(self._narrowed(node, total))
                after.append(self._activated(node, before[-1]))
        now[f"what {node.name} dropped"] = dropped
        self.trace.setdefault(node.name, []).append(after)
        if node.activation is not None:
            self.trace.setdefault(node.pre_activation, []).append(before)
        return after

    def _memory(self, layer: Any, node: Any, now: dict, past: dict) -> list[int]:
        bits = layer.signals[node.source].format.frac_bits
        states = past.get(node.name, [0] * (node.segments * node.rows))
        after = []
        for segment in range(node.segments):
            codes = states[segment * node.rows : (segment + 1) * node.rows]
            x = [value(code, node.requant.format.frac_bits) for code in codes]
            u = value(now[node.source][segment], bits)
            after += [self._narrowed(node, total) for total in sweeps(node.update, x, u)]
        self.trace.setdefault(node.name, []).append(after)
        return after

    def _total(
        self, layer: Any, node: Any, now: dict, past: dict, segment: int, row: int
    ) -> Fraction:
        if hasattr(node, "products"):
            return self._products(layer, node, now, past, row)
        total = Fraction(0)
        shift = node.row_shifts[row] if node.row_shifts else 0
        if node.bias is not None:
            total += value(int(node.bias.codes[row]), node.bias.format.frac_bits)
        for term in node.terms:
            weights = term.weights.codes[row].tolist()
            source = (past if term.delayed else now).get(term.source)
            source_bits = layer.signals[term.source].format.frac_bits
            for column, weight in enumerate(weights):
                if source is not None:  # nothing comes before the first step
                    code = source[segment * len(weights) + column]
                    coefficient = value(weight, term.weights.format.frac_bits + shift)
                    total += coefficient * value(code, source_bits)
        return total

    def _products(self, layer: Any, node: Any, now: dict, past: dict, row: int) -> Fraction:
        total = Fraction(0)
        for product in node.products:
            multiplied = Fraction(-1 if product.negative else 1)
            for factor in product.factors:
                source = (past if factor.delayed else now).get(factor.source)
                bits = layer.signals[factor.source].format.frac_bits
                multiplied *= value(source[row], bits) if source is not None else 0
            total += multiplied
        return total

    def _narrowed(self, node: Any, total: Fraction) -> int:
        fmt = node.requant.format
        code, outside = narrow(
            total,
            signed=fmt.signed,
            width=fmt.width,
            frac_bits=fmt.frac_bits,
            rounding=node.requant.rounding.value,
            overflow=node.requant.overflow.value,
        )
        self.overflows[node.name] = self.overflows.get(node.name, 0) + outside
        if code is None:
            raise ArithmeticError(f"{node.name} overflows")
        return code

    def _activated(self, node: Any, code: int) -> int:
        if node.activation is None:
            return code
        if not hasattr(node.activation, "codes"):
            return max(code, 0)
        return tabulated(node.activation, code)

    def _answer(self, layer: Any, now: dict) -> list[int]:
        frac_bits = layer.output.format.frac_bits
        answer = []
        for name in layer.outputs:
            fmt = layer.signals[name].format
            answer += [value(code, fmt.frac_bits) * Fraction(2) ** frac_bits for code in now[name]]
        assert all(code.denominator == 1 for code in answer)
        return [int(code) for code in answer]
