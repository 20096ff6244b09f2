# SPDX-License-Identifier: Apache-2.0
"""The semiseparable update, by two recursions: O(d) products a step instead of d**2.

In the orthonormal Legendre basis, with the sign of every odd state changed, the discretized memory
``x' = A x + B u`` is symmetric up to signs, ``A.T = S A S`` with ``S = diag((-1)**k)``, and what
lies below its diagonal has a low rank r: r = 1 for the bilinear discretization. So two recursions
over the states compute it, and both read the same coefficients (decay D, coupling U, carry W):

    b[d-1] = 0,     b[k-1] = narrow(U[k] x[k] - W[k].T b[k])             backward, k = d-1 ... 1
    f[0] = -u e_0,  f[k+1] = narrow(W[k] f[k] + e_0 x[k])                forward,  k = 0 ... d-2
    x'[k] = narrow(x[k] - D[k] x[k] - U[k] . f[k] + b[k][0])

The scale of the r carried numbers is chosen so that x enters without a product. For r = 1 all
coefficients are positive, W is at most 1, and for |u| <= 1 neither recursion grows: |f| is at most
about 2 and |b| about 1/4 where the window is 3 d or more; docs/memory.md has shorter ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import NetworkError
from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.network.codes import MAX_SHIFT, Codes, Products

__all__ = ["RecursionSums", "Semiseparable"]


class RecursionSums(NamedTuple):
    """One number for each of the three sums of a semiseparable update."""

    backward: int
    forward: int
    state: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Semiseparable:
    """A semiseparable update of d states that carries r numbers in each direction.

    Parameters
    ----------
    decay : Codes
        D, (d,).
    coupling : Codes
        U, (d, r), in the format of `decay`.
    carry : Codes
        W, (d, r, r); the last one is not read.
    shifts : tuple of int
        Row k of D and U stands for ``code * 2**-(frac_bits + shifts[k])``.
    forward, backward : Requant
        The narrowings of f and b. Overflow must be forbidden: nothing saturates inside a recursion.

    Raises
    ------
    NetworkError
        If shapes or formats do not fit each other.
    """

    kind: ClassVar[str] = "semiseparable"
    reloadable: ClassVar[bool] = True

    decay: Codes
    coupling: Codes
    carry: Codes
    shifts: tuple[int, ...]
    forward: Requant
    backward: Requant

    def __post_init__(self) -> None:
        d, r = self.order, self.rank
        for what, codes, shape in (
            ("decay", self.decay, (d,)),
            ("coupling", self.coupling, (d, r)),
            ("carry", self.carry, (d, r, r)),
        ):
            if codes.codes.shape != shape:
                raise NetworkError(f"{what} must have the shape {shape}, not {codes.codes.shape}")
        if len(self.shifts) != d or not all(0 <= shift <= MAX_SHIFT for shift in self.shifts):
            raise NetworkError(
                f"there must be {d} row shifts from 0 to {MAX_SHIFT}, not {self.shifts}"
            )
        if self.decay.format != self.coupling.format:
            raise NetworkError(
                f"decay and coupling must share a format, not {self.decay.format} and "
                f"{self.coupling.format}"
            )
        for what, codes in self.coefficients:
            if codes.format.frac_bits < 0:
                raise NetworkError(
                    f"an ulp of {what} must be at most 1, not that of {codes.format}"
                )
        for name in ("forward", "backward"):
            requant: Requant = getattr(self, name)
            if requant.overflow is not Overflow.FORBID or not requant.format.signed:
                raise NetworkError(
                    f"the {name} recursion must be signed and forbid overflow, not "
                    f"{requant.format} with {requant.overflow.value}"
                )
            if requant.rounding not in (Rounding.HALF_UP, Rounding.FLOOR):
                raise NetworkError(
                    f"the {name} recursion must round by half_up or floor, not "
                    f"{requant.rounding.value}: its loop has time for one addition"
                )

    @property
    def order(self) -> int:
        """Number of states, d."""
        return len(self.decay.codes)

    @property
    def rank(self) -> int:
        """Numbers carried from state to state in each direction, r."""
        return self.coupling.codes.shape[-1]

    @property
    def max_shift(self) -> int:
        """Largest row shift."""
        return max(self.shifts)

    @property
    def carried(self) -> NDArray[np.bool_]:
        """Which elements of W are not zero in every state, (r, r)."""
        return np.asarray(np.any(self.carry.codes[:-1], axis=0))

    @property
    def coefficients(self) -> tuple[tuple[str, Codes], ...]:
        """Every array of coefficients by name."""
        return (("decay", self.decay), ("coupling", self.coupling), ("carry", self.carry))

    def products(self, state: FixedFormat) -> tuple[Products, ...]:
        """Return the products of one update, for states in a format.

        D x and U f of every state; U x of all but the first; W f of all but the last; W b of the
        states between.
        """
        d, r, carried = self.order, self.rank, int(self.carried.sum())
        rates, carry = self.decay.format.width, self.carry.format.width
        forward, backward = self.forward.format.width, self.backward.format.width
        return (
            Products(count=d + r * (d - 1), coefficient=rates, operand=state.width),
            Products(count=r * d, coefficient=rates, operand=forward),
            Products(count=carried * max(d - 1, 0), coefficient=carry, operand=forward),
            Products(count=carried * max(d - 2, 0), coefficient=carry, operand=backward),
        )

    @property
    def coefficient_bits(self) -> int:
        """Bits of D, U, W and the row shifts."""
        d, rows = self.order, 1 + self.rank
        return (
            d * rows * self.decay.format.width
            + (d - 1) * int(self.carried.sum()) * self.carry.format.width
            + d * self.max_shift.bit_length()
        )

    def check(self, name: str, source: FixedFormat, requant: Requant) -> None:
        """Raise `NetworkError` if states or input do not fit the update."""
        forward = self.forward.format
        up = forward.frac_bits - source.frac_bits
        if up < 0 or -forward.min_code < source.max_magnitude << up:
            raise NetworkError(
                f"{name}: the forward recursion starts with -u, so {forward} must hold {source}"
            )

    def sum_frac_bits(self, state: FixedFormat) -> RecursionSums:
        """Return the fraction bits of the three sums, for states in a format."""
        rows = self.decay.format.frac_bits + self.max_shift
        carry = self.carry.format.frac_bits
        x, f, b = state.frac_bits, self.forward.format.frac_bits, self.backward.format.frac_bits
        return RecursionSums(
            backward=max(rows + x, carry + b),
            forward=max(carry + f, x),
            state=max(rows + x, rows + f, b, x),
        )

    def sum_bounds(self, state: FixedFormat) -> RecursionSums:
        """Return bounds on the magnitude of the three sums, partial ones included.

        From the formats of what they read and the actual coefficients.
        """
        bits = self.sum_frac_bits(state)
        x, f, b = (fmt.max_magnitude for fmt in (state, self.forward.format, self.backward.format))
        f_bits, b_bits = self.forward.format.frac_bits, self.backward.format.frac_bits
        # Python integers: bounds may exceed 64 bits.
        D = [abs(int(code)) << self.max_shift - s for code, s in self._rows(self.decay.codes)]
        U = [
            sum(abs(int(code)) for code in row) << self.max_shift - s
            for row, s in self._rows(self.coupling.codes)
        ]
        W = [abs(w).astype(object) for w in self.carry.codes]
        rows = self.decay.format.frac_bits + self.max_shift
        carry = self.carry.format.frac_bits
        widest = max(max(w.sum(axis=0).max(), w.sum(axis=1).max()) for w in W)
        return RecursionSums(
            backward=(max(U) * x << bits.backward - rows - state.frac_bits)
            + (int(widest) * b << bits.backward - carry - b_bits),
            forward=(int(widest) * f << bits.forward - carry - f_bits)
            + (x << bits.forward - state.frac_bits),
            state=(x << bits.state - state.frac_bits)
            + (b << bits.state - b_bits)
            + (max(D) * x << bits.state - rows - state.frac_bits)
            + (max(U) * f << bits.state - rows - f_bits),
        )

    def _rows(self, codes: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], int]]:
        return zip(codes, self.shifts, strict=True)
