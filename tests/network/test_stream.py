# SPDX-License-Identifier: Apache-2.0
"""Vectors as beats: where each byte lies, and that nothing is lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmu_hw.errors import ConfigError
from lmu_hw.fixed import FixedFormat
from lmu_hw.network import Elements, Last, Signal, Stream, stream_of

WIDTHS = (None, 8, 16, 32, 64, 128, 1024)


def vector(size: int, width: int, *, signed: bool = True) -> Signal:
    fmt = FixedFormat.of_width(width, signed=signed, int_bits=0)
    return Signal(size=size, format=fmt)


@st.composite
def packets(draw):
    stream = Stream(width=draw(st.sampled_from(WIDTHS)), elements=draw(st.sampled_from(Elements)))
    size, width = draw(st.integers(1, 19)), draw(st.integers(1, 63))
    return stream.packet(vector(size, width, signed=width > 1 and draw(st.booleans())))


def random_codes(packet, count: int = 3) -> np.ndarray:
    fmt = packet.vector.format
    shape = (count, packet.vector.size)
    return np.random.default_rng(1).integers(fmt.min_code, fmt.max_code, shape, endpoint=True)


@settings(max_examples=60)
@given(packets())
def test_what_was_encoded_is_decoded(packet):
    codes = random_codes(packet)
    beats = packet.encode(codes)
    assert beats.shape == (3, packet.beats, packet.bytes)
    assert (packet.decode(beats) == codes).all()


@settings(max_examples=60)
@given(packets())
def test_the_bytes_are_those_of_the_integers_one_after_the_other(packet):
    codes = random_codes(packet)
    octets = packet.element_bits // 8
    signed = packet.vector.format.signed
    for row, beats in zip(codes.tolist(), packet.encode(codes), strict=True):
        expected = b"".join(code.to_bytes(octets, "little", signed=signed) for code in row)
        assert beats.tobytes() == expected.ljust(packet.beats * packet.bytes, b"\0")


@settings(max_examples=60)
@given(packets())
def test_exactly_the_bytes_of_elements_are_kept(packet):
    kept = sum(packet.keep(ends=n == packet.beats - 1).bit_count() for n in range(packet.beats))
    assert 8 * kept == packet.vector.size * packet.element_bits
    assert packet.keep(ends=True) & 1
    assert packet.width % packet.element_bits == 0 or packet.element_bits % packet.width == 0


@settings(max_examples=60)
@given(packets().filter(lambda packet: packet.element_bits <= 64))
def test_what_hardware_does_not_read_changes_no_code(packet):
    fmt, beats = packet.vector.format, packet.encode(random_codes(packet))
    noise = np.random.default_rng(2).integers(0, 256, beats.shape, np.uint8)
    read = packet.read_bits()
    noisy = packet.decode(beats & read | noise & ~read)
    mask = (1 << fmt.width) - 1
    assert ((noisy ^ packet.decode(beats)) & mask == 0).all()
    assert np.bitwise_count(read).sum() == fmt.width * packet.vector.size


@pytest.mark.parametrize(
    ("width", "elements", "size", "bits", "beats", "hexadecimal"),
    [
        (None, None, 3, 12, 1, "feff 0100 0008"),  # today's shape: bytes of a whole vector
        (32, "packed", 3, 12, 2, "feff0100 00080000"),
        (8, "packed", 3, 12, 6, "fe ff 01 00 00 08"),
        (32, "single", 3, 12, 3, "feffffff 01000000 00080000"),
        (16, "packed", 3, 20, 6, "feff ffff 0100 0000 0008 0000"),
        (64, "packed", 1, 7, 1, "fe00000000000000"),
    ],
)
def test_examples_by_hand(width, elements, size, bits, beats, hexadecimal):
    given_elements = Elements(elements or "packed")
    packet = Stream(width=width, elements=given_elements).packet(vector(size, bits))
    encoded = packet.encode(np.array([[-2, 1, 2048][:size]]))
    assert packet.beats == beats
    assert encoded.tobytes() == bytes.fromhex(hexadecimal.replace(" ", ""))


def test_no_vectors_are_no_beats():
    packet = Stream(width=8).packet(vector(3, 12))
    beats = packet.encode(np.zeros((0, 3), np.int64))
    assert beats.shape == (0, 6, 1)
    assert packet.decode(beats).shape == (0, 3)


def test_a_wrong_extension_is_a_wrong_code():
    packet = Stream(width=128, elements=Elements.SINGLE).packet(vector(1, 8))
    beats = packet.encode(np.array([[-3]]))
    assert packet.decode(beats).tolist() == [[-3]]
    beats[0, 0, 11] = 0
    assert packet.decode(beats).tolist() == [[-(1 << 63)]]


def test_options_by_name():
    assert stream_of("vector") == Stream()
    packed = Stream(width=32, elements=Elements.PACKED, last=Last.VECTOR)
    assert stream_of() == stream_of(32) == stream_of(32, "packed", "vector") == packed
    assert stream_of(8, "single", Last.SEQUENCE).last is Last.SEQUENCE


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("32 bits",), "`stream_width` must be vector or a number of bits, not '32 bits'"),
        ((24,), "`stream_width` must be a power of two, not 24"),
        ((4,), "`stream_width` must be 8 to 1024, not 4"),
        ((True,), "`stream_width` must be a whole number, 8 to 1024, not True"),
        (("vector", "packed"), "`stream_elements` must come with a `stream_width` in bits"),
        (("vector", None, "vector"), "`stream_last` must come with a `stream_width` in bits"),
        ((8, "dense"), "`stream_elements` must be one of packed, single, not 'dense'"),
        ((8, None, "step"), "`stream_last` must be one of vector, sequence, not 'step'"),
    ],
)
def test_what_is_refused(arguments, message):
    with pytest.raises(ConfigError, match=message.replace("(", r"\(")):
        stream_of(*arguments)
