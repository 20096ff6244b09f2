# SPDX-License-Identifier: Apache-2.0
"""Activation tables: integers that answer every input code within a bound of the function."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import ConfigError
from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.fixed.ops import dequantize, quantize
from lmu_hw.lmu.activations import activation
from lmu_hw.network import Table
from lmu_hw.quantize.decompose import decomposed, table_cost
from lmu_hw.quantize.options import NEAREST
from lmu_hw.quantize.reductions import Bounds, reduced

__all__ = ["MAX_TABLE_BITS", "saturation_int_bits", "table_error", "tabulate"]

MAX_TABLE_BITS = 20
"""Widest table address; 2**20 entries fill every block RAM of a mid-size FPGA."""

_NEARER = (NEAREST, 0.75)
"""Errors, in ulp, that are taken instead of a larger one where they cost little."""

_WORTH = 2
_NEXT_TO_NOTHING = 2048
"""In ROM bits; see `table_cost`."""

_QUICK_BITS = 16
"""Addresses up to which the search takes a fraction of a second."""


def tabulate(
    function: str, source: FixedFormat, output: FixedFormat, *, where: str, error: float = NEAREST
) -> Table:
    """Return a table of an activation that is nowhere off by more than `error`.

    The cheapest one, or one that is nearer the function for little more: of the errors `NEAREST`,
    0.75 and `error`, the least whose table costs at most `_WORTH` times that of the largest, or
    next to nothing. Where the format ends before the function does, the end is answered. With
    `NEAREST`, every answer is the nearest code, half to even.

    Parameters
    ----------
    function : str
    source, output : FixedFormat
        Of the codes that enter, and of the answers.
    where : str
        Name of the node, for messages.
    error : float
        In ulp of the output.

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
    activation(function, where=where)  # which names the node
    cheapest = _tabulated(function, source, output, error)
    most = max(_WORTH * table_cost(cheapest), _NEXT_TO_NOTHING)
    for nearer in _NEARER if source.width <= _QUICK_BITS else ():
        if nearer < error:
            table = _tabulated(function, source, output, nearer)
            if table_cost(table) <= most:
                return table
    return cheapest


@lru_cache(maxsize=256)
def _tabulated(function: str, source: FixedFormat, output: FixedFormat, error: float) -> Table:
    values = _exact(function, source)
    requant = Requant(format=output, rounding=Rounding.HALF_EVEN, overflow=Overflow.SATURATE)
    nearest, _ = quantize(values, requant, what=f"table of {function}")
    bounds = Bounds.around(values / output.ulp, nearest, output, error)
    return decomposed(function, reduced(bounds, source, output), source, output)


def table_error(table: Table, *, where: str) -> tuple[float, float]:
    """Return how far a table is from its function, over all codes that may enter.

    Returns
    -------
    error : float
        The largest, in ulp of the output, where the output format holds the function's value.
    beyond : float
        The same where it does not; 0 if it always does.
    """
    source, output = table.source, table.format
    activation(table.function, where=where)  # which names the node
    values = _exact(table.function, source) / output.ulp
    answers = np.roll(table.codes.codes, -source.min_code)  # from the smallest code on
    errors = np.abs(answers - values)
    held = (output.min_code <= values) & (values <= output.max_code)
    return float(errors[held].max(initial=0.0)), float(errors[~held].max(initial=0.0))


def _exact(function: str, source: FixedFormat) -> NDArray[np.float64]:
    """Return the function at every code, from the smallest one on."""
    codes = np.arange(source.min_code, source.max_code + 1)
    return activation(function, where="")(dequantize(codes, source))


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
