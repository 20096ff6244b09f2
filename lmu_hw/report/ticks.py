# SPDX-License-Identifier: Apache-2.0
"""Round numbers between the ends of an axis."""

from __future__ import annotations

import math

__all__ = ["linear_ticks", "log_ticks"]

_MOST = 7
_FEW_DECADES = 1.5
_SUBDIVIDED = (1, 2, 5)


def linear_ticks(low: float, high: float, most: int = _MOST) -> list[float]:
    """Return at most so many multiples of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    digits = max(0, 1 - math.floor(math.log10(step)))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(index * step, digits) + 0.0 for index in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Return powers of ten, and 2 and 5 times them where there are few."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    few = math.log10(high / low) < _FEW_DECADES
    every = max(1, math.ceil((last - first) / (_MOST - 1)))
    factors = _SUBDIVIDED if few else (1,)
    ticks = [f * 10.0**power for power in range(first, last + 1, every) for f in factors]
    inside = [tick for tick in ticks if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9)]
    return inside if len(inside) > 1 else linear_ticks(low, high)
