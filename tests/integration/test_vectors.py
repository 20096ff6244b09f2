# SPDX-License-Identifier: Apache-2.0
"""What the testbench sends: pieces of the data, within limits, and the ends of the format."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.golden import GoldenModel
from lmu_hw.integration.vectors import lengths, vectors_of, word_bits
from tests.integration.designs import subject


@pytest.mark.parametrize(
    ("steps", "longest", "expected"),
    [(20, 100, [10, 5, 2, 1]), (20, 6, [6, 5, 2, 1]), (2, 9, [1]), (4, 1, [1, 1])],
)
def test_pieces_halve_down_to_one_step(steps, longest, expected):
    assert lengths(steps, longest) == expected


def test_the_last_sequence_has_both_ends_of_the_format():
    made = subject()
    fmt = made.network.input.format
    codes = vectors_of(made).sequences[-1]
    assert np.array_equal(codes, [[fmt.max_code] * 2, [fmt.min_code] * 2])


@pytest.mark.parametrize("width", ["vector", 8, 32])
def test_beats_hold_the_codes_and_the_answers_of_the_golden_model(width):
    made = subject(width=width)
    vectors, golden = vectors_of(made), GoldenModel(made.network)
    for packet, words, codes in (
        (made.plan.source, vectors.sent, vectors.sequences),
        (made.plan.answer, vectors.expected, vectors.answers),
    ):
        octets = [
            (word & (1 << packet.width) - 1).to_bytes(packet.bytes, "little") for word in words
        ]
        beats = np.frombuffer(b"".join(octets), np.uint8).reshape(-1, packet.beats, packet.bytes)
        assert np.array_equal(packet.decode(beats), np.concatenate(codes))
        assert max(words).bit_length() <= word_bits(packet)
    for codes, answers in zip(vectors.sequences, vectors.answers, strict=True):
        assert np.array_equal(golden.run(codes[None])[0][0], answers)


def test_sequences_end_where_they_are_marked():
    made = subject(width=32)
    vectors, packet = vectors_of(made), made.plan.source
    marks = [word >> word_bits(packet) - 1 for word in vectors.sent]
    ends = np.cumsum([len(codes) * packet.beats for codes in vectors.sequences]) - 1
    assert np.flatnonzero(marks).tolist() == ends.tolist()
