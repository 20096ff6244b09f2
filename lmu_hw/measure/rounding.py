# SPDX-License-Identifier: Apache-2.0
"""Numbers as a report has them: finite, nine significant digits."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["rounded", "rounded_all"]

_DIGITS = 9


def rounded(value: float) -> float | None:
    """Return a number to nine significant digits, or None if it is not finite."""
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None


def rounded_all(values: Sequence[float]) -> tuple[float | None, ...]:
    """Return each number to nine significant digits."""
    return tuple(rounded(float(value)) for value in values)
