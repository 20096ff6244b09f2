# SPDX-License-Identifier: Apache-2.0
"""How long a proof may take: where the time is over, what runs ends with `OutOfTime`.

There is one end at a time, as there is one table of atoms.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["TIME_LIMIT", "OutOfTime", "ended", "left", "limited", "now"]

TIME_LIMIT = 900.0
"""Seconds that a proof may take, unless it is told otherwise."""

_limit = math.inf
_end = math.inf
_clock: Callable[[], float] = time.monotonic


class OutOfTime(Exception):
    """The time is over; what was to be shown is not."""

    def __init__(self) -> None:
        super().__init__(f"given up: the limit of {_limit:g} s is over")


@contextmanager
def limited(seconds: float, clock: Callable[[], float] = time.monotonic) -> Iterator[None]:
    """Let what runs within end after some seconds, where it looks for the time.

    By `time.process_time` as the clock, what is given up does not depend on what else runs.
    """
    global _limit, _end, _clock
    before = _limit, _end, _clock
    _limit, _end, _clock = seconds, clock() + seconds, clock
    try:
        yield
    finally:
        _limit, _end, _clock = before


def now() -> float:
    """Return the seconds by the clock of the present limit."""
    return _clock()


def left() -> float:
    """Return the seconds that are left."""
    return max(_end - _clock(), 0.0)


def ended() -> None:
    """Look for the time.

    Raises
    ------
    OutOfTime
    """
    if _clock() > _end:
        raise OutOfTime
