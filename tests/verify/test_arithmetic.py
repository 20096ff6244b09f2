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
from tests.verify.test_sums import (
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


@pytest.mark.parametrize("remainder", ["half", "all"])
@pytest.mark.parametrize("sign", [1, -1])
def test_what_a_digit_of_the_paths_leaves_out_is_counted(remainder, sign):
    """Every element of x is rounded in the direction that the path weighs it with."""
    order = 8
    n = np.array([[sign * (-1) ** i * (1 << 20)] for i in range(order)], dtype=object)
    one = System("m", codes(np.eye(order) / 2, 4), codes(np.ones(order), 0), Codes(n, 20))
    paths = sums._Paths(one)
    shift = 20
    left = (1 << (shift - 1)) - 1 if remainder == "half" else (1 << shift) - 1
    base = 1 << (shift + paths.width - 1)
    x = np.array([[(base if i == 0 else 0) + int(np.sign(n[i, 0])) * left for i in range(order)]])
    exact = abs(sum(int(a) * int(b) for a, b in zip(x[0], n[:, 0], strict=True))) >> 20
    found = paths.sums(x, np.abs(x).sum(axis=1).astype(object))
    assert exact <= int(found[0])


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
