# SPDX-License-Identifier: Apache-2.0
"""Chips: what each has, and what memories and multipliers take of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from itertools import product
from math import prod

from lmu_hw.errors import ConfigError
from lmu_hw.plan.banks import blocks, fits_luts
from lmu_hw.plan.inventory import CELL, Memory, Multipliers

__all__ = ["CHIPS", "DEFAULT", "Area", "Chip", "chip_named"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """What a plan takes of a chip, or what a chip has.

    Attributes
    ----------
    lut, ff : float
        Lookup tables, and flip-flops.
    block_ram, dsp : float
        Blocks of memory, and multipliers, as the chip has them.
    """

    lut: float = 0.0
    ff: float = 0.0
    block_ram: float = 0.0
    dsp: float = 0.0

    def __add__(self, other: Area) -> Area:
        return Area(
            **{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Dsp:
    """Multipliers of a chip, as synthesis takes them for products of signed numbers.

    Attributes
    ----------
    most : tuple of int
        Bits of the factors; longer ones are cut into pieces.
    product : int
        Bits of the product below which tables multiply; they do where a factor has one bit.
    """

    most: tuple[int, int]
    product: int = 0

    def taken(self, widths: tuple[int, int]) -> int:
        """Return the multipliers of one product."""
        pairs = product(
            *(_pieces(*pair) for pair in zip(sorted(widths)[::-1], self.most, strict=True))
        )
        return sum(min(pair) > 1 and sum(pair) >= self.product for pair in pairs)


def _pieces(width: int, most: int) -> list[int]:
    """Return the bits of the pieces of a factor: all but the last keep a bit for a sign.

    A last piece of two bits is multiplied by tables.
    """
    pieces = []
    while width > most:
        pieces.append(most - 1)
        width -= most - 1
    return pieces + [width] * (not pieces or width > 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """How far estimates were at most from what synthesis, or place and route, reported.

    Attributes
    ----------
    designs, routed : int
        That were synthesised, and placed and routed.
    lut, ff, mhz : float
        Largest errors, relative to what was reported; mhz 0: nothing was routed.
    """

    designs: int
    lut: float
    ff: float
    routed: int = 0
    mhz: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A chip, or a family of chips of all sizes.

    Attributes
    ----------
    name, device : str
        As it is asked for, and in words.
    has : Area
    sized : bool
        Designs must fit in what it has; otherwise that only says how much it has of the one beside
        the other.
    dsp : Dsp or None
        None: tables multiply.
    lut_ram : bool
        Memories can be made of tables.
    small_blocks : bool
        Blocks hold 4 kbit, not 18.
    half_blocks : bool
        A block of 18 kbit is half of what the chip has.
    lut, ff, ns : float
        Tables, flip-flops, and the period of the clock relative to an ECP5 of speed grade 6; ns 0:
        unknown.
    checked : Checked or None
        None: `lmu_hw.plan.estimate.Calibration` says it.
    """

    name: str
    device: str
    has: Area
    sized: bool = True
    dsp: Dsp | None
    lut_ram: bool = True
    small_blocks: bool = False
    half_blocks: bool = False
    lut: float = 1.0
    ff: float = 1.0
    ns: float = 1.0
    checked: Checked | None = None

    def tables(self, area: Area) -> float:
        """Return an area in tables: each resource counts as it leaves less of the chip to others.

        Tables and flip-flops come together: of both, the mean counts.
        """
        has = self.has
        shares = (area.lut / has.lut + area.ff / has.ff) / 2 + area.block_ram / has.block_ram
        if has.dsp:
            shares += area.dsp / has.dsp
        return shares * has.lut

    def lacks(self, area: Area) -> dict[str, tuple[float, float]]:
        """Return what an area needs, and the chip has, by name, where that is more."""
        if not self.sized:
            return {}
        pairs = {f.name: (getattr(area, f.name), getattr(self.has, f.name)) for f in fields(Area)}
        return {name: (needs, has) for name, (needs, has) in pairs.items() if needs > has}

    def in_blocks(self, memory: Memory) -> bool:
        """Say whether synthesis takes blocks for a memory, not only tables or flip-flops."""
        if memory.constant:
            return self._blocks(memory) > 0 and not fits_luts(memory.words, memory.width)
        if self.lut_ram:
            rows = -(-memory.words // CELL[0])
            choosing = (rows - 1) * (memory.width + memory.elements) / 2
            return _CELL_COST * memory.cells + choosing > _BLOCK_COST * self._blocks(memory)
        return memory.words * memory.width > _BITS_OF_A_BLOCK * self._blocks(memory)

    def logic_words(self, memory: Memory) -> int:
        """Return the words of a ROM that become logic."""
        if not self.in_blocks(memory):
            return memory.words
        return _small_rom(memory.words, memory.width)[1] if self.small_blocks else 0

    def memory_blocks(self, memories: Iterable[Memory]) -> float:
        """Return the blocks that memories take."""
        count = sum(self._blocks(memory) for memory in memories if self.in_blocks(memory))
        return count / 2 if self.half_blocks else count

    def multipliers(self, multipliers: Iterable[Multipliers]) -> float:
        """Return the multipliers of the chip that products take."""
        if self.dsp is None:
            return 0
        return sum(each.count * self.dsp.taken(each.widths) for each in multipliers)

    def product_tables(self, multipliers: Iterable[Multipliers]) -> float:
        """Return the tables that multiply, where the chip has no multipliers."""
        if self.dsp is not None:
            return 0
        return _TABLES_OF_A_BIT * sum(each.count * prod(each.widths) for each in multipliers)

    def mhz(self, period: float) -> float | None:
        """Return the clock of a design whose period on an ECP5 is so many ns; None: not known."""
        return 1000.0 / (self.ns * period) if self.ns else None

    def _blocks(self, memory: Memory) -> int:
        if not self.small_blocks:
            return blocks(memory.words, memory.width)
        if memory.constant:
            return _small_rom(memory.words, memory.width)[0]
        return _small_blocks(memory.words, memory.width)


_CELL_COST, _BLOCK_COST, _BITS_OF_A_BLOCK = 4, 128, 64
"""Of a memory that may be either, Yosys takes what costs less: cells of tables, and half a unit for
each multiplexer of a bit among rows of them, or blocks. Without cells, it takes a block in place of
so many bits that would be flip-flops."""

_TABLES_OF_A_BIT = 2.5
"""Tables of a multiplier that is made of them, for each product of two bits."""

_LOGIC_ROM = 128
"""Words of a ROM, or of the rest of one that is cut into parts, that become logic on an iCE40."""

_SMALL_WORDS, _SMALL_BITS = (256, 2048), 4096
"""Least and most words of a block of an iCE40, and the bits that it holds at each of them."""


def _small_blocks(words: int, width: int) -> int:
    """Return the blocks of 4 kbit of a memory."""
    least, most = _SMALL_WORDS
    depth = max(least, 1 << (words - 1).bit_length())
    if depth <= most:
        return -(-width // (_SMALL_BITS // depth))
    return -(-words // most) * -(-width // (_SMALL_BITS // most))


def _small_rom(words: int, width: int) -> tuple[int, int]:
    """Return the blocks of 4 kbit of a ROM, and its words that become logic.

    It is split where that saves blocks, and so are the parts.
    """
    whole = _small_blocks(words, width)
    if words <= _LOGIC_ROM:
        return 0, words
    first = 1 << (words - 1).bit_length() - 1
    if words <= _SMALL_WORDS[0]:
        return whole, 0
    others, logic = _small_rom(words - first, width)
    split = _small_blocks(first, width) + others
    return (split, logic) if split < whole else (whole, 0)


_18X18 = Dsp(most=(18, 18))
_16X16 = Dsp(most=(16, 16), product=11)
_GOWIN_DSP = Dsp(most=(18, 18), product=11)
_25X18 = Dsp(most=(25, 18), product=9)


def _ecp5(size: int, **has: float) -> Chip:
    return Chip(
        name=f"ecp5-{size}k",
        device=f"Lattice ECP5 LFE5U-{size}F, speed grade 6",
        has=Area(ff=has["lut"], **has),
        dsp=_18X18,
    )


_ALL = (
    _ecp5(25, lut=24_288, block_ram=56, dsp=28),
    _ecp5(45, lut=43_848, block_ram=108, dsp=72),
    _ecp5(85, lut=83_640, block_ram=208, dsp=156),
    Chip(
        name="ice40-up5k",
        device="Lattice iCE40 UP5K",
        has=Area(lut=5_280, ff=5_280, block_ram=30, dsp=8),
        dsp=_16X16,
        lut_ram=False,
        small_blocks=True,
        ff=0.93,
        ns=2.74,
        checked=Checked(designs=11, lut=0.328, ff=0.185, routed=8, mhz=0.121),
    ),
    Chip(
        name="ice40-hx8k",
        device="Lattice iCE40 HX8K",
        has=Area(lut=7_680, ff=7_680, block_ram=32),
        dsp=None,
        lut_ram=False,
        small_blocks=True,
        ff=0.93,
        ns=1.39,
        checked=Checked(designs=8, lut=0.255, ff=0.223, routed=6, mhz=0.07),
    ),
    Chip(
        name="gowin-nano-9k",
        device="Gowin GW1NR-LV9QN88PC6/I5, as on the Tang Nano 9k",
        has=Area(lut=8_640, ff=6_480, block_ram=26, dsp=20),
        dsp=_GOWIN_DSP,
        ns=1.17,
        checked=Checked(designs=5, lut=0.099, ff=0.096, routed=5, mhz=0.039),
    ),
    Chip(
        name="gowin-nano-20k",
        device="Gowin GW2AR-LV18QN88C8/I7, as on the Tang Nano 20k",
        has=Area(lut=20_736, ff=15_552, block_ram=46, dsp=48),
        dsp=_GOWIN_DSP,
        ns=0.6,
        checked=Checked(designs=8, lut=0.138, ff=0.095, routed=5, mhz=0.079),
    ),
    Chip(
        name="xilinx7",
        device="AMD 7 series, any size (synthesis only)",
        has=Area(lut=63_400, ff=126_800, block_ram=135, dsp=240),  # as an XC7A100T
        sized=False,
        dsp=_25X18,
        half_blocks=True,
        lut=0.62,
        ff=0.72,
        ns=0.0,
        checked=Checked(designs=8, lut=0.128, ff=0.275),
    ),
)

CHIPS = {chip.name: chip for chip in _ALL}
"""Every chip by its name."""

DEFAULT = replace(CHIPS["ecp5-85k"], name="", device="Lattice ECP5, speed grade 6", sized=False)
"""What plans are chosen for unless a target is named: an ECP5 of any size."""


def chip_named(name: object) -> Chip:
    """Return the chip of a name, or raise `ConfigError` with all that there are."""
    if isinstance(name, str) and name in CHIPS:
        return CHIPS[name]
    raise ConfigError(f"`target` must be one of {', '.join(CHIPS)}, not {name!r}")
