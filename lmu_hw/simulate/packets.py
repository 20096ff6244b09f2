# SPDX-License-Identifier: Apache-2.0
"""Vectors as the driver offers them: beats, noise where nothing is read, and malformed packets.

A malformed packet is one of which the hardware makes the same vector: what is zero of it is left
out, or beats are too many. So nothing else is expected than without.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lmu_hw.network import Packet

__all__ = ["EXCESS", "offers_of"]

EXCESS = 2
"""Beats by which a packet is too long, at most; as in ``driver.v``."""

_MALFORMED = 0.4  # of the packets of built-in stimuli

Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]
Octets = NDArray[np.uint8]


def offers_of(
    packet: Packet, codes: Codes, lasts: Flags, *, apart: Flags, own: Flags, seed: int
) -> list[str]:
    """Return lines of ``beats.txt``, but for the pause that each begins with.

    Parameters
    ----------
    packet : Packet
    codes : (vectors, elements) int64
    lasts : (vectors,) bool
        The vector is the last of its sequence.
    apart : (vectors,) bool
        There may be pauses between its beats, and more of them than it has.
    own : (vectors,) bool
        Of a built-in stimulus: its packet may be malformed.
    seed : int
    """
    random = np.random.default_rng(seed)
    total = packet.beats + (0 if packet.whole else EXCESS)
    octets = np.zeros((len(codes), total, packet.bytes), np.uint8)
    octets[:, : packet.beats] = packet.encode(codes)
    read = np.zeros(octets.shape[1:], np.uint8)
    read[: packet.beats] = packet.read_bits()
    octets &= read
    kept = np.ones(octets.shape, np.bool_)
    kept[:, packet.beats - 1, packet.last_bytes :] = False
    counts = np.full(len(codes), packet.beats)
    if not packet.whole:
        malformed = own & (random.random(len(codes)) < _MALFORMED)
        kinds = np.where(malformed, random.integers(3, size=len(codes)), -1)
        needed = 1 + ((octets != 0).any(axis=2) * np.arange(total)).max(axis=1)
        early = (kinds == 0) & (packet.marks | lasts)
        counts[early] = needed[early]
        late = (kinds == 1) & packet.marks & apart
        counts[late] += random.integers(1, EXCESS + 1, late.sum())
        holes = (octets == 0) & (random.random(octets.shape) < 0.5)
        holes[:, packet.beats :] = random.random(holes[:, packet.beats :].shape) < 0.5
        kept &= ~(holes & (kinds == 2)[:, None, None])
    # Nothing is read of the bits beside an element, nor of bytes that are not kept.
    noise = random.integers(0, 256, octets.shape, np.uint8)
    octets |= noise & np.where(kept, ~read, 255)
    return [
        f"{int(gaps)} {int(last)} {count} {keep} {data}"
        for gaps, last, count, keep, data in zip(
            apart, lasts, counts, _hexadecimal(kept), _words(octets), strict=True
        )
    ]


def _words(octets: Octets) -> Iterator[str]:
    """Yield bytes in hexadecimal digits, the lowest byte last."""
    rows = np.ascontiguousarray(octets.reshape(len(octets), -1)[:, ::-1])
    return (row.tobytes().hex() for row in rows)


def _hexadecimal(bits: Flags) -> Iterator[str]:
    """Yield bits in hexadecimal digits, the first bit lowest."""
    return _words(np.packbits(bits.reshape(len(bits), -1), axis=1, bitorder="little"))
