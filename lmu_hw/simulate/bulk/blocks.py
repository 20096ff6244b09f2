# SPDX-License-Identifier: Apache-2.0
"""What runs in bulk: blocks of sequences, each with its own pauses and resets.

Blocks come in rounds: most steps at full load, then some with each pattern of the bench, resets
where both sides pause, and sequences of a few steps. A block bounds the memory that a run takes.

Several streams share the sequences of a block at random. Where streams do not take turns, the
sequences of a block have two lengths, so that the streams end them at different times.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice

import numpy as np
from numpy.typing import NDArray

from lmu_hw.network import QuantizedNetwork
from lmu_hw.sequences import Sequences
from lmu_hw.simulate.stimuli import Stall

__all__ = ["Drive", "drives", "largest_block"]

Codes = NDArray[np.int64]

_BYTES = 1 << 26  # of the words that are expected of a block
_WIDEST = 256  # sequences side by side, from which on the golden model is fastest
_SHORT = 4  # steps of the longest short sequence
_RESETS = 8
_OF_STREAM = 4  # sequences of each of several streams, at most where they are long
_SHORTER = 3  # times that the other length of a block is

_PATTERNS = (
    (Stall.NONE, 0.8, False),
    (Stall.INPUT, 0.05, False),
    (Stall.OUTPUT, 0.05, False),
    (Stall.INPUT | Stall.OUTPUT, 0.05, False),
    (Stall.INPUT | Stall.OUTPUT, 0.05, True),
)
"""Stall, share of the steps, and whether sequences are short."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Drive:
    """Sequences that run together.

    Attributes
    ----------
    parts : tuple of (sequences, steps, inputs) int64
        Sequences of one length in each.
    streams : (sequences,) int64
        Whose each of them is.
    stall : Stall
    resets : int
    """

    parts: tuple[Codes, ...]
    streams: Codes
    stall: Stall
    resets: int

    @property
    def lengths(self) -> list[int]:
        """The steps of each sequence."""
        return [part.shape[1] for part in self.parts for _ in part]


def largest_block(network: QuantizedNetwork) -> int:
    """Return the most steps of a block."""
    words = sum(node.signal.size for node in network.nodes) + network.output.size
    return max(1, _BYTES // (8 * words))


def drives(
    network: QuantizedNetwork,
    steps: int,
    *,
    longest: int,
    seed: int,
    data: Sequences | None,
    streams: int = 1,
) -> Iterator[Drive]:
    """Yield blocks of about so many steps in all, not less.

    Parameters
    ----------
    network : QuantizedNetwork
    steps : int
    longest : int
        Steps of a sequence of random codes.
    seed : int
    data : Sequences of int64 or None
        The user's sequences, over and over, instead of random codes. Those of more steps than a
        block has are cut, and every part begins from zero states.
    streams : int
        That share the sequences.
    """
    random, most = np.random.default_rng(seed), largest_block(network)
    source = None if data is None else cycle(_parts(data, most))
    length = longest if data is None else min(data.longest, most)
    # The golden model computes many sequences at once; but streams are to take turns for long.
    widest = _WIDEST if streams == 1 else min(_WIDEST, _OF_STREAM * streams)
    while steps > 0:
        round_steps = min(steps, most)
        for stall, share, short in _PATTERNS:
            budget = max(1, min(steps, round(share * round_steps)))
            own = int(random.integers(1, _SHORT, endpoint=True)) if short else length
            if data is None and not short:
                own = min(own, budget, max(_SHORT, budget // widest))
            parts = tuple(
                part
                for count, steps_of_each in _shapes(own, budget, streams, stall)
                for part in (
                    [_noise(network, random, (count, steps_of_each))]
                    if source is None
                    else _alike([part[:steps_of_each] for part in islice(source, count)])
                )
            )
            sequences = sum(map(len, parts))
            order = random.permutation(sequences) if streams > 1 else np.zeros(sequences, np.int64)
            both = Stall.INPUT | Stall.OUTPUT
            yield Drive(
                parts=parts,
                streams=order % streams,
                stall=stall,
                resets=_RESETS if stall == both else 0,
            )
            steps -= sum(part.shape[0] * part.shape[1] for part in parts)
            if steps <= 0:
                return


def _shapes(own: int, budget: int, streams: int, stall: Stall) -> list[tuple[int, int]]:
    """Return sequences and steps of each part of a block: at least one for each stream."""
    if streams == 1 or stall == Stall.NONE or own == 1:
        return [(max(streams, -(-budget // own)), own)]
    shorter = max(1, own // _SHORTER)
    count = -(-max(streams, -(-budget // own)) // 2)
    return [(count, own), (-(-count * own // shorter), shorter)]


def _noise(network: QuantizedNetwork, random: np.random.Generator, shape: tuple[int, int]) -> Codes:
    """Return codes from the whole range of the input's format."""
    fmt = network.input.format
    return random.integers(
        fmt.min_code, fmt.max_code, (*shape, network.inputs), np.int64, endpoint=True
    )


def _alike(sequences: list[Codes]) -> list[Codes]:
    """Return those of one length together, in an array."""
    by_length: dict[int, list[Codes]] = {}
    for codes in sequences:
        by_length.setdefault(len(codes), []).append(codes)
    return [np.stack(alike) for alike in by_length.values()]


def _parts(data: Sequences, most: int) -> list[Codes]:
    """Return sequences in parts of their length, or the most; the last may repeat some steps."""
    parts = []
    for codes in data:
        length = min(len(codes), most)
        starts = [*range(0, len(codes) - length, length), len(codes) - length]
        parts += [codes[start : start + length] for start in starts]
    return parts
