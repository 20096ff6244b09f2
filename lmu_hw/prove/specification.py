# SPDX-License-Identifier: Apache-2.0
"""What a quantized network computes, on integers or on forms.

This is the definition that emitted Verilog is proved against. It is written from the formulas in
`lmu_hw.network` alone, and shares no code with the golden model or the hardware; that it agrees
with the golden model on integers is a test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import FixedFormat
from lmu_hw.network import (
    INPUT,
    AnyNode,
    ElementwiseNode,
    MemoryNode,
    Node,
    Offsets,
    QuantizedLayer,
    QuantizedNetwork,
    Rectifier,
    Slopes,
    Table,
)
from lmu_hw.prove.algebra.atoms import Unknown
from lmu_hw.prove.algebra.cases import unsigned_by_cases
from lmu_hw.prove.algebra.choices import clamp
from lmu_hw.prove.algebra.forms import Form, Value, is_symbol, multiply, range_of, weighted_sum
from lmu_hw.prove.algebra.functions import applied, leaf_of
from lmu_hw.prove.memories import first_pass, states
from lmu_hw.prove.narrowing import Codes, Ends, Naming, ends_of, narrow

__all__ = [
    "Past",
    "answers_of",
    "lasting_of",
    "network_step",
    "step",
    "table_codes",
]

_FEW_TOTALS = 1 << 17
"""Values of a total up to which functions of it are tabulated."""

Past = Mapping[str, Codes]
"""What a layer keeps from a step to the next: its nodes by name, and what feedback dropped."""


def step(
    layer: QuantizedLayer, past: Past | None, x: Codes, *, last: bool, naming: Naming
) -> dict[str, Codes]:
    """Return every vector that a layer computes in a time step.

    Parameters
    ----------
    layer : QuantizedLayer
    past : dict of name to codes, or None
        Of the step before; None: it is the first one of its sequence.
    x : list of codes
    last : bool
        It is the last one of its sequence.
    naming : Naming
    """
    now: dict[str, Codes] = {INPUT: x}
    for node in layer.nodes:
        if last or not node.last_only:
            _compute(layer, node, past, now, naming)
    return now


def lasting_of(layer: QuantizedLayer) -> frozenset[str]:
    """Return what a layer reads of the step before: vectors, and what feedback dropped."""
    residues = {residue_of(node) for node in layer.sums if node.error_feedback}
    passes = {_first_pass(node, n) for node in layer.structured for n in range(node.segments)}
    return layer.states | {node.name for node in layer.structured} | passes | residues


def answers_of(layer: QuantizedLayer, now: Mapping[str, Codes]) -> Codes:
    """Return the output vector of a layer, in its format."""
    bits = layer.output.format.frac_bits
    return [
        code << bits - layer.signals[name].format.frac_bits
        for name in layer.outputs
        for code in now[name]
    ]


def _compute(
    layer: QuantizedLayer,
    node: AnyNode,
    past: Past | None,
    now: dict[str, Codes],
    naming: Naming,
) -> None:
    match node:
        case Node():
            now[node.name] = _sums(layer, node, past, now, naming)
        case ElementwiseNode():
            now[node.name] = _products(layer, node, past, now, naming)
        case MemoryNode():
            _memories(layer, node, past, now, naming)
        case _:
            assert_never(node)


def _memories(
    layer: QuantizedLayer,
    node: MemoryNode,
    past: Past | None,
    now: dict[str, Codes],
    naming: Naming,
) -> None:
    """Compute the states of a node's memories, and what the next step begins with."""
    source = layer.signals[node.source].format
    now[node.name] = []
    for segment, u in enumerate(now[node.source]):
        rows = slice(segment * node.rows, (segment + 1) * node.rows)
        passed = _first_pass(node, segment)
        x: Codes = [0] * node.rows if past is None else past[node.name][rows]
        begun: Codes = [0] if past is None else past[passed]
        new = states(node, source, x, begun, u, segment, naming)
        now[node.name] += new
        now[passed] = first_pass(node, new, segment, naming)


def _first_pass(node: MemoryNode, segment: int) -> str:
    """Return the name of what the first pass over new states gives."""
    return f"{node.name} first pass {segment}"


def _read(name: str, delayed: bool, size: int, past: Past | None, now: Past) -> Codes:
    if not delayed:
        return now[name]
    return [0] * size if past is None else past[name]


def residue_of(node: Node) -> str:
    """Return the name of what a node's narrowing dropped."""
    return f"{node.name} residue"


def _sums(
    layer: QuantizedLayer, node: Node, past: Past | None, now: dict[str, Codes], naming: Naming
) -> Codes:
    vectors = [
        _read(term.source, term.delayed, layer.signals[term.source].size, past, now)
        for term in node.terms
    ]
    shifts, ends = node.row_shifts or (0,) * node.rows, _ends(layer, node)
    codes: Codes = []
    for element in range(node.segments * node.rows):
        segment, row = divmod(element, node.rows)
        pairs: list[tuple[int, Value]] = []
        for term, vector in zip(node.terms, vectors, strict=True):
            columns = term.weights.codes.shape[1]
            up = layer.term_shift(node, term)
            weights = term.weights.codes[row].tolist()
            part = vector[segment * columns : (segment + 1) * columns]
            pairs += [(weight << up, code) for weight, code in zip(weights, part, strict=True)]
        bias = 0 if node.bias is None else int(node.bias.codes[row])
        what = f"{node.name}[{element}]"
        total = (weighted_sum(pairs) << max(shifts) - shifts[row]) + bias
        if node.error_feedback and past is not None:
            total = total + past[residue_of(node)][element]
        pre = _summed(node, total, what, naming, ends)
        if node.error_feedback:  # after the code, of which it may be a part
            fmt = FixedFormat(signed=False, int_bits=node.dropped_bits, frac_bits=0)
            rest = unsigned_by_cases(total, node.dropped_bits)
            kept = now.setdefault(residue_of(node), [])
            kept.append(naming(f"{what} residue", rest, fmt, proved=True))
        codes.append(_activated(node, pre, what, naming, ends))
    return codes


