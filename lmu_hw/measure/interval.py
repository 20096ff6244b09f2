# SPDX-License-Identifier: Apache-2.0
"""How far a share that was counted may be from that of more data of the same kind."""

from __future__ import annotations

import math

__all__ = ["NORMAL_95", "share_interval"]

NORMAL_95 = 1.959963984540054
"""Standard deviations within which 95 % of a normal distribution lie."""


def share_interval(share: float, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share among `count` independent answers (Wilson, 1927).

    Unlike the normal one it stays within 0 to 1, and is right for few answers and shares near 1.
    """
    square = NORMAL_95**2 / count
    centre = share + square / 2
    half = NORMAL_95 * math.sqrt(share * (1 - share) / count + square / count / 4)
    return max(0.0, (centre - half) / (1 + square)), min(1.0, (centre + half) / (1 + square))
