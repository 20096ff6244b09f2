# SPDX-License-Identifier: Apache-2.0
"""Windows, formats and refusals of the memories by running sums."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.errors import ConfigError, NetworkError, RangeError
from lmu_hw.fixed import FixedFormat, Overflow, Rounding
from lmu_hw.fixed.ops import dequantize
from lmu_hw.golden import GoldenModel
from lmu_hw.lmu import Discretizer, discretize, orthonormal_scale
from lmu_hw.lmu.scan import smallest_euler_window
from lmu_hw.lmu.two_pass import closing_constants, two_pass_matrices
from lmu_hw.network import Codes
from lmu_hw.proofs import StabilityError, spectral_radius
from lmu_hw.quantize.scan import rate_code
from lmu_hw.quantize.two_pass import guard_bits
from tests.golden.test_scan import full_scale
from tests.running_sums import SOURCE, STATE, memory_network, saturating, scan, two_pass


def rates(order: int, theta: float) -> np.ndarray:
    """Return ``(2i+1) / (2 theta)``."""
    return np.asarray((2.0 * np.arange(order) + 1.0) / (2.0 * theta))


@pytest.mark.parametrize("order", [1, 2, 5, 8, 16, 32])
def test_forward_euler_is_stable_above_its_smallest_window_only(order):
    limit = smallest_euler_window(order)
    for window, stable in ((limit * (1 - 1e-6), False), (limit * (1 + 1e-6), True)):
        radius = spectral_radius(discretize(order, window, Discretizer.EULER)[0])
        assert (radius < 1.0) is stable


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


@pytest.mark.parametrize(("order", "theta"), [(1, 4.0), (8, 20.0), (64, 512.0)])
def test_two_passes_are_the_bilinear_memory(order, theta):
    factors = rates(order, theta)
    found = two_pass_matrices(factors, closing_constants(factors))
    for values, expected in zip(found, discretize(order, theta, Discretizer.BILINEAR), strict=True):
        # float against float: both round, and the first pass amplifies it
        np.testing.assert_allclose(values, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("order", "theta"), [(4, 16.0), (8, 8.0), (16, 1024.0), (32, 128.0), (32, 64.0)]
)
def test_constants_of_T_are_precise_enough(order, theta):
    update = two_pass(order, theta)
    closing = dequantize(update.closing.codes, update.closing.format)
    scale = orthonormal_scale(order)
    A, B = discretize(order, theta, Discretizer.BILINEAR)
    A2, B2 = two_pass_matrices(rates(order, theta), closing)
    x, y, error, size = B.copy(), B2.copy(), 0.0, 0.0
    for _ in range(int(8 * theta)):
        error += np.sum(((x - y) / scale) ** 2)
        size += np.sum((x / scale) ** 2)
        x, y = A @ x, A2 @ y
    assert error / size < 2.0**-28


def test_first_pass_grows_exponentially():
    for order, theta in ((16, 64.0), (64, 1024.0), (64, 512.0)):
        factors = rates(order, theta)
        G = closing_constants(factors)[0]
        assert G * np.exp(order**2 / (2 * theta)) == pytest.approx(1.0, rel=0.2)


def test_guard_bits_grow_with_the_first_pass():
    bits = [guard_bits(rates(32, theta)) for theta in (1024.0, 128.0, 64.0)]
    assert bits == sorted(bits)
    assert bits[0] == 1 < bits[-1]


@pytest.mark.parametrize("kind", [scan, two_pass])
@pytest.mark.parametrize(("order", "theta"), [(2, 4.0), (6, 24.0), (12, 96.0)])
def test_running_format_holds_and_is_tight(kind, order, theta):
    update = kind(order, theta, rate_bits=12, overflow=Overflow.FORBID)
    signs = np.random.default_rng(1).integers(0, 2, (200, 30, 1)) * 2 - 1
    x = np.repeat(signs, 10, axis=1) * SOURCE.max_code  # held full scale reaches far
    GoldenModel(memory_network(update)).run(x)  # raises if a sum leaves its format
    running = update.running if kind is scan else update.running.format
    narrow = replace(running, int_bits=running.int_bits - 2)
    narrow = narrow if kind is scan else replace(update.running, format=narrow)
    with pytest.raises(RangeError, match="must stay within"):
        GoldenModel(memory_network(replace(update, running=narrow))).run(x)


@pytest.mark.parametrize("kind", [scan, two_pass])
def test_running_format_holds_saturated_states(kind):
    small = FixedFormat(signed=True, int_bits=0, frac_bits=10)
    update = kind(8, 32.0, state=small)
    sure = kind(8, 32.0, state=small, overflow=Overflow.FORBID)
    formats = [getattr(one.running, "format", one.running) for one in (update, sure)]
    assert formats[0].int_bits >= formats[1].int_bits
    x = full_scale(20, 200, 1)
    _, overflows = GoldenModel(memory_network(update, requant=saturating(small))).run(x)
    assert overflows["only.m"] > 0


def test_short_window_of_two_passes_is_refused():
    with pytest.raises(ConfigError, match="window of at least 11 steps at order 16, not 10"):
        two_pass(16, 10.0)


@pytest.mark.parametrize("kind", [scan, two_pass])
def test_updates_that_cannot_be_are_refused(kind):
    update = kind(4, 16.0)
    with pytest.raises(NetworkError, match="order of a memory must be at least 1, not 0"):
        replace(update, order=0)
    for codes in (np.array([0]), np.array([1, 1])):
        with pytest.raises(NetworkError, match="one positive code below 1"):
            replace(update, rate=Codes(codes=codes, format=update.rate.format))
    with pytest.raises(NetworkError, match="must round by half_up or floor, not half_even"):
        memory_network(update, requant=saturating(STATE, Rounding.HALF_EVEN))
    fine = FixedFormat(signed=True, int_bits=0, frac_bits=30)
    with pytest.raises(NetworkError, match="must have at least 30 fraction bits"):
        memory_network(update, source=fine)


def test_two_pass_must_have_fitting_parts():
    update = two_pass(4, 16.0)
    with pytest.raises(NetworkError, match=r"closing must have the shape \(2,\)"):
        replace(update, closing=Codes(codes=np.ones(3, np.int64), format=update.closing.format))
    for changes, match in (
        ({"overflow": Overflow.WRAP}, "must be signed and forbid overflow"),
        ({"rounding": Rounding.HALF_EVEN}, "must round by half_up or floor, not half_even"),
    ):
        with pytest.raises(NetworkError, match=match):
            replace(update, running=replace(update.running, **changes))


def test_running_sums_of_two_passes_must_hold_u():
    update = two_pass(4, 16.0)
    with pytest.raises(NetworkError, match=r"running sums hold u, so sQ6.11 .* must hold sQ8.3"):
        memory_network(update, source=FixedFormat(signed=True, int_bits=8, frac_bits=3))


def test_scan_must_have_a_signed_running_sum():
    update = scan(4, 16.0)
    with pytest.raises(NetworkError, match="running sum must be signed"):
        replace(update, running=FixedFormat(signed=False, int_bits=4, frac_bits=11))


@pytest.mark.parametrize(("kind", "products"), [(scan, 5), (two_pass, 12)])
def test_products_grow_linearly(kind, products):
    network = memory_network(kind(5, 16.0), segments=3)
    assert network.layers[0].multiplications(last_step=False) == 3 * products + 9
