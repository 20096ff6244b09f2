# SPDX-License-Identifier: Apache-2.0
"""How vectors travel on AXI4-Stream: the only account of where an element lies in which beat.

A vector is one beat, or a packet of beats of a width that is chosen. Hardware, benches, manifest
and documents all take it from here; `Packet.encode` and `Packet.decode` are the same for arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from lmu_hw.checked import member, whole
from lmu_hw.errors import ConfigError
from lmu_hw.network.codes import Signal

__all__ = [
    "DEFAULT_WIDTH",
    "VECTOR",
    "WHOLE_VECTORS",
    "Elements",
    "Last",
    "Packet",
    "Stream",
    "element_bits",
    "stream_of",
    "streams_of",
]

DEFAULT_WIDTH = 32
"""Bits of a beat where nothing else is asked for."""

VECTOR = "vector"
"""The width of a stream that carries a whole vector in a beat."""

NARROWEST, WIDEST = 8, 1024
"""Bits of the beats of a packet, at least and at most."""

MOST_STREAMS = 64
"""Independent sequences of a design, at most: each has registers that a reset clears."""

Beats = NDArray[np.uint8]


class Elements(Enum):
    """How elements share the beats of a packet."""

    PACKED = "packed"
    """As many in a beat as fit."""
    SINGLE = "single"
    """Each begins a beat of its own, and fills it."""


class Last(Enum):
    """What ``tlast`` ends."""

    VECTOR = "vector"
    """Each vector; ``tuser`` marks the last one of a sequence."""
    SEQUENCE = "sequence"
    """A sequence; vectors are told apart by counting."""


def element_bits(vector: Signal) -> int:
    """Return the bits that an element takes where a beat is a whole vector: whole bytes."""
    return -(-vector.format.width // 8) * 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """The beats of a vector.

    Elements follow each other, element 0 in the lowest bits of beat 0. Each is an integer in two's
    complement, sign-extended (unsigned: extended by zeros) to `element_bits`, its low bits first
    where it takes several beats.

    Attributes
    ----------
    vector : Signal
    width : int
        Bits of a beat.
    element_bits : int
        Bits of an element: it either takes several whole beats, or several of them share one.
    last : Last
    whole : bool
        A beat is always a whole vector: there is no ``tkeep``.
    id_bits : int
        Of ``tid``, which says whose a vector is; 0: there is none.
    """

    vector: Signal
    width: int
    element_bits: int
    last: Last = Last.SEQUENCE
    whole: bool = False
    id_bits: int = 0

    @property
    def parts(self) -> int:
        """Beats of an element; 1 where elements share beats."""
        return max(self.element_bits // self.width, 1)

    @property
    def per_beat(self) -> int:
        """Elements that a beat has room for; 1 where an element takes several."""
        return max(self.width // self.element_bits, 1)

    @property
    def beats(self) -> int:
        """Beats of a vector."""
        return self.parts * -(-self.vector.size // self.per_beat)

    @property
    def elements(self) -> int:
        """Elements that come at once: a power of two, unless a beat is a whole vector."""
        if self.whole:
            return self.vector.size
        return min(self.per_beat, 1 << (self.vector.size - 1).bit_length())

    @property
    def marks(self) -> bool:
        """Whether ``tuser`` marks the last vector of a sequence."""
        return self.last is Last.VECTOR

    @property
    def bytes(self) -> int:
        """Bytes of a beat: the bits of ``tkeep``."""
        return self.width // 8

    @property
    def last_bytes(self) -> int:
        """Bytes of the last beat that belong to the vector, the lowest ones."""
        whole_beats = self.beats - 1
        return (self.vector.size * self.element_bits - whole_beats * self.width) // 8

    @property
    def vector_bytes(self) -> int:
        """Bytes of a vector, without those that its last beat does not keep."""
        return self.vector.size * self.element_bits // 8

    def keep(self, *, ends: bool) -> int:
        """Return ``tkeep`` of a beat that ends a vector or does not: a bit for each byte."""
        return (1 << (self.last_bytes if ends else self.bytes)) - 1

    def description(self) -> dict[str, int | bool]:
        """Return what `manifest.json` says of a port: all that its data are read by."""
        return {
            "width": self.width,
            "beats": self.beats,
            "element_bits": self.element_bits,
            "elements_per_beat": self.per_beat,
            "beats_per_element": self.parts,
            "bytes_of_last_beat": self.last_bytes,
            "tkeep": not self.whole,
            "tuser": self.marks,
            **({"tid": self.id_bits} if self.id_bits else {}),
        }

    def encode(self, codes: NDArray[np.integer]) -> Beats:
        """Return the beats of vectors.

        Parameters
        ----------
        codes : (vectors, elements) integers

        Returns
        -------
        (vectors, beats, bytes) uint8
            Lowest byte first; what does not belong to a vector is 0.
        """
        octets = self.element_bits // 8
        # What an arithmetic shift of 63 leaves is the sign, however wide the element is.
        shifts = np.minimum(8 * np.arange(octets), 63)
        split = (np.asarray(codes, np.int64)[:, :, None] >> shifts & 255).astype(np.uint8)
        if not self.vector.format.signed:
            split[:, :, 8:] = 0
        beats = np.zeros((len(codes), self.beats * self.bytes), np.uint8)
        beats[:, : self.vector.size * octets] = split.reshape(len(codes), self.vector.size * octets)
        return beats.reshape(len(codes), self.beats, self.bytes)

    def decode(self, beats: Beats) -> NDArray[np.int64]:
        """Return the codes in the beats of vectors; what does not belong to a vector is ignored.

        The whole of an element counts: a wrong extension is a wrong code, and beyond 64 bits
        -2**63, which is none.

        Parameters
        ----------
        beats : (vectors, beats, bytes) uint8

        Returns
        -------
        (vectors, elements) int64
        """
        octets = self.element_bits // 8
        flat = np.asarray(beats, np.uint8).reshape(len(beats), self.beats * self.bytes)
        split = flat[:, : self.vector.size * octets].reshape(len(beats), self.vector.size, octets)
        low = split[:, :, :8].astype(np.int64)
        codes = (low << 8 * np.arange(low.shape[2])).sum(axis=2)
        if octets < 8 and self.vector.format.signed:
            codes -= (codes >> 8 * octets - 1) << 8 * octets
        extension = codes >> 63 & 255 if self.vector.format.signed else np.zeros_like(codes)
        fits = (split[:, :, 8:] == extension[:, :, None]).all(axis=2)
        return np.where(fits, codes, np.iinfo(np.int64).min)

    def read_bits(self) -> Beats:
        """Return the bits that hardware reads of a vector, as (beats, bytes) uint8 masks."""
        fmt = self.vector.format
        octets = np.clip(fmt.width - 8 * np.arange(self.element_bits // 8), 0, 8)
        mask = np.zeros(self.beats * self.bytes, np.uint8)
        mask[: self.vector.size * len(octets)] = np.tile((1 << octets) - 1, self.vector.size)
        return mask.reshape(self.beats, self.bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """What was chosen for both streams of a design.

    Attributes
    ----------
    width : int or None
        Bits of a beat; None: a whole vector.
    elements : Elements
    last : Last
        Where a beat is a whole vector, ``tlast`` ends a sequence.
    streams : int
        Independent sequences, told apart by ``tid``; 1: there is none.
    """

    width: int | None = None
    elements: Elements = Elements.PACKED
    last: Last = Last.SEQUENCE
    streams: int = 1

    @property
    def id_bits(self) -> int:
        """Bits of ``tid``."""
        return (self.streams - 1).bit_length()

    @property
    def packets(self) -> bool:
        """Whether a vector is a packet of beats."""
        return self.width is not None

    def arriving(self, vector: Signal) -> int | None:
        """Return how many elements of a packet come at once; None: a beat is a whole vector."""
        return self.packet(vector).elements if self.packets else None

    def description(self) -> dict[str, int | str]:
        """Return what `stream_of` makes a stream of."""
        width = VECTOR if self.width is None else self.width
        return {"width": width, "elements": self.elements.value, "last": self.last.value}

    def packet(self, vector: Signal) -> Packet:
        """Return the beats of a vector."""
        ids = self.id_bits
        if self.width is None:
            bits, width = element_bits(vector), vector.size * element_bits(vector)
            return Packet(vector=vector, width=width, element_bits=bits, whole=True, id_bits=ids)
        # An integer as computers have it: it divides a beat, or beats divide it.
        bits = max(1 << (vector.format.width - 1).bit_length(), 8)
        if self.elements is Elements.SINGLE:
            bits = max(bits, self.width)
        return Packet(
            vector=vector, width=self.width, element_bits=bits, last=self.last, id_bits=ids
        )


WHOLE_VECTORS = Stream()
"""A whole vector in a beat."""


def streams_of(count: object) -> int:
    """Return a number of independent sequences; raise `ConfigError` if it is none."""
    streams = whole(count, "`streams`", least=1, most=MOST_STREAMS)
    if streams & streams - 1:
        raise ConfigError(f"`streams` must be a power of two, not {streams}")
    return streams


def stream_of(
    width: object = DEFAULT_WIDTH, elements: object = None, last: object = None
) -> Stream:
    """Return the streams that are asked for.

    Parameters
    ----------
    width : int or ``vector``
        Bits of a beat: a power of two.
    elements : Elements or str, optional
        None: packed.
    last : Last or str, optional
        None: ``vector``.

    Raises
    ------
    ConfigError
        If one of them is not what it must be, or they do not go together.
    """
    if width == VECTOR:
        for name, value in (("stream_elements", elements), ("stream_last", last)):
            if value is not None:
                raise ConfigError(
                    f"`{name}` must come with a `stream_width` in bits: with {VECTOR}, a beat is "
                    "a whole vector"
                )
        return WHOLE_VECTORS
    if isinstance(width, str):
        raise ConfigError(f"`stream_width` must be {VECTOR} or a number of bits, not {width!r}")
    bits = whole(width, "`stream_width`", least=NARROWEST, most=WIDEST)
    if bits & bits - 1:
        raise ConfigError(f"`stream_width` must be a power of two, not {bits}")
    return Stream(
        width=bits,
        elements=member(elements or Elements.PACKED, "`stream_elements`", Elements),
        last=member(last or Last.VECTOR, "`stream_last`", Last),
    )
