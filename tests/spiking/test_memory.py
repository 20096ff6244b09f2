# SPDX-License-Identifier: Apache-2.0
"""A spiking memory refuses parts that do not fit each other; its generators have full periods."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.errors import LmuHwError
from lmu_hw.fixed import FixedFormat, Overflow
from lmu_hw.network import Codes
from lmu_hw.spiking.memory import GENERATOR, SEEDER, WORD_BITS, SpikingMemory
from tests.spiking_memories import small

MEMORY = small()
NARROW = FixedFormat(signed=True, int_bits=1, frac_bits=2)
WIDE = FixedFormat(signed=True, int_bits=1, frac_bits=31)
HUGE = FixedFormat(signed=True, int_bits=1, frac_bits=50)


def weights(*shape: int) -> Codes:
    return Codes(codes=np.ones(shape, np.int64), format=MEMORY.weights.format)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"weights": weights(3, 3)}, "must be (d, d + 1), not (3, 3)"),
        ({"neurons": 1}, "must be a power of two from 2 on, not 1"),
        ({"neurons": 12}, "must be a power of two from 2 on, not 12"),
        ({"synapse": 1}, "must have a shift of at least 2, not 1"),
        ({"seed": 0}, "the seed must be 1 to 2**32 - 1, not 0"),
        ({"seed": 1 << 32}, "the seed must be 1 to 2**32 - 1, not 4294967296"),
        (
            {"current": replace(MEMORY.current, overflow=Overflow.WRAP)},
            "the current must be signed and saturate",
        ),
        (
            {"current": replace(MEMORY.current, format=WIDE)},
            "the current must have at most 32 bits, not sQ1.31",
        ),
        (
            {"state": replace(MEMORY.state, overflow=Overflow.SATURATE)},
            "the state must be signed and forbid overflow",
        ),
        (
            {"state": replace(MEMORY.state, format=replace(MEMORY.state.format, int_bits=2))},
            "must have the integer bits of the current, 1, not 2",
        ),
        (
            {"state": replace(MEMORY.state, format=NARROW)},
            "must have at least 11 fraction bits, for the input and for a single spike, not 2",
        ),
        ({"neurons": 1 << 20}, "must have at least 18 fraction bits"),
        ({"state": replace(MEMORY.state, format=HUGE)}, "the current must be below 2**62 ulp"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changed, message):
    with pytest.raises(LmuHwError) as caught:
        replace(MEMORY, **changed)
    assert message in str(caught.value)


def test_a_memory_tells_its_sizes():
    assert isinstance(MEMORY, SpikingMemory)
    assert (MEMORY.order, MEMORY.neurons, MEMORY.size) == (3, 8, 24)
    assert MEMORY.states.size == 3


@pytest.mark.parametrize("shifts", [GENERATOR, SEEDER])
def test_a_generator_has_the_full_period(shifts):
    """Its matrix over GF(2) has the order 2**32 - 1 = 3 * 5 * 17 * 257 * 65537."""

    def step(word: int) -> int:
        word ^= word << shifts.first & 0xFFFFFFFF
        word ^= word >> shifts.second
        return word ^ word << shifts.third & 0xFFFFFFFF

    def times(left: list[int], right: list[int]) -> list[int]:
        products = []
        for word in right:
            product = 0
            for bit, column in enumerate(left):
                product ^= column if word >> bit & 1 else 0
            products.append(product)
        return products

    one = [1 << bit for bit in range(WORD_BITS)]

    def power(exponent: int) -> list[int]:
        result, base = one, [step(word) for word in one]
        while exponent:
            result = times(base, result) if exponent & 1 else result
            base, exponent = times(base, base), exponent >> 1
        return result

    period = (1 << WORD_BITS) - 1
    assert power(period) == one
    assert all(power(period // prime) != one for prime in (3, 5, 17, 257, 65537))
