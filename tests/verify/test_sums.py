# SPDX-License-Identifier: Apache-2.0
"""Recomputed sums are upper bounds of the true ones, close to them, however they are taken."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lmu_verify import sums
from lmu_verify.errors import NotShown
from lmu_verify.gramian import find_gramian, noise_source
from lmu_verify.integers import (
    Codes,
    ceil_root,
    digit_bits,
    exact_product,
    identity,
    require_positive,
    rounded,
    split,
    total,
)
from lmu_verify.powers import Multiplier, matrix_power
from lmu_verify.sums import System, power_sums, response_sums

QUIET = print  # progress goes nowhere that matters


def codes(values, bits):
    return Codes(np.rint(np.asarray(values) * 2.0**bits).astype(np.int64).astype(object), bits)


def values(x):
    return x.codes.astype(float) * 2.0**-x.bits


def system(order=5, *, radius=0.9, paths=0, seed=3):
    """Return a random system of a spectral radius, its matrices rounded to 2**-30."""
    random = np.random.default_rng(seed)
    a = random.normal(size=(order, order))
    a *= radius / np.abs(np.linalg.eigvals(a)).max()
    n = codes(random.normal(size=(order, paths)) / 3, 30) if paths else None
    return System("m", codes(a, 30), codes(random.normal(size=order), 30), n)


def powers(one, rows, steps=4000):
    """Return ``sum_k ||c A^k [I N]||_1`` in floats."""
    a, x, found = values(one.a), values(rows), np.zeros(len(rows.codes))
    n = np.zeros((len(a), 0)) if one.paths is None else values(one.paths)
    for _ in range(steps):
        found += np.abs(x).sum(axis=1) + np.abs(x @ n).sum(axis=1)
        x = x @ a
    return found


def responses(parts, steps=4000):
    states = [values(one.b) for one, _ in parts]
    found = 0.0
    for _ in range(steps):
        outputs = [
            h if rows is None else values(rows) @ h
            for h, (_, rows) in zip(states, parts, strict=True)
        ]
        found = found + np.abs(outputs[0] - sum(outputs[1:]))
        states = [values(one.a) @ h for h, (one, _) in zip(states, parts, strict=True)]
    return found


def as_floats(found):
    return np.array([float(value) for value in found])


def assert_close_above(found, true, rtol):
    assert np.all(as_floats(found) >= true * (1 - 1e-12))
    np.testing.assert_allclose(as_floats(found), true, rtol=rtol)  # floats: the bounds' own slack


@pytest.mark.parametrize("paths", [0, 3])
@pytest.mark.parametrize("order", [1, 5, 17])
def test_sums_of_powers_are_bounded_closely(order, paths):
    one = system(order, paths=paths)
    rows = Codes(np.vstack([identity(order).codes << 4, codes(np.ones((2, order)), 4).codes]), 4)
    assert_close_above(power_sums(one, rows, QUIET), powers(one, rows), 1e-5)


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


@pytest.mark.parametrize("order", [1, 5, 256, 4096])
def test_digits_are_exact_and_their_products_fit_float64(order):
    width = digit_bits(order)
    assert order * 4 ** (width - 1) <= 2**53 < order * 4 ** (width + 1)
    random = np.random.default_rng(order)
    x = np.append(random.integers(-(2**59), 2**59, 500), [0, -1, 2**59, -(2**59)])
    digits = split(x, width)
    assert all(np.abs(digit).max() <= 2 ** (width - 1) for digit in digits)
    together = sum(d.astype(np.int64).astype(object) << width * i for i, d in enumerate(digits))
    assert np.array_equal(together, x)


@pytest.mark.parametrize("bits", [3, 60, 400])
def test_products_are_exact(bits):
    random = np.random.default_rng(bits)
    x, y = ([[int(v) << bits for v in row] for row in random.integers(-9, 9, (4, 4))] for _ in "ab")
    left, right = (Codes(np.array(z, dtype=object) + 1, bits) for z in (x, y))
    found = exact_product(left, right)
    assert np.array_equal(found.codes, left.codes.dot(right.codes))
    assert found.bits == 2 * bits


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


def test_numbers_too_large_for_int64_are_not_multiplied():
    multiply = Multiplier(identity(2), 44)
    assert np.array_equal(multiply(np.full((1, 2), 2**58)), [[2**58, 2**58]])
    with pytest.raises(NotShown, match="too large for the arithmetic"):
        multiply(np.full((1, 2), 2**60))


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


@pytest.mark.parametrize("limit", [-3, 0, 4])
def test_rounding_is_within_its_error(limit):
    x = Codes(np.arange(-300, 300).astype(object), 6)
    near, error = rounded(x, limit)
    assert near.bits == limit
    off = [abs(Fraction(int(c)) / Fraction(2) ** limit - Fraction(int(x_), 64)) for c, x_ in zip(near.codes, x.codes, strict=True)]  # fmt: skip  # noqa: E501
    assert max(off) == error


@pytest.mark.parametrize("value", [0, Fraction(1, 3), 2, 4, Fraction(2**400 + 1), Fraction(9, 4)])
def test_a_root_is_rounded_up(value):
    root = ceil_root(Fraction(value), 32)
    assert root**2 >= value > max(root - Fraction(1, 1 << 31), 0) ** 2 - (value == 0)


def test_a_positive_matrix_is_shown_and_others_are_not():
    good = codes([[2.0, 1.0], [1.0, 2.0]], 10)
    require_positive("M", good)
    with pytest.raises(NotShown, match="M must be symmetric"):
        require_positive("M", codes([[2.0, 1.0], [0.0, 2.0]], 10))
    for bad in ([[1.0, 2.0], [2.0, 1.0]], [[-1.0, 0.0], [0.0, 1.0]]):
        with pytest.raises(NotShown, match="M is not positive"):
            require_positive("M", codes(bad, 10))
    with pytest.raises(NotShown, match="M is not shown to be positive by its factor: row 1"):
        require_positive("M", good, codes([[1.0, 0.0], [0.0, 1.5]], 10))