def _named_total(total: Value, what: str, naming: Naming) -> Value:
    """Return a symbol for a total, that what follows is of one symbol, wherever it occurs.

    Of a small one it is a function; a total of one small symbol is one already.
    """
    if isinstance(total, int) or is_symbol(total) or leaf_of([total]) is not None:
        return total
    low, high = range_of(total)
    tabulated = high - low < _FEW_TOTALS
    return naming(f"{what} total", total, None, proved=True, tabulated=tabulated)


def _products(
    layer: QuantizedLayer,
    node: ElementwiseNode,
    past: Past | None,
    now: dict[str, Codes],
    naming: Naming,
) -> Codes:
    codes, ends = Codes(), _ends(layer, node)
    for row in range(node.rows):
        pairs: list[tuple[int, Value]] = []
        for product in node.products:
            value: Value = 1
            for factor in product.factors:
                vector = _read(factor.source, factor.delayed, node.rows, past, now)
                value = multiply(value, vector[row])
            sign = -1 if product.negative else 1
            pairs.append((sign << layer.product_shift(node, product), value))
        what = f"{node.name}[{row}]"
        total = weighted_sum(pairs)
        pre = _summed(node, total, what, naming, ends)
        codes.append(_activated(node, pre, what, naming, ends))
    return codes


def _ends(layer: QuantizedLayer, node: Node | ElementwiseNode) -> Ends:
    """Return the ends of a node's narrowed sums, whatever the codes are that they are made of."""
    _, bound = layer.sum_bounds(node)
    return ends_of(bound, node.sum_frac_bits, node.requant)


def _summed(
    node: Node | ElementwiseNode, total: Value, what: str, naming: Naming, ends: Ends
) -> Value:
    if node.sum_frac_bits > node.requant.format.frac_bits:
        total = _named_total(total, what, naming)
    tabulated = isinstance(node.activation, Table)
    what = what if node.activation is None else f"{what} sum"
    bits = node.sum_frac_bits
    return narrow(total, bits, node.requant, what, naming, tabulated=tabulated, ends=ends)


def _activated(
    node: Node | ElementwiseNode, pre: Value, what: str, naming: Naming, ends: Ends
) -> Value:
    match node.activation:
        case None:
            return pre
        case Rectifier(format=fmt):
            leaf = leaf_of([pre])
            if leaf is not None:
                value = applied(lambda array: np.maximum(array, 0), [pre], leaf, "rectified")
            else:
                value = clamp(pre, 0, node.requant.format.max_code)
            return naming(what, value, fmt, proved=True, ends=(0, ends[1]))
        case Table() as table:
            codes = table_codes(table)
            if isinstance(pre, Form):
                leaf = leaf_of([pre])
                if leaf is None:
                    raise Unknown
                least = table.source.min_code
                value = applied(lambda array: codes[array - least], [pre], leaf, table)
            else:
                value = int(codes[pre - table.source.min_code])
            return naming(what, value, table.format, proved=True)
    assert_never(node.activation)


@lru_cache(maxsize=16)
def table_codes(table: Table) -> NDArray[np.int64]:
    """Return what a table answers, from the least code on; see the formula of `Table`."""
    code = np.arange(table.source.min_code, table.source.max_code + 1)
    distance = code - table.origin
    below = distance < 0
    address = np.where(below, -distance if table.mirrored else 0, distance)
    address = np.minimum(address, table.last)
    place, rest = address >> table.low_bits, address % (1 << table.low_bits)
    total = table.values.codes[place] * (1 << table.value_shift)
    match table.interpolation:
        case None:
            pass
        case Slopes(codes=slopes):
            total = total + slopes.codes[place] * rest
        case Offsets(codes=offsets, group_bits=group_bits):
            half = offsets.codes.shape[1]
            group = place >> group_bits
            after = offsets.codes[group, np.maximum(rest - half, 0)]
            before = offsets.codes[group, np.maximum(half - 1 - rest, 0)]
            total = total + np.where(rest >= half, after, -before)
        case _:
            assert_never(table.interpolation)
    answer = total >> table.guard_bits
    if table.reflection is not None:
        answer = np.where(below, table.reflection - answer, answer)
    if table.ramp:
        answer = answer + np.maximum(code, 0) * (1 << table.ramp_shift)
    return answer.clip(table.format.min_code, table.format.max_code)


def network_step(
    network: QuantizedNetwork,
    past: Sequence[Past | None],
    x: Codes,
    *,
    last: bool,
    naming: Callable[[int], Naming],
) -> tuple[list[dict[str, Codes] | None], Codes | None]:
    """Return what every layer computes when an input vector arrives, and the answer.

    None for layers that nothing reaches, because one before them answers at the last step only.
    """
    steps: list[dict[str, Codes] | None] = []
    vector: Codes | None = x
    for number, layer in enumerate(network.layers):
        if vector is None:
            steps.append(None)
            continue
        now = step(layer, past[number], vector, last=last, naming=naming(number))
        steps.append(now)
        vector = answers_of(layer, now) if last or not layer.last_only else None
    return steps, vector
