# SPDX-License-Identifier: Apache-2.0
"""How long a proof may take: where the time is over, what runs ends with `OutOfTime`.

There is one end at a time, as there is one table of atoms.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["TIME_LIMIT", "OutOfTime", "ended", "left", "limited"]

TIME_LIMIT = 900.0
"""Seconds that a proof may take, unless it is told otherwise."""

_limit = math.inf
_end = math.inf


class OutOfTime(Exception):
    """The time is over; what was to be shown is not."""

    def __init__(self) -> None:
        super().__init__(f"given up: the limit of {_limit:g} s is over")


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Let what runs within end after some seconds, where it looks for the time."""
    global _limit, _end
    before = _limit, _end
    _limit, _end = seconds, time.monotonic() + seconds
    try:
        yield
    finally:
        _limit, _end = before


def left() -> float:
    """Return the seconds that are left."""
    return max(_end - time.monotonic(), 0.0)


def ended() -> None:
    """Look for the time.

    Raises
    ------
    OutOfTime
    """
    if time.monotonic() > _end:
        raise OutOfTime
