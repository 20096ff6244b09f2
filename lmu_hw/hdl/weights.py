# SPDX-License-Identifier: Apache-2.0
"""Coefficients on their way to the multipliers: banks of ROMs, and a register behind each."""

from __future__ import annotations

from contextlib import nullcontext
from itertools import accumulate

from amaranth.hdl import Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for, exact_log2

from lmu_hw.hdl.coefficients import contents
from lmu_hw.hdl.storage import Rom, load_layout
from lmu_hw.plan import CoefficientRom, LayerPlan, registers_address

__all__ = ["BankedRom", "Weights", "weights_name"]


class BankedRom(wiring.Component):
    """A ROM in banks, each with a register behind it; what follows selects one of them.

    A block of memory takes half a cycle to answer and lies far away: the register leaves the rest
    of it, and the next cycle, for the way; chips have one in the block. Where nothing is selected,
    a bank of lookup tables or of words wider than those of a block has the register in front of
    its address, which has fewer bits.

    A word is read once, in the cycle after the address has come to it, and only in its bank; and
    again after a word was written, which may be the one at the address.

    Parameters
    ----------
    name : str
        Of the contents; banks, if there are several, are ``name_0``, ``name_1``, ...
    words : list of int
    width : int
        Bits of a word.
    banks : list of int
        Words of each, see `bank_depths`.
    alone : bool
        Nothing is selected behind it.
    writable : bool
        The words are only what it holds at first.

    Members
    -------
    address : In(unsigned)
    moved : In(1)
        It is another one than in the cycle before.
    taken : In(1)
        The word at the address of the cycle before is wanted.
    data : Out(unsigned(width))
        That word, one cycle after `taken`, and until another one is.
    load : In(load_layout), if writable
        Writes a word.
    """

    def __init__(
        self,
        *,
        name: str,
        words: list[int],
        width: int,
        banks: list[int],
        alone: bool = True,
        writable: bool = False,
    ) -> None:
        self.alone, self.writable = alone, writable
        self.starts = [0, *accumulate(banks)][:-1]
        self.roms = [
            Rom(
                name=f"{name}_{number}" if len(banks) > 1 else name,
                words=words[start : start + depth],
                width=width,
                writable=writable,
            )
            for number, (start, depth) in enumerate(zip(self.starts, banks, strict=True))
        ]
        address = unsigned(bits_for(len(words) - 1))
        super().__init__(
            {
                "address": In(address),
                "moved": In(1),
                "taken": In(1),
                "data": Out(unsigned(width)),
                **({"load": In(load_layout(len(words), width))} if writable else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if self.writable:
            written = self._bank(m, self.load.address, "written")
            for number, rom in enumerate(self.roms):
                enable = self.load.enable & (written == number)
                rom.load(m, enable, self.load.address, self.load.word)
        depths = [len(rom.words) for rom in self.roms]
        if self.alone and registers_address(depths, self.roms[0].width):
            self._wait_for_address(m)
        else:
            self._wait_for_words(m)
        return m

    def _wait_for_address(self, m: Module) -> None:
        """Read the only bank from a register of its address."""
        m.submodules.bank_0 = rom = self.roms[0]
        address = Signal.like(self.address, name="s1_address", reset_less=True)
        with m.If(self.moved):
            m.d.sync += address.eq(self.address)
        m.d.comb += [
            rom.address.eq(address),
            rom.enable.eq(self.taken),
            self.data.eq(rom.data),
        ]

    def _wait_for_words(self, m: Module) -> None:
        """Read one of the banks, into a register of its own."""
        bank = self._bank(m, self.address, "bank")
        s1_bank = Signal.like(bank)
        s2_bank = Signal.like(bank)
        if len(self.roms) > 1:
            m.d.sync += [s1_bank.eq(bank), s2_bank.eq(s1_bank)]
        moved: Value = self.moved
        if self.writable:
            # At rest the address waits at the first word of a step, which was read already.
            loaded = Signal()
            m.d.sync += loaded.eq(self.load.enable)
            moved = moved | loaded
        s2_words: list[Value] = []
        for number, rom in enumerate(self.roms):
            m.submodules[f"bank_{number}"] = rom
            m.d.comb += [
                rom.address.eq(self.address),
                rom.enable.eq(moved & (bank == number)),
            ]
            s2_word = Signal(rom.width, name=f"s2_word_{number}", reset_less=True)
            with m.If(self.taken & (s1_bank == number)):
                m.d.sync += s2_word.eq(rom.data)
            s2_words.append(s2_word)
        m.d.comb += self.data.eq(_selected(s2_words, s2_bank))

    def _bank(self, m: Module, address: Value, name: str) -> Signal:
        """Return in which bank an address lies.

        A bank starts at a multiple of its size: its address is the low bits. Which one it is, is
        said by the bits above those of the last but one, the smallest that is full.
        """
        bank = Signal(range(max(len(self.roms), 2)), name=name)
        full = len(self.roms[-2:][0].words)
        if len(self.roms) > 1:
            with m.Switch(address >> exact_log2(full)):
                for number, rom in enumerate(self.roms):
                    start = self.starts[number]
                    with m.Case(*range(start // full, -(-(start + len(rom.words)) // full))):
                        m.d.comb += bank.eq(number)
        return bank


def weights_name(plan: LayerPlan, rom: CoefficientRom) -> str:
    """Return the name of one of the `coefficient_roms` of a plan."""
    suffix = f"_{rom.width}_bits" if len(plan.coefficient_roms) > 1 else ""
    return f"{plan.layer.name}_weights{suffix}"


class Weights(wiring.Component):
    """The coefficients of a layer, in the order in which its sequencer reads them.

    Parameters
    ----------
    plan : LayerPlan
    width : int
        Bits of a coefficient at the multipliers.

    Members
    -------
    addresses : In(array)
        Address in each of the `coefficient_roms` of the plan.
    rom : In(unsigned)
        Which of them is read.
    moved : In
        The address in each of them is another one than a cycle before.
    valid : In(1)
        The word at the address of the cycle before meets one of a vector.
    data : Out(array of array_lanes signed)
        A word, two cycles after its address.
    load : In(struct of `load_layout`), if the plan is writable
        Writes a word of a ROM, by its name.
    """

    def __init__(self, plan: LayerPlan, width: int) -> None:
        self.plan, self.roms = plan, plan.coefficient_roms
        address = unsigned(bits_for(max(rom.depth for rom in self.roms)))
        loads = {
            weights_name(plan, rom): load_layout(rom.depth, rom.width * rom.lanes)
            for rom in self.roms
        }
        super().__init__(
            {
                "addresses": In(data.ArrayLayout(address, len(self.roms))),
                "rom": In(range(max(len(self.roms), 2))),
                "moved": In(len(self.roms)),
                "valid": In(1),
                "data": Out(data.ArrayLayout(signed(width), plan.array_lanes)),
                **({"load": In(data.StructLayout(loads))} if plan.writable else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lanes = self.plan.array_lanes
        s1_rom = Signal.like(self.rom)
        s2_rom = Signal.like(self.rom)
        m.d.sync += [s1_rom.eq(self.rom), s2_rom.eq(s1_rom)]
        for number, coefficients in enumerate(self.roms):
            name = weights_name(self.plan, coefficients)
            rom = BankedRom(
                name=name,
                words=contents(self.plan, coefficients),
                width=coefficients.word_bits,
                banks=coefficients.banks,
                alone=len(self.roms) == 1,
                writable=self.plan.writable,
            )
            m.submodules[f"rom_{number}"] = rom
            if self.plan.writable:
                m.d.comb += rom.load.eq(self.load[name])
            m.d.comb += [
                rom.address.eq(self.addresses[number]),
                rom.moved.eq(self.moved[number]),
                rom.taken.eq(self.valid & (s1_rom == number)),
            ]
            word = data.View(data.ArrayLayout(signed(coefficients.width), lanes), rom.data)
            with m.If(s2_rom == number) if number else nullcontext():
                m.d.comb += [self.data[lane].eq(word[lane]) for lane in range(lanes)]
        return m


def _selected(words: list[Value], index: Value) -> Value:
    """Return one of some words; a tree, each bit of the index in one of its levels."""
    for bit in range(len(index)):
        pairs = [words[n : n + 2] for n in range(0, len(words), 2)]
        words = [Mux(index[bit], pair[-1], pair[0]) if len(pair) > 1 else pair[0] for pair in pairs]
    return words[0]
