# SPDX-License-Identifier: Apache-2.0
"""What must come of many sequences: every word of every layer, in the order of the hardware."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmu_hw.plan import LayerPlan, Plan
from lmu_hw.simulate.scoreboard import OUTPUT, layer_answers

__all__ = ["Order", "StepWords", "expected_codes", "layer_steps", "place_of", "step_words"]

Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Order:
    """The words of a step as they come: node within the layer, and element; int64 arrays."""

    node: Codes
    index: Codes


@dataclass(frozen=True, kw_only=True, eq=False)
class StepWords:
    """The words of a layer in a step that is not the last one of its sequence, and in that."""

    ordinary: Order
    last: Order


def step_words(plan: LayerPlan) -> StepWords:
    """Return the words of the steps of a layer."""
    nodes = list(enumerate(plan.layer.nodes))
    return StepWords(
        ordinary=_order(plan, [number for number, node in nodes if not node.last_only]),
        last=_order(plan, [number for number, _ in nodes]),
    )


def _order(plan: LayerPlan, numbers: list[int]) -> Order:
    written = [plan.written(plan.layer.nodes[number]) for number in numbers]
    node = [np.full(len(order), number) for number, order in zip(numbers, written, strict=True)]
    return Order(*(np.concatenate([np.empty(0, np.int64), *part]) for part in (node, written)))


def layer_steps(plan: Plan, steps: int) -> list[int]:
    """Return the steps of each layer in a sequence: one behind a layer that answers once."""
    counts, count = [], steps
    for layer in plan.layers:
        counts.append(count)
        count = 1 if layer.layer.last_only else count
    return counts


def expected_codes(plan: Plan, trace: dict[str, Codes], steps: int) -> list[Codes]:
    """Return what each layer must store, and the answers: (sequences, words) in order.

    Parameters
    ----------
    plan : Plan
    trace : dict of name to (sequences, steps, width) int64
        Of the golden model.
    steps : int
        Of each sequence.
    """
    counts = layer_steps(plan, steps)
    expected = [
        _layer_codes(layer, trace, count) for layer, count in zip(plan.layers, counts, strict=True)
    ]
    answers = layer_answers(plan.layers[-1].layer, trace, counts[-1])
    return [*expected, np.ascontiguousarray(answers.reshape(len(answers), -1))]


def _layer_codes(plan: LayerPlan, trace: dict[str, Codes], steps: int) -> Codes:
    """Return (sequences, words) codes of a layer: all steps but the last one, then that."""
    nodes, words = plan.layer.nodes, step_words(plan)
    width, before = len(words.ordinary.node), (steps - 1) * len(words.ordinary.node)
    sequences = len(next(iter(trace.values())))
    codes = np.empty((sequences, before + len(words.last.node)), np.int64)
    ordinary, last = codes[:, :before].reshape(sequences, steps - 1, width), codes[:, before:]
    at = at_last = 0
    for node in nodes:
        order, of_node = plan.written(node), trace[node.name]
        last[:, at_last : at_last + len(order)] = of_node[:, -1, order]
        at_last += len(order)
        if not node.last_only:
            ordinary[..., at : at + len(order)] = of_node[:, : steps - 1, order]
            at += len(order)
    return codes


def place_of(plan: Plan, lengths: Sequence[int], place: int, at: int) -> tuple[str, int, int, int]:
    """Return node, sequence of the block, step and element of a word.

    Parameters
    ----------
    plan : Plan
    lengths : sequence of int
        Steps of each sequence.
    place : int
        A layer; as many as there are layers: the answers.
    at : int
        Number of the word among those of that place; as many as there are: behind the last one.
    """
    for sequence, steps in enumerate(lengths):
        words = _words_of(plan, steps, place)
        if at < words:
            return _place_in(plan, steps, place, at, sequence)
        at -= words
    return _place_in(plan, lengths[-1], place, 0, len(lengths))


def _words_of(plan: Plan, steps: int, place: int) -> int:
    """Return the words of a sequence at a place."""
    counts = layer_steps(plan, steps)
    if place == len(plan.layers):
        spec = plan.layers[-1].layer
        return (1 if spec.last_only else counts[-1]) * spec.output.size
    words = step_words(plan.layers[place])
    return (counts[place] - 1) * len(words.ordinary.node) + len(words.last.node)


def _place_in(
    plan: Plan, total: int, place: int, within: int, sequence: int
) -> tuple[str, int, int, int]:
    """Return node, sequence, step and element of a word of a sequence of `total` steps."""
    if place == len(plan.layers):
        spec = plan.layers[-1].layer
        count = 1 if spec.last_only else layer_steps(plan, total)[-1]
        step, element = divmod(within, spec.output.size)
        return OUTPUT, sequence, total - count + step, element
    layer, count = plan.layers[place], layer_steps(plan, total)[place]
    words = step_words(layer)
    width = len(words.ordinary.node)
    before = (count - 1) * width
    if within < before:
        step, word = divmod(within, width)
        order = words.ordinary
    else:
        step, word, order = count - 1, within - before, words.last
    name = layer.layer.nodes[int(order.node[word])].name
    return name, sequence, total - count + step, int(order.index[word])
