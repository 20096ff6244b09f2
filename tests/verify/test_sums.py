# SPDX-License-Identifier: Apache-2.0
"""Recomputed sums are upper bounds of the true ones, close to them, however they are taken."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lmu_verify import sums
from lmu_verify.errors import NotShown
from lmu_verify.gramian import find_gramian, noise_source
from lmu_verify.integers import Codes, identity
from lmu_verify.powers import matrix_power
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


@pytest.mark.parametrize("paths", [0, 3])
@pytest.mark.parametrize("order", [1, 5, 17])
def test_sums_of_powers_are_bounded_closely(order, paths):
    one = system(order, paths=paths)
    rows = Codes(np.vstack([identity(order).codes << 4, codes(np.ones((2, order)), 4).codes]), 4)
    assert_close_above(power_sums(one, rows, QUIET), powers(one, rows), 1e-5)


@pytest.mark.parametrize("share", [1.01, 1.5, 0.5])
def test_a_row_is_followed_until_its_bound_will_do(share):
    one = system(5, paths=3)
    rows, close = identity(5), power_sums(system(5, paths=3), identity(5), QUIET)
    enough = [bound * Fraction(share) for bound in close]
    looked: list[str] = []
    found = power_sums(one, rows, looked.append, enough=enough)
    assert_close_above(found, powers(one, rows), 1e-5 if share < 1 else share)
    if share > 1:
        assert all(bound <= most for bound, most in zip(found, enough, strict=True))


@pytest.mark.parametrize("factor", [1 << 20, -(1 << 20)])
def test_large_rows_of_either_sign_have_the_same_sums(factor):
    one = system()
    rows = Codes(identity(5).codes * factor, 0)
    found = as_floats(power_sums(one, rows, QUIET)) / 2**20
    assert_close_above(found, powers(one, identity(5)), 1e-4)


@pytest.mark.parametrize(("radius", "samples", "rtol"), [(0.999, 512, 0.01), (0.999, 128, 0.2)])
@pytest.mark.parametrize("paths", [0, 3])
def test_sampled_powers_are_bounded(monkeypatch, radius, samples, rtol, paths):
    """A slow rotation, so that what lies between samples bends."""
    angle = 0.003
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    n = codes(np.random.default_rng(1).normal(size=(2, paths)), 30) if paths else None
    one = System("m", codes(radius * turn, 40), codes(np.ones(2), 0), n)
    monkeypatch.setattr(sums, "_SAMPLES", samples)
    found = power_sums(one, identity(2), QUIET)
    true = powers(one, identity(2), 40_000)
    assert_close_above(found, true, rtol)
    finer = power_sums(one, identity(2), QUIET, level=1)
    assert np.all(as_floats(finer) >= true * (1 - 1e-12))
    assert np.all(as_floats(finer) < as_floats(found))


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("order", [1, 5])
def test_responses_are_bounded_closely(order, level):
    one = system(order)
    rows = codes(np.random.default_rng(4).normal(size=(3, order)), 20)
    for read in (None, rows):
        parts = [(one, read)]
        found = response_sums(parts, QUIET, level=level)
        assert_close_above(found, responses(parts), 1e-5)


@pytest.mark.parametrize("block", [1, 2, 4096])
def test_responses_are_bounded_closely_in_blocks_of_any_length(monkeypatch, block):
    monkeypatch.setattr(sums, "_block", lambda one: block)
    parts = [(system(), codes(np.random.default_rng(4).normal(size=(3, 5)), 20))]
    assert_close_above(response_sums(parts, QUIET), responses(parts), 1e-5)


def test_long_windows_have_long_blocks():
    slow = System("m", codes(np.diag([1.0 - 1e-7, 0.5]), 40), codes(np.ones(2), 0))
    assert sums._block(slow) == 1 << 15
    assert sums._block(system()) == 512


@pytest.mark.parametrize("level", [0, 1])
def test_differences_of_responses_are_bounded_closely(level):
    one, rows = system(), codes(np.random.default_rng(4).normal(size=(3, 5)), 20)
    near = Codes(one.a.codes + 20, one.a.bits)
    other = System("ideal", near, Codes(one.b.codes - 9, one.b.bits))
    for read in (None, rows):
        parts = [(one, read), (other, read)]
        found = response_sums(parts, QUIET, level=level)
        assert np.all(as_floats(found) >= responses(parts) * (1 - 1e-9))
        if level:
            np.testing.assert_allclose(as_floats(found), responses(parts), rtol=1e-4)


@pytest.mark.parametrize("coarse", [24, 30])
def test_bounds_are_upper_bounds_however_coarse(monkeypatch, coarse):
    monkeypatch.setattr(sums, "_coarse_bits", lambda one: coarse)
    monkeypatch.setattr(sums, "_MATRIX_BITS", coarse)
    monkeypatch.setattr(sums, "_TAIL_BITS", 4)
    one, rows = system(paths=2), codes(np.random.default_rng(4).normal(size=(3, 5)), 50)
    assert np.all(as_floats(power_sums(one, rows, QUIET)) >= powers(one, rows))
    parts = [(one, rows)]
    assert np.all(as_floats(response_sums(parts, QUIET)) >= responses(parts))


@pytest.mark.parametrize("step", [1, 7])
@pytest.mark.parametrize("paths", [0, 4])
def test_a_gramian_bounds_sums_of_any_row(paths, step):
    one = system(paths=paths)
    gramian = find_gramian("m", one.a, noise_source(5, one.paths))
    rows = codes(np.random.default_rng(2).normal(size=(6, 5)), 12)
    sampled = System("m", matrix_power(one.power(1), step)[0], one.b, one.paths)
    found, true = gramian.sums(rows, step), powers(sampled, rows)
    assert np.all(as_floats(found) >= true)
    assert np.all(as_floats(found) <= 12 * true)


@pytest.mark.parametrize("radius", [1.0 + 1e-9, 1.5, 1e6])
def test_an_unstable_matrix_has_no_gramian(radius):
    a = codes(np.eye(2) * radius, 40)
    with pytest.raises(NotShown, match="the spectral radius must be below 1"):
        find_gramian("m", a, noise_source(2, None))


def test_powers_that_do_not_vanish_in_time_are_not_shown(monkeypatch):
    monkeypatch.setattr(sums, "_MAX_SAMPLES", 64)
    with pytest.raises(NotShown, match="the powers of A do not vanish within 64 steps"):
        power_sums(system(radius=0.99), identity(5), QUIET)
