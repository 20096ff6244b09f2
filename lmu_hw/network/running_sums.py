# SPDX-License-Identifier: Apache-2.0
"""What updates by running sums share: the window as one number, counted up to a factor a state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import NetworkError
from lmu_hw.fixed import FixedFormat, Requant, Rounding
from lmu_hw.network.codes import Codes

__all__ = ["RunningSums"]


@dataclass(frozen=True, kw_only=True, eq=False)
class RunningSums:
    """An update in the Legendre basis, where every row of A and B is ``2i+1`` times signs.

    Parameters
    ----------
    order : int
        Number of states, d.
    rate : Codes
        One positive code, (1,), ``K 2**-F``: the step over the window, or over a multiple of it.

    Raises
    ------
    NetworkError
        If there is no state, or the rate is not one positive code with at least one fraction bit.
    """

    max_shift: ClassVar[int] = 0  # all states have the same scale

    order: int
    rate: Codes

    def __post_init__(self) -> None:
        if self.order < 1:
            raise NetworkError(f"the order of a memory must be at least 1, not {self.order!r}")
        rate = self.rate
        if rate.codes.shape != (1,) or rate.codes.item() < 1 or rate.format.frac_bits < 1:
            raise NetworkError(
                f"the rate of a memory must be one positive code below 1, not {rate.codes} in "
                f"{rate.format}"
            )

    @property
    def factors(self) -> NDArray[np.int64]:
        """``K (2i+1)`` of every state, (d,): what s is multiplied with."""
        return self.rate.codes.item() * (2 * np.arange(self.order) + 1)

    def _check_sums(
        self, name: str, running: FixedFormat, source: FixedFormat, requant: Requant
    ) -> None:
        """Raise `NetworkError` if running sums in a format cannot take states and input."""
        most = max(requant.format.frac_bits, source.frac_bits)
        if running.frac_bits < most:
            raise NetworkError(
                f"{name}: its running sums must have at least {most} fraction bits, those of the "
                f"states and the input, not {running.frac_bits}"
            )
        if requant.rounding not in (Rounding.HALF_UP, Rounding.FLOOR):
            raise NetworkError(
                f"{name}: must round by half_up or floor, not {requant.rounding.value}: how many "
                "bits it drops depends on the window"
            )
