# SPDX-License-Identifier: Apache-2.0
"""Packets as the driver offers them: malformed ones are there, and mean the same vectors."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.fixed import FixedFormat
from lmu_hw.network import Elements, Last, Packet, Signal, Stream
from lmu_hw.simulate.packets import offers_of

COUNT = 400


def offers(packet: Packet, codes: np.ndarray, *, own: bool = True) -> list[list[str]]:
    lasts = np.arange(COUNT) % 3 == 2
    flags = {"apart": np.full(COUNT, True), "own": np.full(COUNT, own)}
    return [line.split() for line in offers_of(packet, codes, lasts, **flags, seed=1)]


def sparse(packet: Packet) -> np.ndarray:
    random, fmt = np.random.default_rng(0), packet.vector.format
    codes = random.integers(fmt.min_code, fmt.max_code, (COUNT, packet.vector.size))
    return codes * random.integers(2, size=codes.shape)


def meant(packet: Packet, count: int, keep: int, data: int) -> list[int]:
    """Return the codes that a packet stands for, as docs/hardware.md has it."""
    octets = [
        data >> 8 * n & 255 if keep >> n & 1 and n < count * packet.bytes else 0
        for n in range(packet.beats * packet.bytes)
    ]
    beats = np.array(octets, np.uint8).reshape(1, packet.beats, packet.bytes)
    return packet.decode(beats & packet.read_bits())[0].tolist()


def unsigned(size: int, width: int) -> Signal:
    return Signal(size=size, format=FixedFormat.of_width(width, signed=False, int_bits=0))


@pytest.mark.parametrize("width", [8, 32])
@pytest.mark.parametrize("elements", Elements)
def test_malformed_packets_stand_for_the_same_codes(width, elements):
    packet = Stream(width=width, elements=elements, last=Last.VECTOR).packet(unsigned(3, 12))
    codes = sparse(packet)
    lines = offers(packet, codes)
    counts = [int(line[2]) for line in lines]
    assert {min(counts), max(counts)} == {1, packet.beats + 2}
    kept = {line[3] for line, count in zip(lines, counts, strict=True) if count == packet.beats}
    assert len(kept) > 10
    for row, (_, _, count, keep, data) in zip(codes.tolist(), lines, strict=True):
        assert meant(packet, int(count), int(keep, 16), int(data, 16)) == row


def test_where_tlast_ends_sequences_only_their_last_vectors_are_cut():
    packet = Stream(width=8, last=Last.SEQUENCE).packet(unsigned(3, 12))
    lines = offers(packet, sparse(packet))
    assert {line[1] for line in lines if int(line[2]) < packet.beats} == {"1"}
    assert max(int(line[2]) for line in lines) == packet.beats


@pytest.mark.parametrize("stream", [Stream(), Stream(width=16, last=Last.VECTOR)])
def test_the_users_data_and_whole_vectors_are_as_they_must_be(stream):
    packet = stream.packet(unsigned(3, 12))
    lines = offers(packet, sparse(packet), own=False)
    assert {int(line[2]) for line in lines} == {packet.beats}
    within = (1 << packet.beats * packet.bytes) - 1
    whole = sum(
        packet.keep(ends=n == packet.beats - 1) << n * packet.bytes for n in range(packet.beats)
    )
    assert {int(line[3], 16) & within for line in lines} == {whole}
