# SPDX-License-Identifier: Apache-2.0
"""Powers of a matrix of integers, within their error."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lmu_verify.integers import Codes, exact_product, total
from lmu_verify.powers import Multiplier, matrix_power
from tests.verify.systems import system


@pytest.mark.parametrize(("bits", "kind"), [(3, np.int64), (40, np.int64), (60, object)])
def test_a_step_of_the_recursion_is_within_its_error(bits, kind):
    random = np.random.default_rng(bits)
    a = Codes(random.integers(-(2**bits), 2**bits, (6, 6)).astype(object), bits)
    x = random.integers(-(2**50), 2**50, (4, 6))
    multiply = Multiplier(a, 44)
    y, exact = multiply(x.astype(kind)), x.astype(object).dot(a.codes)
    errors = multiply.error(np.abs(x).sum(axis=1).astype(object))
    assert sum(errors) < Fraction(1, 1 << 30)
    for row, error in enumerate(errors):
        for found, true in zip(y[row], exact[row], strict=True):
            assert abs(Fraction(int(found)) - Fraction(true, 2**bits)) <= error * 2**44


@pytest.mark.parametrize("exponent", [1, 2, 5, 16])
def test_a_power_of_a_matrix_is_within_its_error(exponent):
    a = Codes(system().a.codes, 30)
    found, error = matrix_power((a, Fraction(0)), exponent)
    exact = exact_product(*[a] * exponent)
    off = total(exact, Codes(-found.codes, found.bits))
    assert Fraction(int(np.abs(off.codes).max()), 1 << off.bits) <= error < Fraction(1, 1 << 140)


def test_a_power_of_a_matrix_that_is_nearly_right_is_within_its_error():
    a = system().a
    near = Codes(a.codes + 1, a.bits)
    found, error = matrix_power((near, Fraction(1, 1 << 30)), 3)
    exact = exact_product(a, a, a)
    off = total(exact, Codes(-found.codes, found.bits))
    assert 0 < Fraction(int(np.abs(off.codes).max()), 1 << off.bits) <= error
