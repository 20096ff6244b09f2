# SPDX-License-Identifier: Apache-2.0
"""What realizations by running sums share: the window as one code, and formats that follow."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lmu_hw.checked import Check, optional, real, settle, whole
from lmu_hw.errors import ConfigError
from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.lmu import Discretizer, LmuLayer, Memory, Role, discretize, node_name
from lmu_hw.network import Codes, Update
from lmu_hw.proofs import StabilityError
from lmu_hw.proofs.gains import gains_of, input_gain
from lmu_hw.realize.base import (
    Basis,
    MemoryFormats,
    NodeFormats,
    UpdateRealization,
    wider_than,
    window_of,
)
from lmu_hw.records import stored

__all__ = [
    "RunningSumsRealization",
    "largest_sum",
    "nearest",
    "rate_code",
    "running_format",
    "up",
]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningSumsRealization(UpdateRealization):
    """A Legendre memory in the basis of the trained file, whose rows are ``2i+1`` times signs.

    Parameters
    ----------
    theta : float
        Window in steps.
    rate_bits : int
        Bits of the constant that stands for the window.
    running_bits : int or None
        Integer bits that the running sums have at least, as the proof of their range asks for;
        None: as few as are estimated from the gains of the memory.
    """

    discretizer: ClassVar[Discretizer]
    takes_share: ClassVar[bool] = False

    theta: float = field(metadata=stored(note="window in steps"))
    rate_bits: int = field(
        default=0, metadata=stored(sparse=True, note="of the constant for the window")
    )
    running_bits: int | None = field(
        default=None,
        metadata=stored(sparse=True, note="integer bits of the running sums, at least"),
    )

    def __post_init__(self) -> None:
        checks: dict[str, Check] = {
            "theta": partial(real, above=0.0, rule="positive and finite"),
            "rate_bits": partial(whole, least=0),
            "running_bits": optional(whole),
        }
        settle(self, checks)

    @classmethod
    def of(cls, memory: Memory, tolerance: float | None, *, where: str) -> Any:
        return cls(theta=window_of(memory, cls.kind, where=where))

    @classmethod
    def states(cls, order: int, basis: Basis) -> Array:
        return np.ones(order)

    def legendre(self, order: int) -> Memory:
        return Memory.legendre(order, self.theta, self.discretizer)

    def at_window(self, theta: float) -> Any:
        return replace(self, theta=theta)

    def matrices(self, layer: LmuLayer, u_share: float) -> tuple[Array, Array]:
        return discretize(layer.memory.order, self.theta, self.discretizer)

    def coefficient_bits(self, config: NodeFormats) -> int:
        return self.rate_bits

    @abstractmethod
    def integers(self, order: int, **formats: Any) -> Update:
        """Return the update of an order for the window; its formats are those of `update`."""

    def update(
        self, layer: LmuLayer, config: NodeFormats, source: FixedFormat, u_share: float
    ) -> Update:
        return self.integers(
            layer.memory.order,
            rate_bits=self.rate_bits,
            running_bits=self.running_bits,
            state=config.requant,
            source=source,
            where=node_name(layer.name, Role.MEMORY),
        )

    def formats(
        self,
        layer: LmuLayer,
        bits: int,
        states: Requant,
        source: FixedFormat,
        u_share: float,
        proved: Mapping[str, int],
    ) -> MemoryFormats:
        running_bits = max(proved.values(), default=None)
        realization = replace(self, rate_bits=bits, running_bits=running_bits)
        return MemoryFormats(realization=realization, weights={}, row_shifts=False)


def rate_code(rate: float, bits: int, *, where: str) -> Codes:
    """Return the code of at most `bits` bits that is closest to a rate, with no trailing zeros.

    Raises
    ------
    ConfigError
        If `bits` is less than 1, or the rate is not below 1.
    """
    if bits < 1:
        raise ConfigError(f"{where}: its rate must have at least 1 bit, not {bits}")
    if rate >= 1.0:
        raise ConfigError(
            f"{where}: its rate must be below 1, not {rate:g}, as the window is too short for "
            "running sums; set `realization` to semiseparable or dense"
        )
    rounded = nearest(rate, bits)
    if rounded >= 1:
        wider = next((n for n in wider_than(bits) if nearest(rate, n) < 1), None)
        raise ConfigError(
            f"{where}: its rate of {rate:g} must not round to 1, as it does with {bits} bits; "
            + (f"give it {wider} `memory_bits`" if wider else "set `realization` to dense")
        )
    code, frac_bits = rounded.numerator, rounded.denominator.bit_length() - 1
    width = code.bit_length()
    fmt = FixedFormat.of_width(width, signed=False, int_bits=width - frac_bits)
    return Codes(codes=np.array([code]), format=fmt)


def nearest(rate: float, bits: int) -> Fraction:
    """Return the fraction with a numerator of at most `bits` bits that is closest to a rate."""
    exponent = int(np.frexp(rate)[1])
    code = int(np.rint(np.ldexp(rate, bits - exponent)))
    return code * Fraction(2) ** (exponent - bits)


def up(limit: float) -> float:
    """Return a window that is enough, of one decimal."""
    return math.ceil(10.0 * limit) / 10.0


def largest_sum(
    memory: tuple[Array, Array], rows: Array, source: FixedFormat, state: Requant
) -> float:
    """Return about how far some sums of states and input reach, for all inputs and all time.

    What the roundings of few bits add to other sums than the largest is left to the proof.

    From the formats, or, where overflow of the states is forbidden, from the worst-case gains of
    the memory, rounding of the states included, if that is less.

    Parameters
    ----------
    memory : A (d, d), B (d,) float64
    rows : (n, d + 1) float64
        What each sum takes of the states before a step, and of u.
    source : FixedFormat
        Of u.
    state : Requant
        The narrowing of the states.
    """
    A, B = memory
    states, through = np.ascontiguousarray(rows[:, :-1]), np.abs(rows[:, -1])
    size = np.abs(states).sum(axis=1)
    u = source.max_magnitude * source.ulp
    limit = float(np.max(size * state.format.max_magnitude * state.format.ulp + through * u))
    if state.overflow is not Overflow.FORBID:
        return limit
    try:
        gains = gains_of(A, what="memory")
    except StabilityError:
        return limit
    heard = through + input_gain(A, B, gains.lyapunov, size * gains.rounding.max(), states)
    worst = int(np.argmax(heard))
    error = state.format.ulp * (1.0 if state.rounding is Rounding.FLOOR else 0.5)
    reached = heard[worst] * u + gains.readout(states[worst : worst + 1])[0] * error
    return min(limit, float(reached))


def running_format(largest: float, frac_bits: int, least: int | None = None) -> FixedFormat:
    """Return the signed format that holds ``+-largest``, of no fewer integer bits than `least`."""
    int_bits = int(np.frexp(largest + 2.0**-frac_bits)[1])
    if least is not None:
        int_bits = max(int_bits, least)
    return FixedFormat(signed=True, int_bits=int_bits, frac_bits=frac_bits)
