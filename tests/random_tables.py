# SPDX-License-Identifier: Apache-2.0
"""Tables of random parts: every way in which one can be kept."""

from __future__ import annotations

from typing import Any

import numpy as np

from lmu_hw.fixed import FixedFormat
from lmu_hw.network import Codes, Interpolation, Offsets, Slopes, Table

__all__ = ["random_table"]


def random_table(
    random: np.random.Generator, source: FixedFormat, output: FixedFormat, **fields: Any
) -> Table:
    """Return a table of random integers for codes in `source`.

    Parameters
    ----------
    random : np.random.Generator
    source, output : FixedFormat
    fields
        Of the table, in place of random ones.
    """

    def integer(low: int, high: int) -> int:
        return int(random.integers(low, high + 1))

    def codes(width: int, frac_bits: int, *shape: int) -> Codes:
        signed = integer(0, 1) == 1
        fmt = FixedFormat.of_width(width, signed=signed, int_bits=width - signed - frac_bits)
        return Codes(codes=random.integers(fmt.min_code, fmt.max_code + 1, shape), format=fmt)

    kind = integer(0, 2)
    origin = integer(source.min_code, source.max_code)
    mirrored = integer(0, 1) == 1
    farthest = max(source.max_code - origin, origin - source.min_code)
    low_bits = integer(1, source.width) if kind else 0
    last, guard_bits = integer(0, farthest), integer(0, 3)
    words, shift = (last >> low_bits) + 1, integer(0, guard_bits)
    frac_bits = output.frac_bits + guard_bits
    between: Interpolation | None = None
    if kind == 1:
        between = Slopes(codes=codes(integer(1, 5), frac_bits - source.frac_bits, words))
    if kind == 2:
        group_bits = integer(0, min(2, source.width))
        shape = (words - 1 >> group_bits) + 1, 1 << (low_bits - 1)
        between = Offsets(codes=codes(integer(1, 5), frac_bits, *shape), group_bits=group_bits)
    reflected = mirrored and integer(0, 1) == 1
    drawn: dict[str, Any] = {
        "origin": origin,
        "mirrored": mirrored,
        "reflection": integer(-9, 9) if reflected else None,
        "ramp": output.frac_bits >= source.frac_bits and integer(0, 1) == 1,
        "last": last,
        "low_bits": low_bits,
        "guard_bits": guard_bits,
        "values": codes(output.width + guard_bits - shift, frac_bits - shift, words),
        "interpolation": between,
    }
    return Table(function="noise", source=source, format=output, **{**drawn, **fields})
