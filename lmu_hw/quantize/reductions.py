# SPDX-License-Identifier: Apache-2.0
"""What is left of a function to be tabulated: without its mirror image, its ramp, its flat ends.

A table may answer any code within its bound of the function. These codes are an interval for every
code that enters; each reduction turns them into intervals for every address. Where both sides of a
mirrored address, or all codes of a flat end, have a code in common, the reduction is allowed: that
a function is symmetric is not assumed but follows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import FixedFormat

__all__ = ["Blocks", "Bounds", "Reduction", "reduced"]

Codes = NDArray[np.int64]
Array = NDArray[np.float64]

_FREE = 1 << 34
"""An answer that no format has: on this side every code will do."""

_SLACK = 2.0**-20  # of an ulp: what a function in float64 is surely nearer than


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bounds:
    """Which codes may be answered, both included, and the function itself in ulp.

    Attributes
    ----------
    low, high : (n,) int64
    exact : (n,) float64
    """

    low: Codes
    high: Codes
    exact: Array

    @classmethod
    def around(cls, exact: Array, nearest: Codes, fmt: FixedFormat, error: float) -> Bounds:
        """Return the bounds of a function, `error` ulp around it.

        The nearest code may always be answered. What lies beyond the ends of the format becomes an
        end of it.
        """
        least = np.ceil(np.clip(exact, -_FREE, _FREE) - error + _SLACK)
        most = np.floor(np.clip(exact, -_FREE, _FREE) + error - _SLACK)
        low = np.minimum(least.astype(np.int64), nearest)
        high = np.maximum(most.astype(np.int64), nearest)
        return cls(
            low=np.where(low <= fmt.min_code, -_FREE, low),
            high=np.where(high >= fmt.max_code, _FREE, high),
            exact=np.clip(exact, fmt.min_code - 1, fmt.max_code + 1),
        )

    @property
    def feasible(self) -> bool:
        """There is a code everywhere."""
        return bool(np.all(self.low <= self.high))

    def __getitem__(self, places: Any) -> Bounds:
        return Bounds(low=self.low[places], high=self.high[places], exact=self.exact[places])

    def minus(self, codes: Codes) -> Bounds:
        """Return the bounds of what must be added to `codes`."""
        return Bounds(low=self.low - codes, high=self.high - codes, exact=self.exact - codes)

    def subtracted_from(self, code: int) -> Bounds:
        """Return the bounds of what must be subtracted from a code."""
        return Bounds(low=code - self.high, high=code - self.low, exact=code - self.exact)

    def together(self, other: Bounds) -> Bounds:
        """Return what both allow; the function is that of the first."""
        low, high = np.maximum(self.low, other.low), np.minimum(self.high, other.high)
        return Bounds(low=low, high=high, exact=self.exact)

    def before(self) -> Bounds:
        """Return for each place what is allowed there and at all places before it."""
        low, high = np.maximum.accumulate(self.low), np.minimum.accumulate(self.high)
        return Bounds(low=low, high=high, exact=self.exact)

    def behind(self) -> Bounds:
        """Return for each place what is allowed there and at all places behind it."""
        back = self[::-1].before()[::-1]
        return Bounds(low=back.low, high=back.high, exact=self.exact)

    def beyond(self, count: int) -> Bounds:
        """Return places that are never read: everything is allowed, and the line goes on."""
        free, places = np.full(count, _FREE), np.arange(1, count + 1)
        slope = self.exact[-1] - self.exact[max(len(self.exact) - 2, 0)]
        return Bounds(low=-free, high=free, exact=self.exact[-1] + slope * places)

    def followed_by(self, other: Bounds) -> Bounds:
        """Return both, one behind the other."""
        return Bounds(
            low=np.concatenate([self.low, other.low]),
            high=np.concatenate([self.high, other.high]),
            exact=np.concatenate([self.exact, other.exact]),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Blocks:
    """Addresses in blocks of equal size.

    Attributes
    ----------
    origin : int
        Code of the first address.
    low, high : (blocks, size) int64
    exact : (blocks, size) float64
    end : Bounds or None
        Of the one address behind them, which stands for all that follow; None: none follows.
    last : int
        Largest address.
    """

    origin: int
    low: Codes
    high: Codes
    exact: Array
    end: Bounds | None
    last: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reduction:
    """How codes become addresses, and what may be answered there; see `lmu_hw.network.Table`.

    Attributes
    ----------
    origin : int
        Code of the first place in `bounds`.
    mirrored, ramp : bool
    reflection : int or None
    bounds, head, tail : Bounds
        Of every place; of it and all before it; of it and all behind it.
    start : int
        One code will do for this place and all before it.
    flat : int
        One code will do for this place and all behind it.
    """

    origin: int
    mirrored: bool
    reflection: int | None
    ramp: bool
    bounds: Bounds
    head: Bounds
    tail: Bounds
    start: int
    flat: int

    @classmethod
    def of(
        cls,
        bounds: Bounds,
        origin: int,
        *,
        ramp: bool,
        mirrored: bool = False,
        reflection: int | None = None,
    ) -> Reduction:
        """Return the reduction with its flat ends; a mirrored one has no first one."""
        head, tail = bounds.before(), bounds.behind()
        flat = int(np.argmax(tail.low <= tail.high))
        start = int(np.count_nonzero(head.low <= head.high)) - 1
        return cls(
            origin=origin,
            mirrored=mirrored,
            reflection=reflection,
            ramp=ramp,
            bounds=bounds,
            head=head,
            tail=tail,
            start=0 if mirrored else min(start, max(flat - 1, 0)),
            flat=flat,
        )

    @property
    def addresses(self) -> int:
        """Addresses between the flat ends."""
        return self.flat - self.start

    def blocks(self, size: int) -> Blocks:
        """Return the places between the flat ends, in blocks of `size`.

        They begin at multiples of the size: where a function has a bend, such as 0 or a power of
        two, one block ends and another begins.
        """
        first = self.start // size * size
        top = first + -(-max(self.flat - first, 0) // size) * size
        bounds = self.head[first : first + 1].followed_by(self.bounds[first + 1 : top])
        if top < len(self.bounds.low):
            end, last = self.tail[top : top + 1], top - first
            bounds = bounds[: top - first]
        else:
            end, last = None, len(bounds.low) - 1
            bounds = bounds.followed_by(bounds.beyond(-len(bounds.low) % size))
        return Blocks(
            origin=self.origin + first,
            low=bounds.low.reshape(-1, size),
            high=bounds.high.reshape(-1, size),
            exact=bounds.exact.reshape(-1, size),
            end=end,
            last=last,
        )


def reduced(bounds: Bounds, source: FixedFormat, output: FixedFormat) -> Reduction:
    """Return the reduction that leaves the fewest addresses; of several, the simplest.

    Parameters
    ----------
    bounds : Bounds
        By code, from the smallest one on.
    source, output : FixedFormat
        Of the codes that enter, and of the answers.
    """
    return min(
        _reductions(bounds, source, output),
        key=lambda reduction: (reduction.addresses, reduction.mirrored + reduction.ramp),
    )


def _reductions(bounds: Bounds, source: FixedFormat, output: FixedFormat) -> Iterator[Reduction]:
    yield Reduction.of(bounds, source.min_code, ramp=False)
    yield from _mirrored(bounds, source, ramp=False)
    shift = output.frac_bits - source.frac_bits
    if shift >= 0 and source.signed:
        codes = np.arange(source.min_code, source.max_code + 1)
        rest = bounds.minus(np.maximum(codes, 0) << shift)
        yield Reduction.of(rest, source.min_code, ramp=True)
        yield from _mirrored(rest, source, ramp=True)


def _mirrored(bounds: Bounds, source: FixedFormat, *, ramp: bool) -> Iterator[Reduction]:
    """Yield the reductions by symmetry to the code 0, if there are any: even, or to a point."""
    if not source.signed:
        return
    zero = -source.min_code
    above, below = bounds[zero:], bounds[zero - 1 :: -1]
    reflection = round(2 * float(bounds.exact[zero]))
    for other, offset in ((below, None), (below.subtracted_from(reflection), reflection)):
        shared = above[1:].together(other[:-1])
        if shared.feasible:  # the smallest code has no counterpart
            folded = above[:1].followed_by(shared).followed_by(other[-1:])
            yield Reduction.of(folded, 0, ramp=ramp, mirrored=True, reflection=offset)
