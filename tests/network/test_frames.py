# SPDX-License-Identifier: Apache-2.0
"""Vectors on a serial line: what is written is read, whatever the bytes are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lmu_hw.network.frames import Frame, FrameReader, Mark, framed, queue_bytes, window

VECTORS = st.lists(st.builds(Frame, st.binary(min_size=1, max_size=8), st.booleans()), max_size=6)


@given(VECTORS)
def test_vectors_are_read_as_they_were_written(vectors):
    line = b"".join(framed(vector.octets, ends=vector.ends) for vector in vectors)
    assert list(FrameReader().read(line)) == vectors


@given(VECTORS)
def test_marks_and_fillers_between_bytes_mean_no_bytes(vectors):
    reader, seen = FrameReader(), []
    for vector in vectors:
        line = bytes([Mark.END, Mark.TAKEN, *framed(vector.octets, ends=vector.ends)])
        for octet in line:  # in pieces of any size
            seen += reader.read([octet])
    assert (seen, reader.taken) == (vectors, len(vectors))


def test_a_vector_by_hand():
    assert framed(bytes([0, 0xC2, 0xBF]), ends=True) == bytes([0, 0xC3, 0xE2, 0xBF, 0xC1])
    assert framed(bytes([7]), ends=False) == bytes([7, 0xC0])


def test_two_vectors_have_room_at_least():
    for vector in (1, 8, 128, 129, 300, 4096):
        assert queue_bytes(vector) >= 2 * vector
        assert window(vector) * vector <= queue_bytes(vector)
    assert (queue_bytes(8), window(8)) == (256, 32)
