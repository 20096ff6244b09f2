# SPDX-License-Identifier: Apache-2.0
"""A second way into a memory of codes: one code at a time, while no step is computed."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Value
from amaranth.lib import data
from amaranth.utils import bits_for, exact_log2

from lmu_hw.hdl.multiples import entry_of, times
from lmu_hw.plan import StateMap

__all__ = ["Access", "access_layout", "port_layout"]


def access_layout(segments: int, rows: int, width: int, page_bits: int = 0) -> data.StructLayout:
    """Return the layout of an access to a memory of segments of codes.

    With ``select``, it has the ports of the memory: the code at ``segment`` and ``row``, which stay
    until it is read, is replaced by ``data`` with ``write``. Of several streams, ``page`` says
    where the vector of one of them is.
    """
    return data.StructLayout(
        {
            "select": 1,
            "write": 1,
            "segment": bits_for(max(segments - 1, 1)),
            "row": bits_for(max(rows - 1, 1)),
            "data": width,
            **({"page": page_bits} if page_bits else {}),
        }
    )


def port_layout(states: StateMap) -> data.StructLayout:
    """Return the layout of what layers are told of an access to an address of a map.

    ``select`` says that no step reads or writes, ``write`` that a code is replaced.
    """
    return data.StructLayout({"select": 1, "write": 1, **states.parts, "data": states.data_bits})


class Access:
    """What an access does with a memory of words of several codes.

    Parameters
    ----------
    access : View of `access_layout`
    rows : int
        Codes of a segment.
    lanes : int
        Codes of a word, a power of two; a segment begins on a word of its own.
    page : Value
        Where the words of the segments begin.
    """

    def __init__(self, access: Any, *, rows: int, lanes: int, page: Value | int = 0) -> None:
        self._access, self._rows, self._lanes = access, rows, lanes
        self._place = access.row[: exact_log2(lanes)]
        words = times(access.segment, -(-rows // lanes))
        self.address = page + words + access.row.shift_right(exact_log2(lanes))

    @property
    def enables(self) -> list[Value]:
        """Whether each code of the word is replaced.

        The last one of a segment also fills the rest of its word: nothing that is read is unknown.
        """
        last = self._rows - 1
        enables = []
        for lane in range(self._lanes):
            here = self._place == lane
            if lane > last % self._lanes:
                here |= self._access.row == last
            enables.append(self._access.write & here)
        return enables

    def code(self, lanes: list[Any]) -> Value:
        """Return the code of the word that was read."""
        return entry_of(lanes, self._place) if len(lanes) > 1 else Value.cast(lanes[0])

    def join(self, m: Module, read: Any, write: Any, lanes: range | None = None) -> None:
        """Take the ports of a memory over while it is selected; they are connected already.

        `lanes` are the codes of a word that it holds; all if not given.
        """
        lanes = range(self._lanes) if lanes is None else lanes
        enables = self.enables
        with m.If(self._access.select):
            m.d.comb += [
                read.addr.eq(self.address),
                read.en.eq(1),
                write.addr.eq(self.address),
                Value.cast(write.data).eq(self._access.data.replicate(len(lanes))),
                write.en.eq(Cat(enables[lane] for lane in lanes)),
            ]
