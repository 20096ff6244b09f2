# SPDX-License-Identifier: Apache-2.0
"""The semiseparable memory by two recursions, in int64."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import FixedFormat, Requant, Rounding
from lmu_hw.fixed.ops import requantize
from lmu_hw.network.semiseparable import Semiseparable

__all__ = ["SemiseparableModel"]

Codes = NDArray[np.int64]


class SemiseparableModel:
    """Computes the sums of a `Semiseparable` update that become states."""

    def __init__(
        self, name: str, update: Semiseparable, source: FixedFormat, state: FixedFormat
    ) -> None:
        self.name, self.update = name, update
        self.bits = bits = update.sum_frac_bits(state)
        self.frac_bits = bits.state
        x, f, b = (fmt.frac_bits for fmt in (state, update.forward.format, update.backward.format))
        rows = update.decay.format.frac_bits + update.max_shift
        carry = update.carry.format.frac_bits
        up = (update.max_shift - np.array(update.shifts))[:, None]
        coupling = (update.coupling.codes << up)[:, :, None]  # (d, r, 1)
        # Every operand of a sum, aligned with it.
        self.start = f - source.frac_bits
        self.backward_x = coupling << bits.backward - rows - x
        self.backward_b = -update.carry.codes.swapaxes(1, 2) << bits.backward - carry - b
        self.forward_x = bits.forward - x
        self.forward_f = update.carry.codes << bits.forward - carry - f
        self.state_x = (1 << bits.state - x) - (
            update.decay.codes[:, None] << up << bits.state - rows - x
        )
        self.state_f = coupling << bits.state - rows - f
        self.state_b = bits.state - b

    def totals(self, x: Codes, u: Codes) -> Codes:
        """Return the sums of all states, (d, columns), from the states before and u (columns,)."""
        b = self._backward(x)
        f = self._forward(x, u)
        total = self.state_x * x + (b[:, 0] << self.state_b)
        return total - (self.state_f * f).sum(axis=1)

    def _backward(self, x: Codes) -> Codes:
        """Return b of every state, (d, r, columns)."""
        requant = self.update.backward
        return self._recursion(
            self.backward_x * x[:, None],
            self.backward_b,
            np.zeros((self.update.rank, x.shape[1]), np.int64),
            self.bits.backward,
            requant,
            "backward",
        )[::-1]

    def _forward(self, x: Codes, u: Codes) -> Codes:
        """Return f of every state, (d, r, columns)."""
        rank = self.update.rank
        entering = np.zeros((len(x), rank, x.shape[1]), np.int64)
        entering[:, 0] = x << self.forward_x
        start = np.zeros((rank, x.shape[1]), np.int64)
        start[0] = -u << self.start
        return self._recursion(
            entering[::-1],
            self.forward_f[::-1],
            start,
            self.bits.forward,
            self.update.forward,
            "forward",
        )

    def _recursion(
        self,
        entering: Codes,
        carry: Codes,
        start: Codes,
        frac_bits: int,
        requant: Requant,
        what: str,
    ) -> Codes:
        """Return what is carried into each state, from the last element of the arguments on.

        Parameters
        ----------
        entering : (d, r, columns) int64
            What each state adds, aligned with the sum.
        carry : (d, r, r) int64
        start : (r, columns) int64
        frac_bits : int
            Of the sums.
        requant : Requant
        what : str
            The recursion, for messages.
        """
        shift = frac_bits - requant.format.frac_bits
        if shift > 0 and requant.rounding is Rounding.HALF_UP:
            entering = entering + (1 << shift - 1)
        carried = np.empty_like(entering)
        carried[0] = now = start
        scalar = len(start) == 1
        # Python integers, and results in their place: half the time of a small array is overhead.
        weights = carry[:0:-1, 0, 0].tolist() if scalar else carry[:0:-1]
        for weight, added, following in zip(weights, entering[:0:-1], carried[1:], strict=True):
            (np.multiply if scalar else np.matmul)(weight, now, out=following)
            following += added
            if shift > 0:
                following >>= shift
            else:
                following <<= -shift
            now = following
        checked, _ = requantize(
            carried, requant.format.frac_bits, requant, what=f"{self.name} {what}"
        )
        return checked
