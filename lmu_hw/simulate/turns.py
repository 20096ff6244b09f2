# SPDX-License-Identifier: Apache-2.0
"""Which stream each sequence belongs to, and in which order the steps of all of them are offered.

Sequences of one stream follow each other. Those that are driven alike are mixed: at full load,
streams take turns, so that the cycles of a step are known; otherwise any of them comes next.
"""

from __future__ import annotations

from collections.abc import Sequence as Rows
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from lmu_hw.simulate.stimuli import STORM, Sequence, Stall

__all__ = ["Turns", "in_order", "turns_of"]

_RUN = 0.3  # of the steps come from the stream of the step before, where any may


@dataclass(frozen=True, kw_only=True, eq=False)
class Turns:
    """The order of all steps.

    Attributes
    ----------
    streams : (sequences,) int64
        Whose each sequence is.
    sequence, step : (steps,) int64
        Of each step: its sequence, and its number in it.
    """

    streams: NDArray[np.int64]
    sequence: NDArray[np.int64]
    step: NDArray[np.int64]

    @property
    def stream(self) -> NDArray[np.int64]:
        """Of each step: whose it is."""
        return self.streams[self.sequence]


def in_order(sequences: Rows[Sequence]) -> Turns:
    """Return one sequence after the other, all of stream 0."""
    lengths = [len(sequence.codes) for sequence in sequences]
    return Turns(
        streams=np.zeros(len(lengths), np.int64),
        sequence=np.repeat(np.arange(len(lengths)), lengths),
        step=np.concatenate([np.arange(length) for length in lengths]),
    )


def turns_of(sequences: Rows[Sequence], streams: int, seed: int) -> Turns:
    """Return the order of the steps of sequences that so many streams share.

    Each sequence goes to the stream that has the fewest steps of its group so far.
    """
    if streams == 1:
        return in_order(sequences)
    random = np.random.default_rng(seed)
    of_stream = np.zeros(len(sequences), np.int64)
    order: list[int] = []
    groups = groupby(enumerate(sequences), key=lambda at: (at[1].stall, at[1].name == STORM))
    for (stall, _), members in groups:
        queues: list[list[int]] = [[] for _ in range(streams)]
        for number, sequence in members:
            shortest = min(map(len, queues))
            choices = [n for n, queue in enumerate(queues) if len(queue) == shortest]
            of_stream[number] = chosen = int(random.choice(choices))
            queues[chosen] += [number] * len(sequence.codes)
        order += _by_turns(queues) if stall is Stall.NONE else _mixed(queues, random)
    places = np.array(order)
    steps = np.empty(len(places), np.int64)
    for number in range(len(sequences)):
        steps[places == number] = np.arange(len(sequences[number].codes))
    return Turns(streams=of_stream, sequence=places, step=steps)


def _by_turns(queues: list[list[int]]) -> list[int]:
    longest = max(map(len, queues))
    return [queue[place] for place in range(longest) for queue in queues if place < len(queue)]


def _mixed(queues: list[list[int]], random: np.random.Generator) -> list[int]:
    left = {n: queue[::-1] for n, queue in enumerate(queues) if queue}
    order, stream = [], 0
    while left:
        if stream not in left or random.random() >= _RUN:
            stream = int(random.choice(list(left)))
        order.append(left[stream].pop())
        if not left[stream]:
            del left[stream]
    return order
