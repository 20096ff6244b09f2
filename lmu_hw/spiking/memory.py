# SPDX-License-Identifier: Apache-2.0
"""A memory of spiking neurons: d populations of n neurons, coupled through d decoded states.

Every neuron of population j fires by chance, the more often the larger the current v[j] is, and a
first-order synapse decodes the state y[j] from the spikes (Voelker, Kajić, Eliasmith 2019, section
on spiking neurons; the synapse replaces the state as in Voelker & Eliasmith 2018, eq. 4). A step:

    v = narrow(A' y + B' u)                              clipped to +-R, R = 2**range_bits
    word[j, i] = generator(word[j, i])                   32 bits for each neuron
    spike[j, i] = e[i] v[j] > top(word[j, i])            e = +1 for even i, -1 for odd i
    y'[j] = narrow(y[j] - 2**-s y[j] + 2**-s (2R/n) sum_i e[i] spike[j, i])

``top`` are the high bits of a word, a signed number that is uniform in +-R. So a neuron fires with
probability ``(1 + e v / R) / 2``: the decoded population has mean v, exactly, and variance
``(R**2 - v**2) / n``. With ``A' = (A - a) / (1 - a)``, ``B' = B / (1 - a)``, ``a = 1 - 2**-s`` the
mean of y obeys ``y' = A y + B u``. No product is needed for a neuron, and none is m by m.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lmu_hw.checked import settle, whole
from lmu_hw.errors import NetworkError, RangeError
from lmu_hw.fixed import FixedFormat, Overflow, Requant
from lmu_hw.network.codes import Codes, Signal

__all__ = ["GENERATOR", "SEEDER", "WORD_BITS", "SpikingMemory", "Xorshift"]

WORD_BITS = 32
_LARGEST_SUM = 1 << 62


@dataclass(frozen=True, slots=True)
class Xorshift:
    """``x ^= x << first``, ``x ^= x >> second``, ``x ^= x << third`` on 32 bits (Marsaglia 2003).

    A word that is not zero comes back after ``2**32 - 1`` steps.
    """

    first: int
    second: int
    third: int


GENERATOR = Xorshift(13, 17, 5)
"""Makes the next word of a neuron from the one before."""

SEEDER = Xorshift(5, 9, 7)
"""Makes the first word of a neuron from that of the neuron before."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SpikingMemory:
    """The integers of a spiking memory.

    At the first step of a sequence all states are zero, and the words are seeds: that of the first
    neuron is `seed`, and `SEEDER` makes each from the one before, population after population.

    Parameters
    ----------
    weights : Codes
        (d, d + 1): the columns of A', then B'.
    source : FixedFormat
        Of u.
    current : Requant
        The narrowing of v; saturates. As many bits of a word are compared with it.
    state : Requant
        The narrowing of y, with the integer bits of v: y, a mean of values in +-R, cannot overflow.
    synapse : int
        s: the synapse forgets ``2**-s`` of its state in a step.
    neurons : int
        n, of each population: a power of two.
    seed : int
        Word of the first neuron.

    Raises
    ------
    NetworkError
        If the parts do not fit each other.
    RangeError
        If a current cannot be summed in 63 bits.
    """

    weights: Codes
    source: FixedFormat
    current: Requant
    state: Requant
    synapse: int
    neurons: int
    seed: int

    def __post_init__(self) -> None:
        count = partial(whole, error=NetworkError)
        settle(self, dict.fromkeys(("synapse", "neurons", "seed"), count), where="spiking memory")
        shape = self.weights.codes.shape
        if len(shape) != 2 or shape[1] != shape[0] + 1:
            raise NetworkError(f"the weights of a spiking memory must be (d, d + 1), not {shape}")
        if self.neurons < 2 or self.neurons & self.neurons - 1:
            raise NetworkError(
                f"the neurons of a population must be a power of two from 2 on, not {self.neurons}"
            )
        if self.synapse < 2:
            raise NetworkError(f"the synapse must have a shift of at least 2, not {self.synapse}")
        if not 0 < self.seed < 1 << WORD_BITS:
            raise NetworkError(f"the seed must be 1 to 2**{WORD_BITS} - 1, not {self.seed}")
        self._check_formats()
        if self.current_bound >= _LARGEST_SUM:
            raise RangeError(f"the current must be below 2**62 ulp, not {self.current_bound}")

    def _check_formats(self) -> None:
        current, state = self.current, self.state
        if current.overflow is not Overflow.SATURATE or not current.format.signed:
            raise NetworkError(f"the current must be signed and saturate, not {current}")
        if current.format.width > WORD_BITS:
            raise NetworkError(
                f"the current must have at most {WORD_BITS} bits, not {current.format}"
            )
        if state.overflow is not Overflow.FORBID or not state.format.signed:
            raise NetworkError(f"the state must be signed and forbid overflow, not {state}")
        if state.format.int_bits != current.format.int_bits:
            raise NetworkError(
                "the state must have the integer bits of the current, "
                f"{current.format.int_bits}, not {state.format.int_bits}"
            )
        needed = max(self.source.frac_bits, state.format.frac_bits - self.spike_shift)
        if state.format.frac_bits < needed:
            raise NetworkError(
                f"the state must have at least {needed} fraction bits, for the input and for a "
                f"single spike, not {state.format.frac_bits}"
            )

    @property
    def order(self) -> int:
        """Number of states and populations, d."""
        return len(self.weights.codes)

    @property
    def size(self) -> int:
        """Number of neurons, m = d n."""
        return self.order * self.neurons

    @property
    def states(self) -> Signal:
        """The vector of all states."""
        return Signal(size=self.order, format=self.state.format)

    @property
    def spike_bits(self) -> int:
        """Bits of the signed number of spikes of a population."""
        return self.neurons.bit_length()

    @property
    def range_bits(self) -> int:
        """Base-2 logarithm of R, the largest current."""
        return self.current.format.int_bits

    @property
    def source_up(self) -> int:
        """How far u is shifted left to have the binary point of the states."""
        return self.state.format.frac_bits - self.source.frac_bits

    @property
    def current_frac_bits(self) -> int:
        """Fraction bits of the exact sum that becomes a current."""
        return self.weights.format.frac_bits + self.state.format.frac_bits

    @property
    def current_bound(self) -> int:
        """Bound on the magnitude of that sum, for all states and all inputs."""
        sizes = np.abs(self.weights.codes).astype(object)
        states, u = self.state.format.max_magnitude, self.source.max_magnitude << self.source_up
        return int((sizes[:, :-1].sum(axis=1) * states + sizes[:, -1] * u).max())

    @property
    def state_frac_bits(self) -> int:
        """Fraction bits of the exact sum that becomes a state."""
        return self.state.format.frac_bits + self.synapse

    @property
    def spike_shift(self) -> int:
        """How far a number of spikes is shifted left in that sum."""
        doubled = self.range_bits + 1
        return self.state.format.frac_bits + doubled - (self.neurons.bit_length() - 1)

    def matrices(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return A (d, d) and B (d,) that the mean of the states obeys, as values."""
        step = 2.0**-self.synapse
        table = self.weights.codes.astype(np.float64) * self.weights.format.ulp * step
        return table[:, :-1] + (1.0 - step) * np.eye(self.order), table[:, -1]
