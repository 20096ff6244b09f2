# SPDX-License-Identifier: Apache-2.0
"""Integer operations on codes: exhaustive at small widths, both kinds of arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lmu_hw.errors import RangeError
from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.fixed.ops import dequantize, quantize, requantize, wrap
from tests import oracle

INTEGERS = FixedFormat(signed=True, int_bits=7, frac_bits=0)


def to(fmt: FixedFormat, rounding: Rounding, overflow: Overflow = Overflow.SATURATE) -> Requant:
    return Requant(format=fmt, rounding=rounding, overflow=overflow)


def expected(values, requant):
    """Return the oracle's codes and how many of them overflowed."""
    fmt = requant.format
    narrowed = [
        oracle.narrow(
            value,
            signed=fmt.signed,
            width=fmt.width,
            frac_bits=fmt.frac_bits,
            rounding=requant.rounding.value,
            overflow=requant.overflow.value,
        )
        for value in values
    ]
    return [code for code, _ in narrowed], sum(outside for _, outside in narrowed)


@pytest.mark.parametrize("overflow", [Overflow.WRAP, Overflow.SATURATE])
@pytest.mark.parametrize("rounding", Rounding)
def test_requantize_gives_what_the_oracle_gives(rounding, overflow):
    sums = np.arange(-128, 128)
    values = [Fraction(int(code)) for code in sums]
    for width in range(1, 9):
        for signed in (False, True):
            for shift in range(-2, 7):
                fmt = FixedFormat.of_width(width, signed=signed, int_bits=width - signed + shift)
                requant = to(fmt, rounding, overflow)
                codes, outside = expected(values, requant)
                for kind in (np.int64, np.float64):
                    actual, count = requantize(sums.astype(kind), 0, requant)
                    assert actual.dtype == kind
                    assert np.array_equal(actual, codes), str(requant)
                    assert count == outside


@pytest.mark.parametrize("kind", [np.int64, np.float64])
@pytest.mark.parametrize("rounding", Rounding)
def test_forbidden_overflow_raises_and_only_then(rounding, kind):
    fmt = FixedFormat(signed=True, int_bits=4, frac_bits=-2)
    requant = to(fmt, rounding, Overflow.FORBID)
    for code in range(-32, 32):
        (narrowed,), outside = expected([Fraction(code)], requant)
        if outside:
            with pytest.raises(RangeError, match=r"n must stay within sQ4\.-2 \(3 bits\), but 1"):
                requantize(np.array([code], kind), 0, requant, what="n")
        else:
            assert requantize(np.array([code], kind), 0, requant)[0].tolist() == [narrowed]


@pytest.mark.parametrize("overflow", [Overflow.WRAP, Overflow.SATURATE])
@pytest.mark.parametrize("rounding", Rounding)
def test_quantize_gives_what_the_oracle_gives(rounding, overflow):
    random = np.random.default_rng(1)
    values = np.concatenate([np.arange(-40, 41) / 8.0, random.uniform(-6, 6, 300)])
    requant = to(FixedFormat(signed=True, int_bits=2, frac_bits=2), rounding, overflow)
    codes, outside = expected([Fraction(float(value)) for value in values], requant)
    actual, count = quantize(values, requant)
    assert np.array_equal(actual, codes)
    assert count == outside > 0


@pytest.mark.parametrize("rounding", Rounding)
def test_quantize_rounds_the_neighbours_of_a_tie(rounding):
    ties = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.0])
    values = np.concatenate([ties, np.nextafter(ties, 9), np.nextafter(ties, -9)])
    assert 0.49999999999999994 in values
    codes, _ = expected([Fraction(float(v)) for v in values], to(INTEGERS, rounding))
    assert np.array_equal(quantize(values, to(INTEGERS, rounding))[0], codes)


@pytest.mark.parametrize(
    ("rounding", "codes"),
    [
        (Rounding.FLOOR, [-3, -2, -1, 0, 1, 2]),
        (Rounding.HALF_UP, [-2, -1, 0, 1, 2, 3]),
        (Rounding.HALF_EVEN, [-2, -2, 0, 0, 2, 2]),
        (Rounding.TOWARD_ZERO, [-2, -1, 0, 0, 1, 2]),
    ],
)
def test_ties_go_where_the_mode_says(rounding, codes):
    ties = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])
    assert quantize(ties, to(INTEGERS, rounding))[0].tolist() == codes


def test_rounding_comes_before_saturation():
    fmt = FixedFormat(signed=True, int_bits=3, frac_bits=0)
    codes, outside = quantize(np.array([7.4, 7.5]), to(fmt, Rounding.HALF_UP))
    assert (codes.tolist(), outside) == ([7, 7], 1)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_quantize_refuses_what_is_not_finite(value):
    with pytest.raises(RangeError, match="x must be finite, but NaN or infinity is among them"):
        quantize(np.array([0.0, value]), to(INTEGERS, Rounding.FLOOR), what="x")


@pytest.mark.parametrize("value", [2.0**62, -1e300])
def test_quantize_refuses_what_no_integer_holds(value):
    with pytest.raises(RangeError, match=r"x must be below 2\*\*62 ulp of sQ7\.0"):
        quantize(np.array([value]), to(INTEGERS, Rounding.FLOOR), what="x")


def test_quantize_refuses_what_overflows_float64_when_scaled():
    fmt = FixedFormat(signed=True, int_bits=0, frac_bits=20)
    with pytest.raises(RangeError, match=r"x must be below 2\*\*62 ulp of sQ0\.20"):
        quantize(np.array([1e308]), to(fmt, Rounding.FLOOR), what="x")


def test_quantize_forbids_overflow():
    requant = to(INTEGERS, Rounding.FLOOR, Overflow.FORBID)
    with pytest.raises(RangeError, match=r"values must stay within sQ7\.0 .* 1 codes .* 128"):
        quantize(np.array([0.0, 128.0]), requant)


def test_no_elements_make_no_codes():
    codes, outside = quantize(np.zeros((0, 3)), to(INTEGERS, Rounding.FLOOR))
    assert (codes.shape, outside) == ((0, 3), 0)


def test_dequantize_is_the_inverse_of_quantize():
    fmt = FixedFormat(signed=True, int_bits=-1, frac_bits=8)
    codes = np.arange(fmt.min_code, fmt.max_code + 1)
    assert np.array_equal(quantize(dequantize(codes, fmt), to(fmt, Rounding.FLOOR))[0], codes)


@pytest.mark.parametrize("signed", [False, True])
def test_wrap_keeps_the_low_bits(signed):
    codes = np.arange(-300, 300)
    for width in range(1, 9):
        fmt = FixedFormat.of_width(width, signed=signed, int_bits=0)
        wrapped = wrap(codes, fmt)
        assert np.array_equal(wrapped % 2**width, codes % 2**width)
        assert fmt.min_code <= wrapped.min() <= wrapped.max() <= fmt.max_code


@pytest.mark.parametrize("overflow", [Overflow.WRAP, Overflow.SATURATE])
@pytest.mark.parametrize("signed", [False, True])
def test_the_widest_formats_do_not_overflow_int64(signed, overflow):
    fmt = FixedFormat.of_width(63, signed=signed, int_bits=0)
    codes = np.array([-(2**61), -1, 0, 2**61])
    actual, _ = requantize(codes, fmt.frac_bits, to(fmt, Rounding.FLOOR, overflow))
    low = 0 if overflow is Overflow.SATURATE else None
    for code, narrowed in zip(codes.tolist(), actual.tolist(), strict=True):
        inside = fmt.min_code <= code <= fmt.max_code
        assert narrowed == (code if inside else code % 2**63 if low is None else low)
