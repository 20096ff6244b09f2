# SPDX-License-Identifier: Apache-2.0
"""How a ROM lies in blocks of memory: which kind of memory, and in how many banks."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "LARGEST_BANK",
    "LEAST_BANK",
    "LUTS_PER_BLOCK",
    "bank_depths",
    "blocks",
    "fits_luts",
    "memory_cost",
    "registers_address",
]

_BANKS = (2048, 4096, 8192, 16384)
"""Words of a bank: as many as one block holds of 9, 4, 2 and 1 bits.

Blocks of 18 kbit are usual, and the parts with larger ones have them in halves of this size.
"""

LARGEST_BANK, LEAST_BANK = _BANKS[-1], 16

_BLOCK_BITS = 16384
_PARITY = 9 / 8  # words of 9 bits and more have a ninth bit for each byte
_WIDEST = 36

LUTS_PER_BLOCK = 96
"""A ROM takes tables of 16 bits rather than blocks if it needs at most so many for each block.

Small parts have more of them beside each block: 176 (iCE40 UP5K), 430 (ECP5-25).
"""


def blocks(depth: int, width: int) -> int:
    """Return the blocks of one bank."""
    bits = max(_BLOCK_BITS // (1 << (depth - 1).bit_length()), 1)
    bits = min(int(bits * _PARITY) if bits >= 8 else bits, _WIDEST)
    return -(-width // bits)


def bank_depths(words: int, width: int, most: int | None = None) -> list[int]:
    """Return the words of the banks of a ROM, in ascending order of addresses.

    All but the last have a power of two of words, and none has more than the one before it: each
    starts at a multiple of its size. The fewest blocks; among these, the smallest banks. Where wide
    blocks are as few as deep ones, synthesis takes the wide ones, and selects without a register.

    Parameters
    ----------
    words, width : int
    most : int, optional
        Words of a bank, a power of two: as many banks of them as there are words for, and a rest.
    """
    if most is not None and words > most:
        full, rest = divmod(words, most)
        return [most] * full + ([rest] if rest else [])
    choices = []
    for depth in _BANKS:
        if words <= depth:
            choices.append([words])
            break
        full, rest = divmod(words, depth)
        choices.append([depth] * full + (bank_depths(rest, width) if rest else []))
    return min(choices, key=lambda depths: _all_blocks(depths, width))


def _all_blocks(depths: list[int], width: int) -> int:
    return sum(blocks(depth, width) for depth in depths)


def fits_luts(depth: int, width: int) -> bool:
    """Say whether a bank is small enough for lookup tables instead of blocks."""
    return _luts(depth, width) <= LUTS_PER_BLOCK * blocks(depth, width)


def registers_address(depths: Sequence[int], width: int) -> bool:
    """Say whether the register of banks, from which no other is selected, is that of the address.

    It is where one bank answers soon, from lookup tables, or where its words have more bits than
    those of a block: so many are not worth their clocks.
    """
    return len(depths) == 1 and (fits_luts(depths[0], width) or width > _WIDEST)


def _luts(depth: int, width: int) -> int:
    return width * -(-depth // 16)


def memory_cost(words: int, width: int) -> float:
    """Return the blocks of a ROM; tables of 16 bits count as a share of a block."""
    if words <= LARGEST_BANK and fits_luts(words, width):
        return _luts(words, width) / LUTS_PER_BLOCK
    return float(_all_blocks(bank_depths(words, width), width))
