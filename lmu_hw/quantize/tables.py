# SPDX-License-Identifier: Apache-2.0
"""Activation tables: one output code for every input code."""

from __future__ import annotations

import numpy as np

from lmu_hw.errors import ConfigError
from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.fixed.ops import dequantize, quantize
from lmu_hw.lmu.activations import activation
from lmu_hw.network import Codes, Table

__all__ = ["MAX_TABLE_BITS", "saturation_int_bits", "tabulate"]

MAX_TABLE_BITS = 20
"""Widest table address; 2**20 entries fill every block RAM of a mid-size FPGA."""


def tabulate(function: str, source: FixedFormat, output: FixedFormat, *, where: str) -> Table:
    """Return the table of an activation, nearest rounding, saturated to `output`.

    Every entry is within half an ulp of the function's value at the input code, and within one
    ulp where the output format saturates just below a limit such as 1.

    Raises
    ------
    ConfigError
        If the table would need more than `MAX_TABLE_BITS` address bits.
    """
    if source.width > MAX_TABLE_BITS:
        raise ConfigError(
            f"{where}: the table of {function} must have at most {MAX_TABLE_BITS} address bits, "
            f"not {source.width} ({source}); use fewer activation bits"
        )
    codes = np.arange(source.min_code, source.max_code + 1)
    values = activation(function, where=where)(dequantize(codes, source))
    requant = Requant(format=output, rounding=Rounding.HALF_EVEN, overflow=Overflow.SATURATE)
    table, _ = quantize(values, requant, what=f"{where}: table of {function}")
    if source.signed:
        table = np.roll(table, -(1 << (source.width - 1)))  # address 0 is code 0
    return Table(function=function, codes=Codes(codes=table, format=output))


def saturation_int_bits(function: str, ulp: float, *, where: str) -> int | None:
    """Return the integer bits beyond which a function is constant to within half an ulp.

    Returns
    -------
    int or None
        None for a function that keeps growing.
    """
    f = activation(function, where=where)
    with np.errstate(over="ignore"):
        far = f(np.array([-(2.0**16), 2.0**16]))
    if not np.all(np.isfinite(far)) or abs(far[1] - far[0]) > 2.0**8:
        return None
    for int_bits in range(-2, 16):
        at = 2.0**int_bits
        if np.all(np.abs(f(np.array([-at, at])) - far) <= ulp / 2):
            return int_bits
    return None
