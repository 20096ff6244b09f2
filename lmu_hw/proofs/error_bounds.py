# SPDX-License-Identifier: Apache-2.0
"""Bounds on |quantized - ideal|, split by cause, and how they pass through weights and functions.

The ideal is the float network in the basis and scale of the hardware. What reads a vector x by
rounded weights W' instead of W is off by

    W' x' - W x  =  (W' - W) x'  +  W (x' - x)

so that bounds of x, by cause, give bounds of the sum; a function of slope at most s passes them on
times s. What reads a memory has bounds of its own: see `readouts`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import NetworkError
from lmu_hw.proofs.float_bounds import inflate
from lmu_hw.records import stored

__all__ = ["CAUSES", "Causes", "ErrorBound", "Parts"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Causes:
    """What an error bound is split into; a number for each element.

    Attributes
    ----------
    coefficients, rounding, input : (n,)
        Rounded coefficients, and another discretization of a memory; what narrowing drops and
        tables are off by; what the network's input is off by.
    """

    coefficients: tuple[float, ...]
    rounding: tuple[float, ...]
    input: tuple[float, ...]


CAUSES = tuple(cause.name for cause in fields(Causes))


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorBound:
    """Bounds on |quantized - ideal| of each element: as values, or in ulp within a report.

    Attributes
    ----------
    total : (n,)
        All causes, for all time.
    within : (n,)
        The same for the first steps of a sequence, as many as the certificate says.
    by_cause : Causes
        Of the total.
    """

    total: tuple[float, ...] = field(metadata=stored("error_bound"))
    within: tuple[float, ...] = field(metadata=stored("error_within"))
    by_cause: Causes

    def __post_init__(self) -> None:
        if len(self.within) != len(self.total):
            raise NetworkError("error_within must hold a number for each element")
        for cause in CAUSES:
            if not self.total or len(getattr(self.by_cause, cause)) != len(self.total):
                raise NetworkError(f"by_cause.{cause} must hold a number for each element")

    @property
    def worst(self) -> int:
        """The element of the largest bound."""
        return self.total.index(max(self.total))

    def each(self, change: Callable[[tuple[float, ...]], tuple[float, ...]]) -> ErrorBound:
        """Return the bound with the numbers of all causes, and of the whole, in another form."""
        parts = {cause: change(getattr(self.by_cause, cause)) for cause in CAUSES}
        whole = {"total": change(self.total), "within": change(self.within)}
        return replace(self, **whole, by_cause=Causes(**parts))


class Parts(NamedTuple):
    """An error bound as arrays (n,); `early` is what coefficients do within the first steps."""

    coefficients: Array
    early: Array
    rounding: Array
    input: Array

    @classmethod
    def nothing(cls, size: int) -> Parts:
        """Return the bound of what is exact."""
        return cls(*(np.zeros(size) for _ in range(4)))

    def __add__(self, other: Parts) -> Parts:  # type: ignore[override]
        """Return the bound of a sum."""
        return Parts(*(one + more for one, more in zip(self, other, strict=True)))

    def through(self, weights: Array) -> Parts:
        """Return the bound of ``weights @ x``, weights (m, n)."""
        return Parts(*(inflate(np.abs(weights) @ part) for part in self))

    def scaled(self, slope: float) -> Parts:
        """Return the bound of a function of at most that slope."""
        return Parts(*(inflate(part * slope) for part in self))

    @classmethod
    def of(
        cls, size: int, *, coefficients: Array | float = 0.0, rounding: Array | float = 0.0
    ) -> Parts:
        """Return a bound whose other causes are none."""
        own, dropped = (np.broadcast_to(part, size) for part in (coefficients, rounding))
        return cls(own, own, dropped, np.zeros(size))

    @property
    def bound(self) -> ErrorBound:
        """The record of it."""
        return ErrorBound(
            total=_tuple(inflate(self.coefficients + self.rounding + self.input)),
            within=_tuple(inflate(self.early + self.rounding + self.input)),
            by_cause=Causes(
                coefficients=_tuple(self.coefficients),
                rounding=_tuple(self.rounding),
                input=_tuple(self.input),
            ),
        )


def _tuple(values: Array) -> tuple[float, ...]:
    return tuple(values.tolist())
