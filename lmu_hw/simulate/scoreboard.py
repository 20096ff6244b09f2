# SPDX-License-Identifier: Apache-2.0
"""Comparing every word: what the golden model expects against what a simulator wrote."""

from __future__ import annotations

from collections.abc import Sequence as Rows
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hw.golden import GoldenModel
from lmu_hw.measure.simulation import Mismatch
from lmu_hw.network import AnyNode
from lmu_hw.plan import LayerPlan, Plan
from lmu_hw.simulate.stimuli import Sequence

__all__ = [
    "OUTPUT",
    "Expectation",
    "Words",
    "compare_words",
    "expect",
    "layer_answers",
    "unpack_beats",
    "words_in_beats",
]

Codes = NDArray[np.int64]

OUTPUT = "m_axis"
"""The name under which answers on the AXI4-Stream output appear."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Words:
    """Words in the order in which one place in the hardware produces them.

    Attributes
    ----------
    node : (words,) int64
        Index of the node within its layer; 0 at the output.
    index : (words,) int64
        Element within the node.
    code : (words,) int64
    known : (words,) bool
        False where a simulator wrote an unknown bit.
    """

    node: Codes
    index: Codes
    code: Codes
    known: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Expectation:
    """What one place in the hardware must produce.

    Attributes
    ----------
    names : list of str
        Names of the nodes.
    words : Words
    sequence, step : (words,) int64
        Where in the stimuli each word belongs.
    """

    names: list[str]
    words: Words
    sequence: Codes
    step: Codes


def expect(golden: GoldenModel, plan: Plan, sequences: Rows[Sequence]) -> list[Expectation]:
    """Return what each layer must write, and what the output must answer, in order.

    Returns
    -------
    list of Expectation
        One for each layer, then one for the output.
    """
    by_length: dict[int, list[int]] = {}
    for number, sequence in enumerate(sequences):
        by_length.setdefault(len(sequence.codes), []).append(number)
    parts: dict[int, list[_Part]] = {}
    for numbers in by_length.values():
        trace = golden.trace(np.stack([sequences[number].codes for number in numbers])).codes
        for place, number in enumerate(numbers):
            parts[number] = _sequence_parts(plan, {k: v[place] for k, v in trace.items()}, number)
    places = len(plan.layers) + 1
    ordered = [
        [parts[number][place] for number in range(len(sequences))] for place in range(places)
    ]
    names = [[node.name for node in layer.layer.nodes] for layer in plan.layers] + [[OUTPUT]]
    return [_joined(names[place], ordered[place]) for place in range(places)]


@dataclass(frozen=True, slots=True)
class _Part:
    """Words of one sequence at one place."""

    node: Codes
    index: Codes
    code: Codes
    step: Codes
    sequence: int


def _sequence_parts(plan: Plan, trace: dict[str, Codes], number: int) -> list[_Part]:
    """Return the words of one sequence for every layer and the output."""
    parts = []
    answers: Codes = trace["x"]
    total = len(answers)
    for layer in plan.layers:
        spec = layer.layer
        steps = len(answers)
        before = total - steps  # a layer behind one that answers once begins at the last step
        blocks = [
            (position, layer.written(node), _at_steps(trace[node.name], steps))
            for position, node in enumerate(spec.nodes)
        ]
        ordinary = [block for block in blocks if not spec.nodes[block[0]].last_only]
        pieces = [
            _rows(ordinary, slice(0, steps - 1), 0),
            _rows(blocks, slice(steps - 1, steps), steps - 1),
        ]
        node, index, code, step = (np.concatenate(column) for column in zip(*pieces, strict=True))
        parts.append(_Part(node, index, code, before + step, number))
        answers = layer_answers(spec, trace, steps)
    width = answers.shape[1]
    steps = len(answers)
    parts.append(
        _Part(
            np.zeros(answers.size, np.int64),
            np.tile(np.arange(width), steps),
            answers.ravel(),
            np.repeat(total - steps + np.arange(steps), width),
            number,
        )
    )
    return parts


def _at_steps(codes: Codes, steps: int) -> Codes:
    """Return (..., steps, width) codes of a node that may be computed at the last step only."""
    if codes.shape[-2] == steps:
        return codes
    return np.broadcast_to(codes[..., -1:, :], (*codes.shape[:-2], steps, codes.shape[-1]))


def _rows(blocks: list[tuple[int, Codes, Codes]], steps: slice, first: int) -> tuple[Codes, ...]:
    """Return node, index, code and step of all words of some steps, step by step."""
    codes = np.concatenate([codes[steps][:, order] for _, order, codes in blocks], axis=1)
    count = len(codes)
    node = np.concatenate([np.full(len(order), p) for p, order, _ in blocks])
    index = np.concatenate([order for _, order, _ in blocks])
    return (
        np.tile(node, count),
        np.tile(index, count),
        codes.ravel(),
        np.repeat(first + np.arange(count), len(node)),
    )


def layer_answers(spec: Any, trace: dict[str, Codes], steps: int) -> Codes:
    """Return the (..., answers, width) output codes of a layer from (..., steps, width) codes."""
    fmt, signals = spec.output.format, spec.signals
    parts = [
        _at_steps(trace[name], steps) << (fmt.frac_bits - signals[name].format.frac_bits)
        for name in spec.outputs
    ]
    codes = np.concatenate(parts, axis=-1)
    return codes[..., -1:, :] if spec.last_only else codes


def _joined(names: list[str], parts: list[_Part]) -> Expectation:
    code = np.concatenate([part.code for part in parts])
    return Expectation(
        names=names,
        words=Words(
            node=np.concatenate([part.node for part in parts]),
            index=np.concatenate([part.index for part in parts]),
            code=code,
            known=np.ones(len(code), np.bool_),
        ),
        sequence=np.concatenate([np.full(len(part.code), part.sequence) for part in parts]),
        step=np.concatenate([part.step for part in parts]),
    )


def compare_words(expected: Expectation, actual: Words) -> tuple[int, int, Mismatch | None]:
    """Compare the words of one place.

    Returns
    -------
    compared : int
        Words that both sides have.
    mismatches : int
        Those that differ in node, element or code, plus those that one side lacks.
    first : Mismatch or None
    """
    wanted = expected.words
    common = min(len(wanted.code), len(actual.code))
    differs = ~actual.known[:common]
    for field in ("node", "index", "code"):
        differs |= getattr(wanted, field)[:common] != getattr(actual, field)[:common]
    count = int(differs.sum()) + abs(len(wanted.code) - len(actual.code))
    if not count:
        return common, 0, None
    at = int(np.argmax(differs)) if differs.any() else common
    if at == len(wanted.code):
        node, index = int(actual.node[at]), int(actual.index[at])
        first = Mismatch(
            node=expected.names[min(node, len(expected.names) - 1)],
            sequence=int(expected.sequence[-1]) if at else 0,  # 0: nothing at all was expected
            step=int(expected.step[-1]) + 1 if at else 0,
            index=index,
            expected=None,
            got=int(actual.code[at]),
        )
    else:
        missing = at >= len(actual.code) or not actual.known[at]
        first = Mismatch(
            node=expected.names[int(wanted.node[at])],
            sequence=int(expected.sequence[at]),
            step=int(expected.step[at]),
            index=int(wanted.index[at]),
            expected=int(wanted.code[at]),
            got=None if missing else int(actual.code[at]),
        )
    return common, count, first


def words_in_beats(plan: LayerPlan, beats: Codes, unknown: NDArray[np.bool_]) -> Codes:
    """Return how many words `unpack_beats` finds in each beat."""
    mask = beats[:, 3:4] >> np.arange(plan.beat) & 1
    return (mask.astype(np.bool_) | unknown[:, 3:4]).sum(axis=1)


def unpack_beats(plan: LayerPlan, beats: Codes, unknown: NDArray[np.bool_]) -> Words:
    """Return the words in the beats that a layer wrote.

    Parameters
    ----------
    plan : LayerPlan
    beats : (beats, 4 + elements) int64
        Node, segment, beat, mask, and the raw bits of each element.
    unknown : bool array of the same shape
        Fields in which a simulator wrote an unknown bit.
    """
    nodes = plan.layer.nodes
    node, segment, beat, mask = beats[:, :4].T
    node = np.minimum(node, len(nodes) - 1)
    rows = np.array([entry.rows for entry in nodes])[node]
    lanes = np.arange(plan.beat)
    # A word whose mask is unknown counts as written, so that it shows.
    written = (mask[:, None] >> lanes & 1).astype(np.bool_) | unknown[:, 3:4]
    index = (segment * rows + beat * plan.beat)[:, None] + lanes
    known = ~(unknown[:, :4].any(axis=1, keepdims=True) | unknown[:, 4:])
    flat_node = np.broadcast_to(node[:, None], written.shape)[written]
    return Words(
        node=flat_node,
        index=index[written],
        code=_element_codes(beats[:, 4:][written], flat_node, nodes),
        known=known[written],
    )


def _element_codes(raw: Codes, node: Codes, nodes: tuple[AnyNode, ...]) -> Codes:
    """Return codes from raw bits: each element masked to its node's width, with its sign."""
    widths = np.array([entry.signal.format.width for entry in nodes])[node]
    signed = np.array([entry.signal.format.signed for entry in nodes])[node]
    low = raw & ((1 << widths) - 1)
    negative = signed & (low >> (widths - 1) & 1).astype(np.bool_)
    return low - (negative.astype(np.int64) << widths)
