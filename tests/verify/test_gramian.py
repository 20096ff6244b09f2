# SPDX-License-Identifier: Apache-2.0
"""What the bounds of the checker rest on, at inputs where an error of one place would show."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.fixed.ops import requantize
from lmu_verify import gramian, sums
from lmu_verify.errors import NotShown
from lmu_verify.fields import ERROR_ULP
from lmu_verify.gramian import find_gramian, noise_source
from lmu_verify.integers import Codes, identity
from lmu_verify.sums import System, power_sums, response_sums
from tests.verify.systems import (
    QUIET,
    as_floats,
    assert_close_above,
    codes,
    powers,
    responses,
    system,
)


@pytest.mark.parametrize("rounding", Rounding)
def test_the_error_of_a_narrowing_is_the_largest_of_its_rounding(rounding):
    fmt = FixedFormat(signed=True, int_bits=8, frac_bits=0)
    requant = Requant(format=fmt, rounding=rounding, overflow=Overflow.FORBID)
    given = np.arange(-200, 201)
    narrowed, _ = requantize(given, 6, requant, what="codes")
    largest = Fraction(int(np.abs(64 * narrowed - given).max()), 64)
    assert largest <= ERROR_ULP[rounding.value] <= largest + Fraction(1, 64)


def test_a_slow_rotation_that_is_sampled_at_its_corners_is_bounded(monkeypatch):
    """Every sample has the least 1-norm of its circle: what lies between is longer."""
    monkeypatch.setattr(sums, "_SAMPLES", 512)
    step = int(12.0 / 0.001) // 512
    angle = np.pi / 2 / step
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    one = System("m", codes(0.999 * turn, 40), codes(np.ones(2), 0))
    found = as_floats(power_sums(one, identity(2), QUIET))
    assert np.all(found >= powers(one, identity(2), 20_000))


@pytest.mark.parametrize("level", [0, 1])
def test_responses_of_states_that_forget_at_different_speeds_are_bounded_closely(level):
    one = System("m", codes(np.diag([0.5, 0.995]), 40), codes(np.ones(2), 0))
    found = response_sums([(one, None)], QUIET, level=level)
    assert_close_above(found, responses([(one, None)], 10_000), 1e-5)


@pytest.mark.parametrize("left", [0, (1 << 19) - 1, (1 << 20) - 1])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("alternating", [False, True])
def test_what_a_digit_of_the_paths_leaves_out_is_counted(left, sign, alternating):
    """Every element of x is off its digit in the direction that the path weighs it with."""
    order, shift = 8, 20
    signs = np.where(alternating & (np.arange(order) % 2 > 0), -1, 1)
    n = Codes((signs.astype(object) << 23)[:, None], 23)
    paths = sums._Paths(System("m", codes(np.eye(order) / 2, 4), codes(np.ones(order), 0), n))
    x = sign * signs * left
    x[0] += sign << (shift + paths.width - 1)
    exact = abs(sum(int(a) * int(b) for a, b in zip(x, n.codes[:, 0], strict=True))) >> 23
    found = paths.sums(x[None], np.array([int(np.abs(x).sum())], dtype=object))
    assert exact <= int(found[0])


def test_paths_that_are_larger_than_a_digit_are_bounded_closely():
    n = codes(np.random.default_rng(1).normal(size=(5, 3)) * 2.0**40, 0)
    paths = sums._Paths(System("m", system().a, system().b, n))
    assert paths.bits < 0
    x = np.random.default_rng(2).integers(-(2**44), 2**44, (4, 5))
    exact = [int(np.abs(row.dot(n.codes)).sum()) for row in x.astype(object)]
    found = paths.sums(x, np.abs(x).sum(axis=1).astype(object))
    for value, most in zip(exact, found, strict=True):
        assert value <= most <= 1.01 * value


def test_sums_over_columns_are_exact():
    x = np.random.default_rng(0).integers(-(2**62), 2**62, (9, 3)) | 1
    assert sums._column_sums(x).tolist() == x.astype(object).sum(axis=0).tolist()


@pytest.mark.parametrize("factor", [0.9, 0.5, -1.0])
def test_a_gramian_that_is_too_small_is_not_shown(monkeypatch, factor):
    find = gramian._solve
    monkeypatch.setattr(gramian, "_solve", lambda *given: factor * find(*given))
    with pytest.raises(NotShown, match="m: .* is not positive|m: .* not shown to be positive"):
        find_gramian("m", system().a, noise_source(5, None))


def test_a_gramian_of_another_matrix_is_not_shown(monkeypatch):
    find = gramian._solve
    monkeypatch.setattr(gramian, "_solve", lambda a, z, rate: find(a / 2, z, rate))
    with pytest.raises(NotShown, match="rate Q - AQA' - Z"):
        find_gramian("m", system().a, noise_source(5, None))
