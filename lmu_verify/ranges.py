# SPDX-License-Identifier: Apache-2.0
"""Whether memories keep to their formats: as closely as that takes, and no closer.

A certificate's bounds are close ones, and to follow the powers of A until they are takes most of
the time of a check. That nothing overflows follows from far looser ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil

from lmu_verify.claims import LEVELS, Judge, Verdict
from lmu_verify.errors import NotShown
from lmu_verify.memory import Carried
from lmu_verify.sums import response_sums

__all__ = ["range_verdicts"]


def range_verdicts(judge: Judge) -> Iterator[Verdict]:
    """Yield the verdicts on what a memory stores and carries, without its certificate."""
    gains: list[Fraction] = []

    def states() -> str:
        found, said = _states(judge)
        gains.extend(found)
        return said

    yield judge.verdict("range", states)
    if judge.memory.carried:
        yield judge.verdict("sweeps", lambda: _sweeps(judge, gains or None), "range")


def _states(judge: Judge) -> tuple[list[Fraction], str]:
    """Show that no state overflows, or that all are limited; return what rounding adds to them.

    Nothing of limited ones: no error has a bound of its own there.
    """
    reason = NotShown("nothing was tried")
    for level in range(LEVELS):
        try:
            return _bounded(judge, level)
        except NotShown as error:
            reason = error
        if judge.memory.node.requant.overflow != "forbid":
            return [], "states may overflow, and do not leave their format"
    raise reason


def _bounded(judge: Judge, level: int) -> tuple[list[Fraction], str]:
    memory, limit = judge.memory, judge.memory.format.max_code
    peaks = response_sums([(memory.system, None)], judge.progress, level=level)
    heard = [memory.u_limit / memory.format.ulp * peak for peak in peaks]
    gains = judge.rounding([(limit - each) / memory.error_ulp for each in heard], level)
    pairs = zip(heard, gains, strict=True)
    largest = ceil(max(each + memory.error_ulp * gain for each, gain in pairs))
    if largest > limit:
        raise NotShown(f"at most {largest} of {limit} codes, as far as is shown")
    return gains, f"at most {largest} of {limit} codes, so nothing overflows"


def _sweeps(judge: Judge, gains: list[Fraction] | None) -> str:
    """Show that nothing that the update carries leaves its format."""
    said = []
    for carried in judge.memory.carried:
        largest = _largest(judge, carried, gains)
        said.append(f"{carried.name} at most {largest} of {carried.format.max_code} codes")
    return ", ".join(said)


def _largest(judge: Judge, carried: Carried, gains: list[Fraction] | None) -> int:
    """Return what a carried number does not exceed, in codes; it lies in its format."""
    limit, reason = carried.format.max_code, NotShown("nothing was tried")
    for level in range(LEVELS):
        try:
            largest = ceil(judge.reach(carried, level, gains))
        except NotShown as error:
            reason = error
            continue
        if largest <= limit:
            return largest
        reason = NotShown(f"{carried.name}: at most {largest} of {limit} codes, as far as is shown")
    raise reason
