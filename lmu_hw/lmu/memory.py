# SPDX-License-Identifier: Apache-2.0
"""A memory as a layer has it: its two matrices, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lmu_hw.checked import Check, member, optional, real, settle
from lmu_hw.errors import NetworkError
from lmu_hw.lmu._arrays import freeze
from lmu_hw.lmu.system import Discretizer, discretize

__all__ = ["Memory"]

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Memory:
    """A discrete linear memory ``m[t] = A m[t-1] + B u[t]``.

    Parameters
    ----------
    A : (order, order) float64
    B : (order,) float64
    theta : float or None
        Window in steps; None if the file does not say.
    discretizer : Discretizer
        Where A and B come from.
    """

    A: Array
    B: Array
    theta: float | None
    discretizer: Discretizer

    def __post_init__(self) -> None:
        settle(self, _MEMORY_CHECKS, where="memory")
        freeze(self, "memory", {"A": (self.order, self.order), "B": (self.order,)})

    @classmethod
    def legendre(cls, order: int, theta: float, discretizer: Discretizer) -> Memory:
        """Return the Legendre memory of that order and window, discretized with a step of 1."""
        a, b = discretize(order, theta, discretizer)
        return cls(A=a, B=b, theta=theta, discretizer=discretizer)

    @property
    def order(self) -> int:
        """Number of states."""
        return len(self.B)


_MEMORY_CHECKS: dict[str, Check] = {
    "theta": optional(
        partial(real, above=0.0, rule="a positive number of steps", error=NetworkError)
    ),
    "discretizer": partial(member, kind=Discretizer, error=NetworkError),
}
