# SPDX-License-Identifier: Apache-2.0
"""ROM and vector memory, both registered at their output."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import Any

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for, ceil_log2, exact_log2
from numpy.typing import NDArray

from lmu_hw.errors import NetworkError
from lmu_hw.hdl.multiples import times
from lmu_hw.hdl.state_access import Access, access_layout
from lmu_hw.plan import Storage

__all__ = ["Rom", "RomFiles", "VectorRam", "lane_enables", "load_layout", "pack"]


class RomFiles:
    """The platform of emission: ROMs become instances that read hexadecimal files.

    Parameters
    ----------
    design : str
        Begins the name of every module and file, so that several designs can lie in one folder and
        in one simulation.

    Attributes
    ----------
    contents : dict of module name to (words, width in bits)
        A module reads the file of its name.
    writable : set of module name
        Those that can be written at run time.
    late : set of module name
        Those whose address comes late in a cycle.
    checkers : set of str
        Kinds of checkers that the design has.
    """

    def __init__(self, design: str) -> None:
        self.design = design
        self.contents: dict[str, tuple[list[int], int]] = {}
        self.writable: set[str] = set()
        self.late: set[str] = set()
        self.checkers: set[str] = set()

    def add(self, rom: Rom) -> str:
        """Take a ROM in; return the name of its module."""
        module = f"{self.design}__{rom.name}"
        self.contents[module] = rom.words, rom.width
        if rom.writable:
            self.writable.add(module)
        if rom.late:
            self.late.add(module)
        return module


def load_layout(words: int, width: int) -> data.StructLayout:
    """Return the layout of a write of one word to a memory of coefficients."""
    return data.StructLayout(
        {"enable": 1, "address": bits_for(max(words - 1, 1)), "word": unsigned(width)}
    )


def pack(codes: NDArray[Any], width: int) -> list[int]:
    """Return one integer per row of (words, elements) integers, element 0 in the low bits."""
    mask = (1 << width) - 1
    words = []
    for row in codes.tolist():
        word = 0
        for element in reversed(row):
            word = (word << width) | (element & mask)
        words.append(word)
    return words


class Rom(wiring.Component):
    """A memory of constants with a registered output, which synthesis maps to block RAM.

    Parameters
    ----------
    name : str
        Name of the contents; the emitted file is ``design__name.hex``.
    words : list of int
    width : int
        Bits of a word.
    writable : bool
        The words are only what it holds at first.
    late : bool
        Its address is computed in the cycle in which it is read.

    Members
    -------
    address : In(unsigned)
    enable : In(1)
        Read; otherwise `data` stays what it is. Left alone, it reads in every cycle.
    data : Out(unsigned(width))
        The word at `address`, one cycle later.
    write, write_address, write_data : In, if writable
        Replace a word; if it is read in the same cycle, that may answer anything.
    """

    def __init__(
        self,
        *,
        name: str,
        words: list[int],
        width: int,
        writable: bool = False,
        late: bool = False,
    ) -> None:
        if not words:
            raise NetworkError(f"{name}: a ROM must have at least one word")
        self.name, self.words, self.width = name, words, width
        self.writable, self.late = writable, late
        self.address_width = max(ceil_log2(len(words)), 1)
        address = unsigned(self.address_width)
        write = {"write": In(1), "write_address": In(address), "write_data": In(unsigned(width))}
        super().__init__(
            {
                "address": In(address),
                "enable": In(1, init=1),
                "data": Out(unsigned(width)),
                **(write if writable else {}),
            }
        )

    def load(self, m: Module, enable: Value, address: Value, word: Value) -> None:
        """Connect what writes a word."""
        m.d.comb += [
            self.write.eq(enable),
            self.write_address.eq(address),
            self.write_data.eq(word),
        ]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if isinstance(platform, RomFiles):
            ports = {
                "i_clk": ClockSignal(),
                "i_address": self.address,
                "i_enable": self.enable,
                "o_data": self.data,
            }
            if self.writable:
                ports |= {
                    "i_write": self.write,
                    "i_write_address": self.write_address,
                    "i_write_data": self.write_data,
                }
            m.submodules.rom = Instance(platform.add(self), **ports)
        else:
            m.submodules.memory = memory = Memory(
                shape=unsigned(self.width), depth=len(self.words), init=self.words
            )
            port = memory.read_port(domain="sync")
            m.d.comb += [
                port.addr.eq(self.address),
                port.en.eq(self.enable),
                self.data.eq(port.data),
            ]
            if self.writable:
                write = memory.write_port(domain="sync")
                m.d.comb += [
                    write.en.eq(self.write),
                    write.addr.eq(self.write_address),
                    write.data.eq(self.write_data),
                ]
        return m


def lane_enables(beat: Value, last: int, beats_per_word: int) -> list[Value]:
    """Return, for each place of a beat in a word, whether a beat is written there.

    The last one of a vector also fills the rest of its word: nothing that is read is unknown.
    """
    lanes = []
    for index in range(beats_per_word):
        here = beat[: exact_log2(beats_per_word)] == index
        if index > last % beats_per_word:
            here |= beat == last
        lanes.append(here)
    return lanes


class VectorRam(wiring.Component):
    """A vector of codes, written by beats and read by words of `columns` elements.

    The last beat of a segment fills its word up: no part of a word that is read is unknown, not
    even the padding, which meets coefficients of zero.

    Parameters
    ----------
    storage : Storage
        How the vector lies in words.
    pages : int
        2 for a vector whose previous value is still read while the next is written; more, if there
        are several streams.
    columns, beat : int
        Elements of a word and of a beat; a word is a whole number of beats.
    width : int
        Bits of an element.
    ahead : bool
        There is a register behind the memory, too.
    apart : bool
        Each beat of a word lies in a memory of its own, so a word may be read in the cycle in which
        another beat than the one that is wanted is written: of one memory, a chip may then answer
        anything.
    accessible : bool
        It can be read and written from outside while nothing else does: the page that is not
        written next, if there are two.
    streams : int
        Share the pages; which one is reached from outside is then said with the access.

    Members
    -------
    write_page, write_segment, write_beat : In
        Where the beat goes; beats count from the start of the segment.
    write_enable : In(1)
    write_data : In(beat * width)
    read_page, read_word : In
    read_enable : In(1)
        In the cycle before the word: with its address, or one cycle later if `ahead`. Left alone,
        a word is read in every cycle.
    read_data : Out(columns * width)
        The word, one cycle after its address, or two if `ahead`; it stays until the next one.
    access : In(access_layout), state_code : Out(width), if it is accessible
    """

    def __init__(
        self,
        *,
        storage: Storage,
        pages: int,
        columns: int,
        beat: int,
        width: int,
        ahead: bool = False,
        apart: bool = False,
        accessible: bool = False,
        streams: int = 1,
    ) -> None:
        self.accessible, self.streams = accessible, streams
        self.storage, self.pages, self.columns = storage, pages, columns
        self.beat, self.width, self.ahead, self.apart = beat, width, ahead, apart
        beats = storage.words_per_segment * columns // beat
        page_bits = (pages - 1).bit_length() if streams > 1 else 0
        layout = access_layout(storage.segments, storage.length, width, page_bits)
        access = {"access": In(layout), "state_code": Out(unsigned(width))} if accessible else {}
        super().__init__(
            {
                "write_page": In(range(max(pages, 2))),
                "write_segment": In(range(max(storage.segments, 2))),
                "write_beat": In(range(max(beats, 2))),
                "write_enable": In(1),
                "write_data": In(unsigned(beat * width)),
                "read_page": In(range(max(pages, 2))),
                "read_word": In(range(max(storage.words, 2))),
                "read_enable": In(1, init=1),
                "read_data": Out(unsigned(columns * width)),
                **access,
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        beats_per_word = self.columns // self.beat
        position = exact_log2(beats_per_word)
        page_words = self._page_words if self.pages > 1 else 0
        segment = times(self.write_segment, self.storage.words_per_segment)
        place = self.write_beat.shift_right(position)
        write_address = self._address(self.write_page, segment, place)
        read_address = self._address(self.read_page, self.read_word)
        ports: list[tuple[Any, Any]] = []
        pieces: list[Value] = []
        enables: list[Value] = []
        for name, beats in self._split().items():
            m.submodules[name] = memory = Memory(
                shape=unsigned(beats * self.beat * self.width),
                depth=self._page_words * self.pages,
                init=[],
            )
            write = memory.write_port(domain="sync", granularity=self.width)
            read = memory.read_port(domain="sync")
            m.d.comb += [
                write.addr.eq(write_address),
                write.data.eq(self.write_data.replicate(beats)),
                read.addr.eq(read_address),
            ]
            if not self.ahead:
                m.d.comb += read.en.eq(self.read_enable)
            pieces.append(read.data)
            ports.append((read, write))
            enables += [write.en[n * self.beat : (n + 1) * self.beat] for n in range(beats)]
        word = Cat(pieces)
        if self.ahead:
            word = Signal.like(self.read_data, name="word", reset_less=True)
            enable = self.read_enable | self.access.select if self.accessible else self.read_enable
            with m.If(enable):
                m.d.sync += word.eq(Cat(pieces))
        m.d.comb += self.read_data.eq(word)
        last = -(-self.storage.length // self.beat) - 1
        lanes = lane_enables(self.write_beat, last, beats_per_word)
        for enable, here in zip(enables, lanes, strict=True):
            m.d.comb += enable.eq((self.write_enable & here).replicate(self.beat))
        if self.accessible:
            self._reach(m, ports, word, page_words)
        return m

    def _reach(self, m: Module, ports: list[tuple[Any, Any]], word: Value, page_words: int) -> None:
        """Let the codes that the next step reads be reached from outside."""
        page = Mux(self.write_page, 0, page_words)
        if self.streams > 1:
            page = self._address(self.access.page, Const(0, ceil_log2(self.storage.words)))
        access = Access(self.access, rows=self.storage.length, lanes=self.columns, page=page)
        lanes = self.columns // len(ports)
        for number, (read, write) in enumerate(ports):
            access.join(m, read, write, range(number * lanes, (number + 1) * lanes))
        code = access.code([word.word_select(lane, self.width) for lane in range(self.columns)])
        m.d.comb += self.state_code.eq(code)

    @property
    def _page_words(self) -> int:
        """Words from one page to the next."""
        words = self.storage.words
        return words if self.pages <= 2 else 1 << ceil_log2(words)

    def _address(self, page: Value, *word: Value) -> Value:
        """Return the address of a word of a page."""
        if self.pages <= 2:
            first = self.storage.words if self.pages > 1 else 0
            return reduce(add, word, Mux(page, first, 0))
        place = Value.cast(reduce(add, word))[: ceil_log2(self.storage.words)]
        return Value.cast(Cat(place, page))

    def _split(self) -> dict[str, int]:
        """Return the beats of a word that each memory holds."""
        beats = self.columns // self.beat
        return {f"cells_{n}": 1 for n in range(beats)} if self.apart else {"cells": beats}
