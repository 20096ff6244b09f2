# SPDX-License-Identifier: Apache-2.0
"""Beats of vectors of symbols: what is offered, and what must be in those that are answered."""

from __future__ import annotations

from collections.abc import Iterator

from lmu_hw.network import Packet
from lmu_hw.prove.algebra.forms import Value
from lmu_hw.prove.algebra.words import Word, join, number, part, unknown
from lmu_hw.prove.narrowing import Codes

__all__ = ["answered", "offered"]


def offered(packet: Packet, codes: Codes, beat: int) -> Word:
    """Return a beat of a vector; what is beside the codes is anything."""
    width = packet.vector.format.width
    words: list[tuple[Word, int]] = []
    for code in codes:
        beside = packet.element_bits - width
        words += [(code, width), (unknown(beside, "padding"), beside)][: 1 + (beside > 0)]
    total = packet.beats * packet.width
    rest = total - len(codes) * packet.element_bits
    whole = join([*words, (unknown(rest, "padding"), rest)] if rest else words)
    return part(whole, total, beat * packet.width, packet.width)


def answered(packet: Packet, codes: Codes, beat: int) -> Iterator[tuple[int, int, int, Value]]:
    """Yield of each element in a beat its number, its lowest bit, its bits, and what they must be.

    The sign fills an element up.
    """
    first, place = divmod(beat, packet.parts)
    first *= packet.per_beat
    bits = min(packet.element_bits, packet.width)
    for lane, code in enumerate(codes[first : first + packet.per_beat]):
        value = code
        if packet.parts > 1:
            value = number(part(code, packet.element_bits, place * bits, bits))
        yield first + lane, lane * bits, bits, value
