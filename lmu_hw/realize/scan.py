# SPDX-License-Identifier: Apache-2.0
"""The forward Euler memory by running sums: d products a step, for long windows only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from lmu_hw.fixed import FixedFormat, Requant
from lmu_hw.lmu import Discretizer
from lmu_hw.lmu.scan import smallest_euler_window
from lmu_hw.network.scan import Scan
from lmu_hw.proofs import StabilityError
from lmu_hw.realize.base import wider_than
from lmu_hw.realize.running_sums import (
    RunningSumsRealization,
    largest_sum,
    nearest,
    rate_code,
    running_format,
    up,
)

__all__ = ["ScanRealization", "scan_update"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRealization(RunningSumsRealization):
    """The forward Euler memory; stable for windows of about ``0.63 d**(5/3)`` steps and more."""

    kind: ClassVar[str] = "scan"
    help: ClassVar[str] = "running sums of the Euler memory, d products; long windows only"
    discretizer: ClassVar[Discretizer] = Discretizer.EULER
    reloadable_as: ClassVar[str] = "scan"

    @property
    def reloadable(self) -> bool:
        return True

    def integers(self, order: int, **formats: Any) -> Scan:
        return scan_update(order, self.theta, **formats)


def scan_update(
    order: int,
    theta: float,
    *,
    rate_bits: int,
    state: Requant,
    source: FixedFormat,
    running_bits: int | None = None,
    where: str,
) -> Scan:
    """Return the integers of a forward Euler memory.

    Parameters
    ----------
    order : int
    theta : float
        Window in steps; the one realized is `Scan.theta`, which is the same for a power of two.
    rate_bits : int
        Bits of the code K that stands for the window.
    state : Requant
        The narrowing of the states.
    source : FixedFormat
        Of u. The running sum gets the integer bits that hold it for all states and u of their
        formats, or those that it can reach if no state overflows and the narrowing forbids it.
    running_bits : int, optional
        Integer bits that it has at least.
    where : str
        Names the memory in messages.

    Raises
    ------
    ConfigError
        If `rate_bits` is less than 1, or the window is too short for a rate below 1.
    StabilityError
        If forward Euler is not stable for the window, as it is or as rounded; names the smallest
        for which it is.
    """
    limit = smallest_euler_window(order)
    if not theta > limit:
        raise StabilityError(
            f"{where}: forward Euler must have a window above {up(limit):g} steps to be stable at "
            f"order {order}, not {theta:g}; set `realization` to semiseparable or dense"
        )
    rate = rate_code(1.0 / theta, rate_bits, where=where)
    wide = FixedFormat(
        signed=True, int_bits=0, frac_bits=max(state.format.frac_bits, source.frac_bits)
    )
    update = Scan(order=order, rate=rate, running=wide)
    if not update.theta > limit:
        bits = next((n for n in wider_than(rate_bits) if 1 / nearest(1.0 / theta, n) > limit), None)
        raise StabilityError(
            f"{where}: forward Euler must have a window above {up(limit):g} steps to be stable at "
            f"order {order}, but rounding its rate to {rate_bits} bits makes it "
            f"{float(update.theta):g}; "
            + (f"give it {bits} `memory_bits`" if bits else "set `realization` to dense")
        )
    A, B = update.matrices()
    # (2i+1) s[i] / theta is the change of state i.
    scale = update.factors * rate.format.ulp
    rows = np.column_stack([A - np.eye(order), B]) / scale[:, None]
    largest = largest_sum((A, B), rows, source, state)
    running = running_format(largest, wide.frac_bits, running_bits)
    return Scan(order=order, rate=rate, running=running)
