# SPDX-License-Identifier: Apache-2.0
"""What the testbench sends, and what it expects: beats as hexadecimal words.

A word holds, from its lowest bit on, ``tdata``, ``tkeep``, ``tlast``, ``tuser`` and ``tid``, as far
as the stream has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmu_hw.golden import GoldenModel
from lmu_hw.integration.subject import Subject
from lmu_hw.network import Packet

__all__ = ["Vectors", "lengths", "turns", "vectors_of", "word_bits"]

Codes = NDArray[np.int64]

_CYCLES = 100_000  # about as many take part in a run: seconds on the slowest simulator
_STEPS = 400
_BYTES = 180_000  # of both files


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Vectors:
    """The sequences of the testbench.

    Attributes
    ----------
    sequences : tuple of (steps, inputs) int64
    answers : tuple of (answers, outputs) int64
        Of each sequence.
    sent, expected : tuple of int
        The beats of both streams, as words.
    """

    sequences: tuple[Codes, ...]
    answers: tuple[Codes, ...]
    sent: tuple[int, ...]
    expected: tuple[int, ...]


def vectors_of(subject: Subject) -> Vectors:
    """Return what the testbench sends: pieces of the calibration data, and the ends of the format.

    The pieces are cut out of the middle of sequences, each half as long as the one before: about
    100,000 cycles in all.
    """
    network, plan = subject.network, subject.plan
    golden, data = GoldenModel(network), subject.design.calibration
    pieces = []
    for number, length in enumerate(lengths(_budget(subject), data.longest)):
        row = data[np.array([number % len(data)])].values
        start = max(0, len(row) - length) // 2
        pieces.append(golden.quantize_input(row[None, start : start + length])[0])
    fmt = network.input.format
    ends = np.array([fmt.max_code, fmt.min_code], np.int64)
    sequences = (*pieces, np.repeat(ends[:, None], network.inputs, axis=1))
    answers = tuple(
        golden.run(codes[None])[0].reshape(-1, network.output.size) for codes in sequences
    )
    order = turns([len(codes) for codes in sequences], plan.stream.streams)
    answered = order
    if network.answers_once:
        answered = [(n, 0) for n, step in order if step == len(sequences[n]) - 1]
    return Vectors(
        sequences=sequences,
        answers=answers,
        sent=_words(plan.source, sequences, order, marked_throughout=False),
        expected=_words(plan.answer, answers, answered, marked_throughout=True),
    )


def lengths(steps: int, longest: int) -> list[int]:
    """Return lengths that halve from half of `steps` on, down to 1; none above `longest`."""
    halves = [steps >> n for n in range(1, steps.bit_length())]
    return [min(length, longest) for length in halves]


def word_bits(packet: Packet) -> int:
    """Return the bits of a word: data, and what goes with them."""
    keep = 0 if packet.whole else packet.bytes
    return packet.width + keep + 1 + int(packet.marks) + packet.id_bits


def turns(lengths: Sequence[int], streams: int) -> list[tuple[int, int]]:
    """Return the steps of sequences in the order of streams that take turns, step by step.

    Sequence n belongs to stream n modulo their number; those of one stream follow each other.

    Returns
    -------
    list of (sequence, step)
    """
    queues = [
        [(n, step) for n in range(stream, len(lengths), streams) for step in range(lengths[n])]
        for stream in range(streams)
    ]
    longest = max(map(len, queues))
    return [queue[place] for place in range(longest) for queue in queues if place < len(queue)]


def _budget(subject: Subject) -> int:
    """Return how many time steps the pieces may have: at least a few."""
    plan = subject.plan
    digits = sum(p.beats * (-(-word_bits(p) // 4) + 1) for p in (plan.source, plan.answer))
    return max(4, min(_CYCLES // plan.cycles(last_step=True), _BYTES // digits, _STEPS))


def _words(
    packet: Packet,
    sequences: tuple[Codes, ...],
    order: Sequence[tuple[int, int]],
    *,
    marked_throughout: bool,
) -> tuple[int, ...]:
    """Return the beats of vectors of sequences, in an order of (sequence, step).

    An answer has its mark in all of its beats; at the input, only the beat that ends it counts.
    """
    words, encoded = [], [packet.encode(codes) for codes in sequences]
    for number, step in order:
        last_step = step == len(sequences[number]) - 1
        for place, octets in enumerate(encoded[number][step]):
            ends = place == packet.beats - 1
            word, at = int.from_bytes(octets.tobytes(), "little"), packet.width
            if not packet.whole:
                word |= packet.keep(ends=ends) << at
                at += packet.bytes
            word |= int(ends if packet.marks else ends and last_step) << at
            at += 1
            if packet.marks:
                word |= int(last_step and (ends or marked_throughout)) << at
                at += 1
            words.append(word | (number & (1 << packet.id_bits) - 1) << at)
    return tuple(words)
