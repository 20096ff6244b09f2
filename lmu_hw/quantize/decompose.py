# SPDX-License-Identifier: Apache-2.0
"""The smallest table for a function and a bound: a value for every address, or parts of it.

Bipartite tables add a value and an offset (Das Sarma and Matula, ARITH 12, 1995; symmetric ones
after Schulte and Stine, IEEE Transactions on Computers 48 (8), 1999); straight lines add a value
and a slope times the low bits of the address. Slopes and offsets are rounded first. What they leave
to the values is an interval of integers for each, over all of its addresses; values get as few bits
as leave an integer in every interval. So the bound holds for every code that may enter, in the
integers that hardware adds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import FixedFormat
from lmu_hw.network import Codes, Interpolation, Offsets, Slopes, Table
from lmu_hw.quantize.reductions import Blocks, Reduction

__all__ = ["decomposed", "table_cost"]

Integers = NDArray[np.int64]

_GATE_BITS = 32
"""ROM bits that cost as much as a bit of an adder or a one-bit product: small FPGAs have 20 to 45
bits of block RAM for each of their look-up tables."""

_SLOPE_BITS = 4
"""Fraction bits, beyond the low bits of the address, at which slopes are as good as real ones."""

_OFFSET_BITS = 4
"""The same of offsets, beyond the bits of the answers."""

_MORE = 2
"""Guard bits that are tried beyond the fewest that do: they may save bits of the values."""

_WIDEST = 2.0
"""Ulp by which a line may be off: half of what bounds leave at most, and as much for bends."""

_NEAR = np.arange(-1, 3)[:, None]
"""Roundings of a slope that are tried."""


def table_cost(table: Table) -> int:
    """Return the ROM bits of a table, the bits of its adder and of its product weighed in."""
    if table.interpolation is None:
        return table.table_bits
    return table.table_bits + _GATE_BITS * (table.total_bits + table.product_bits)


def decomposed(function: str, reduction: Reduction, source: FixedFormat, fmt: FixedFormat) -> Table:
    """Return the table of the least cost; of several, the first in the order of the search."""
    return _Search(function, reduction, source, fmt).run()


@dataclass(frozen=True, slots=True, eq=False)
class _Values:
    """Values that fit beside corrections.

    Attributes
    ----------
    codes : (words,) int64
    shift : int
        Left shift of a value within the total.
    choice : (blocks,) int64
        The alternative of the corrections that is taken.
    """

    codes: Integers
    shift: int
    choice: Integers


def _fit(
    blocks: Blocks, corrections: Integers, end_correction: Integers, guard_bits: int
) -> _Values | None:
    """Return values of the fewest bits that keep all bounds, or None if there are none.

    Parameters
    ----------
    blocks : Blocks
    corrections : (alternatives, blocks, size) int64
        What is added to the value of a block.
    end_correction : (1,) int64
        What is added to the value of the end.
    guard_bits : int
    """
    unit = 1 << guard_bits
    low = ((blocks.low << guard_bits) - corrections).max(axis=2)
    high = ((blocks.high << guard_bits) + (unit - 1) - corrections).min(axis=2)
    if not np.all((low <= high).any(axis=0)):
        return None
    # The total is floored: half an answer more is in the middle between too little and too much.
    rest = (blocks.exact + 0.5) * unit - corrections
    middle = (rest.max(axis=2) + rest.min(axis=2)) / 2
    if blocks.end is not None:
        end, width = blocks.end, (len(corrections), 1)
        low = np.hstack([low, np.broadcast_to((end.low << guard_bits) - end_correction, width)])
        most = (end.high << guard_bits) + (unit - 1) - end_correction
        high = np.hstack([high, np.broadcast_to(most, width)])
        rest = (end.exact + 0.5) * unit - end_correction
        middle = np.hstack([middle, np.broadcast_to(rest, width)])
    for shift in range(guard_bits, -1, -1):
        least, most = -(-low >> shift), high >> shift
        fits = least <= most
        if np.all(fits.any(axis=0)):
            choice = np.where(fits, high - low, -1).argmax(axis=0)
            values = np.rint(middle * 2.0**-shift).astype(np.int64).clip(least, most)
            return _Values(values[choice, np.arange(len(choice))], shift, choice)
    return None


def _bends_little(blocks: Blocks) -> bool:
    """Say whether straight lines can pass three points of each block; if not, none are there."""
    middle = blocks.low.shape[1] // 2 - 1
    first, between, last = (
        (blocks.low[:, place], blocks.high[:, place] + 1) for place in (0, middle, 2 * middle)
    )
    return bool(
        np.all(2 * between[0] <= first[1] + last[1])
        and np.all(first[0] + last[0] <= 2 * between[1])
    )


class _Search:
    """Tries all forms, and holds the table of the least cost."""

    def __init__(
        self, function: str, reduction: Reduction, source: FixedFormat, fmt: FixedFormat
    ) -> None:
        self.function, self.reduction = function, reduction
        self.source, self.format = source, fmt
        blocks = reduction.blocks(1)
        nothing = np.zeros((1, 1, 1), np.int64)
        values = _fit(blocks, nothing, nothing[0, 0], 0)
        if values is None:
            raise AssertionError(f"{function}: there is a code for every address")
        self._keep(self._table(blocks, 0, 0, values, None))
        span = np.ptp(reduction.bounds.exact[reduction.start : reduction.flat + 1])
        self._value_bits = max(int(span).bit_length(), 1)

    def run(self) -> Table:
        for low_bits in range(self.reduction.addresses.bit_length(), 0, -1):
            blocks = self.reduction.blocks(1 << low_bits)
            if len(blocks.low) * self._value_bits < self.cost and _bends_little(blocks):
                self._lines(blocks, low_bits)
                self._bipartite(blocks, low_bits)
        return self.table

    def _keep(self, table: Table) -> None:
        self.table, self.cost = table, table_cost(table)

    def _offer(self, table: Table) -> None:
        if table_cost(table) < self.cost:
            self._keep(table)

    def _lines(self, blocks: Blocks, low_bits: int) -> None:
        """Try a straight line in each block."""
        low = np.arange(1 << low_bits)
        # The chord is the best line of what bends to one side only.
        chords = (blocks.exact[:, -1] - blocks.exact[:, 0]) / (len(low) - 1)
        nothing, left = np.zeros(1, np.int64), 1 + _MORE
        finest = low_bits + _SLOPE_BITS

        def near(guard_bits: int) -> bool:
            off = np.abs(chords - np.rint(chords * 2.0**guard_bits) * 2.0**-guard_bits)
            return bool(np.max(off, initial=0.0) * (len(low) - 1) / 2 <= _WIDEST)

        def fitted(guard_bits: int) -> tuple[Integers, _Values | None]:
            slopes = np.floor(chords * 2.0**guard_bits).astype(np.int64) + _NEAR
            return slopes, _fit(blocks, slopes[:, :, None] * low, nothing, guard_bits)

        if fitted(finest)[1] is None:
            return
        for guard_bits in filter(near, range(finest + 1)):
            slopes, values = fitted(guard_bits)
            if values is not None:
                chosen = slopes[values.choice[: len(chords)], np.arange(len(chords))]
                padded = np.append(chosen, nothing)[: len(values.codes)]
                frac_bits = self.format.frac_bits + guard_bits - self.source.frac_bits
                between = Slopes(codes=_spanned(padded, frac_bits))
                self._offer(self._table(blocks, low_bits, guard_bits, values, between))
                left -= 1
                if not left:
                    return

    def _bipartite(self, blocks: Blocks, low_bits: int) -> None:
        """Try offsets that as many blocks as possible share."""
        count, half = len(blocks.low), 1 << (low_bits - 1)
        words = count + (blocks.end is not None)
        chords = (blocks.exact[:, -1] - blocks.exact[:, 0]) / (2 * half - 1)
        for group_bits in range((words - 1).bit_length(), -1, -1):
            groups = (words - 1 >> group_bits) + 1
            if count * self._value_bits + groups * half >= self.cost:
                return
            starts = np.arange(0, count, 1 << group_bits)
            ends = np.minimum(starts + (1 << group_bits), count) - 1
            runs = (ends - starts + 1 << low_bits) - 1
            slopes = (blocks.exact[ends, -1] - blocks.exact[starts, 0]) / runs
            slopes = np.append(slopes, 0.0)[:groups]  # of a group that is the end alone
            off = np.abs(chords - np.repeat(slopes, 1 << group_bits)[:count])
            if np.max(off) * half > _WIDEST:
                continue
            for guard_bits in (_OFFSET_BITS, *range(_OFFSET_BITS + 1)):
                table = self._with_offsets(blocks, low_bits, group_bits, guard_bits, slopes)
                if table is None and guard_bits == _OFFSET_BITS:
                    break
                if table is not None:
                    self._offer(table)
            else:
                return

    def _with_offsets(
        self,
        blocks: Blocks,
        low_bits: int,
        group_bits: int,
        guard_bits: int,
        slopes: NDArray[np.float64],
    ) -> Table | None:
        half = 1 << (low_bits - 1)
        distances = np.arange(half) + 0.5
        offsets = np.rint(slopes[:, None] * distances * 2.0**guard_bits).astype(np.int64)
        signed = np.hstack([-offsets[:, ::-1], offsets])
        group = np.arange(len(blocks.low) + 1) >> group_bits
        group = np.minimum(group, len(slopes) - 1)
        values = _fit(blocks, signed[group[:-1]][None], signed[group[-1], :1], guard_bits)
        if values is None:
            return None
        frac_bits = self.format.frac_bits + guard_bits
        between = Offsets(codes=_spanned(offsets, frac_bits), group_bits=group_bits)
        return self._table(blocks, low_bits, guard_bits, values, between)

    def _table(
        self,
        blocks: Blocks,
        low_bits: int,
        guard_bits: int,
        values: _Values,
        interpolation: Interpolation | None,
    ) -> Table:
        reduction = self.reduction
        return Table(
            function=self.function,
            source=self.source,
            format=self.format,
            origin=blocks.origin,
            mirrored=reduction.mirrored,
            reflection=reduction.reflection,
            ramp=reduction.ramp,
            last=blocks.last,
            low_bits=low_bits,
            guard_bits=guard_bits,
            values=_spanned(values.codes, self.format.frac_bits + guard_bits - values.shift),
            interpolation=interpolation,
        )


def _spanned(codes: Integers, frac_bits: int) -> Codes:
    """Return integers in the smallest format that holds them."""
    fmt = FixedFormat.spanning(int(codes.min()), int(codes.max()), frac_bits=frac_bits)
    return Codes(codes=codes, format=fmt)
