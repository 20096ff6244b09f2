# SPDX-License-Identifier: Apache-2.0
"""Windows, rates and refusals of the forward Euler memory by running sums."""

from __future__ import annotations

import pytest

from lmu_hw.errors import ConfigError
from lmu_hw.proofs import StabilityError
from lmu_hw.realize.running_sums import rate_code
from tests.running_sums import scan


@pytest.mark.parametrize(("order", "limit"), [(8, "17.8"), (32, "196.9")])
def test_unstable_window_is_refused_with_both_numbers(order, limit):
    with pytest.raises(StabilityError, match=rf"above {limit} steps .* order {order}, not 17.5"):
        scan(order, 17.5, rate_bits=12)


@pytest.mark.parametrize(
    ("theta", "bits", "code", "frac_bits"),
    [(64.0, 8, 1, 6), (784.0, 8, 167, 17), (784.0, 4, 5, 12), (3.0, 3, 5, 4), (1000.0, 1, 1, 10)],
)
def test_rate_is_the_closest_code(theta, bits, code, frac_bits):
    rate = rate_code(1.0 / theta, bits, where="m")
    assert (rate.codes.item(), rate.format.frac_bits) == (code, frac_bits)
    assert rate.format.width == code.bit_length()


def test_rate_must_be_below_one_and_have_bits():
    with pytest.raises(ConfigError, match="m: its rate must be below 1, not 1"):
        rate_code(1.0, 4, where="m")
    with pytest.raises(ConfigError, match=r"not round to 1, .* 3 bits; give it 5 `memory_bits`"):
        rate_code(0.97, 3, where="m")
    assert rate_code(0.97, 5, where="m").codes.item() == 31
    with pytest.raises(ConfigError, match="m: its rate must have at least 1 bit, not 0"):
        rate_code(0.5, 0, where="m")
