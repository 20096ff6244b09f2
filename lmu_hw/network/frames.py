# SPDX-License-Identifier: Apache-2.0
"""Vectors on a serial line: the only account of the bytes between a host and a board.

A vector is its bytes as in packets of 8 bits, and a mark behind them. Bytes of vectors that look
like a mark come as two. What the marks mean is the same both ways, but for one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum, IntEnum

__all__ = [
    "ESCAPED",
    "LINKS",
    "Frame",
    "FrameReader",
    "Link",
    "Mark",
    "framed",
    "queue_bytes",
    "window",
]

ESCAPED = 0x20
"""What differs between a byte and the second one of the two that stand for it."""

_LEAST_QUEUE = 256  # what one block RAM of any device holds


class Link(Enum):
    """How bytes come and go."""

    UART = "uart"
    SPI = "spi"


LINKS = tuple(link.value for link in Link)


class Mark(IntEnum):
    """Bytes that are none of a vector. All have the same upper six bits."""

    END = 0xC0
    """The vector is complete. Without bytes before it, nothing: a filler."""
    END_OF_SEQUENCE = 0xC1
    """The vector is complete, and the last one of its sequence."""
    BEGIN = 0xC2
    """To a board: forget everything, and answer with one `TAKEN`."""
    TAKEN = 0xC2
    """From a board: a vector was taken, and there is room for one more."""
    ESCAPE = 0xC3
    """The next byte is one of the vector, with `ESCAPED` in it the other way round."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The bytes of a vector, and whether it is the last one of its sequence."""

    octets: bytes
    ends: bool


def framed(octets: bytes, *, ends: bool) -> bytes:
    """Return what a vector is on the line."""
    line = bytearray()
    for octet in octets:
        line += bytes([Mark.ESCAPE, octet ^ ESCAPED]) if _is_mark(octet) else bytes([octet])
    return bytes([*line, Mark.END_OF_SEQUENCE if ends else Mark.END])


@dataclass
class FrameReader:
    """Finds answers and marks in what comes from a board, in pieces of any size.

    Attributes
    ----------
    taken : int
        Vectors that the board says it has taken.
    """

    taken: int = 0
    _octets: bytearray = field(default_factory=bytearray)
    _escaped: bool = False

    def read(self, line: Iterable[int]) -> Iterator[Frame]:
        """Yield the vectors that are complete with these bytes."""
        for octet in line:
            match octet:
                case Mark.TAKEN:
                    self.taken += 1
                case Mark.ESCAPE:
                    self._escaped = True
                case Mark.END | Mark.END_OF_SEQUENCE:
                    if self._octets:
                        yield Frame(bytes(self._octets), octet == Mark.END_OF_SEQUENCE)
                    self._octets.clear()
                case _:
                    self._octets.append(octet ^ ESCAPED if self._escaped else octet)
                    self._escaped = False


def queue_bytes(vector: int) -> int:
    """Return the bytes that a board keeps of vectors of so many bytes: two at least."""
    return max(_LEAST_QUEUE, 1 << (2 * vector - 1).bit_length())


def window(vector: int) -> int:
    """Return how many vectors of so many bytes may be sent before the first one was taken."""
    return queue_bytes(vector) // vector


def _is_mark(octet: int) -> bool:
    return octet >> 2 == Mark.END >> 2
