# SPDX-License-Identifier: Apache-2.0
"""Values from outside: turned into their type, or refused with what they must be."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from lmu_hw.checked import flag, fraction, member, real, share, whole
from lmu_hw.errors import ConfigError
from lmu_hw.fixed import Overflow, Rounding


@pytest.mark.parametrize("value", [7, np.int8(7), np.uint64(7)])
def test_a_whole_number_is_an_int(value):
    number = whole(value, "n", least=7, most=7)
    assert (number, type(number)) == (7, int)


@pytest.mark.parametrize("value", [7.0, np.float64(7), "7", True, np.True_, None, 7j, [7]])
def test_anything_else_is_no_whole_number(value):
    with pytest.raises(ConfigError, match="n must be a whole number, at least 1, not "):
        whole(value, "n", least=1)


def test_a_whole_number_is_within_its_limits():
    with pytest.raises(ConfigError, match="n must be 2 to 32, not 33"):
        whole(33, "n", least=2, most=32)


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), Fraction(2)])
def test_a_real_number_is_a_float(value):
    number = real(value, "x", least=1.0)
    assert (number, type(number)) == (2.0, float)


@pytest.mark.parametrize("value", ["2", True, None, math.nan, math.inf, -math.inf, 10**400, 0.5])
def test_anything_else_is_no_real_number_within_limits(value):
    with pytest.raises(ConfigError, match="x must be at least 1, not "):
        real(value, "x", least=1.0, rule="at least 1")


@pytest.mark.parametrize("value", ["no", "", 0, 1, 1.0, None, "True"])
def test_only_a_bool_is_a_flag(value):
    with pytest.raises(ConfigError, match="f must be True or False, not "):
        flag(value, "f")


def test_a_bool_of_numpy_is_a_flag():
    assert flag(np.False_, "f") is False


@pytest.mark.parametrize("value", ["half_even", "HALF_EVEN", Rounding.HALF_EVEN])
def test_a_member_is_given_by_value_or_name(value):
    assert member(value, "r", Rounding) is Rounding.HALF_EVEN


@pytest.mark.parametrize("value", ["Half_Even", "", None, True, 0, Overflow.WRAP, "FLOOR "])
def test_anything_else_is_no_member(value):
    with pytest.raises(ConfigError, match="r must be one of floor, half_up, half_even, toward_ze"):
        member(value, "r", Rounding)


@pytest.mark.parametrize("denominator", [1, 2, 3, 16, 255, 1023, 4095, 4096, 32768, 65535, 10**6])
def test_a_float_is_the_short_fraction_that_it_is_nearest_to(denominator):
    exact = Fraction(1, denominator)
    for value in (exact, str(exact), float(exact), np.float64(exact)):
        assert fraction(value, "s") == exact


@pytest.mark.parametrize(
    "exact", [3, 255, Fraction(255, 256), Fraction(33, 100), Fraction(3, 2**20)]
)
def test_other_numbers_are_fractions_too(exact):
    assert fraction(exact, "s") == fraction(float(exact), "s") == exact


def test_a_decimal_text_is_exact():
    assert fraction("0.3333", "s") == Fraction(3333, 10000)


@pytest.mark.parametrize(
    ("value", "instead"), [(0.3333, "'1/3', or '3333/10000'"), (0.0039, "'1/256', or '39/10000'")]
)
def test_a_float_that_may_stand_for_several_fractions_is_refused(value, instead):
    with pytest.raises(ConfigError, match=f"s must be a fraction, .* write {instead}, or another"):
        fraction(value, "s")


@pytest.mark.parametrize(
    "value", [True, None, math.nan, math.inf, np.float32(1 / 255), "1/0", "x", "1e99999999", b"1"]
)
def test_anything_else_is_no_fraction(value):
    with pytest.raises(ConfigError, match="s must be a number such as 1/255, not "):
        fraction(value, "s")


@pytest.mark.parametrize("value", [0, -1, "0", -0.5, Fraction(-1, 3)])
def test_a_fraction_is_positive(value):
    with pytest.raises(ConfigError, match="s must be positive, not "):
        fraction(value, "s")


@pytest.mark.parametrize("value", ["95%", "95 %", "0.95", "19/20", 0.95, Fraction(19, 20)])
def test_a_share_is_exact(value):
    assert share(value, "p") * 20 == 19


@pytest.mark.parametrize("value", ["few", "95%%", None, True, math.nan, math.inf])
def test_anything_else_is_no_share(value):
    with pytest.raises(ConfigError, match="p must be a number such as 0.95 or 95%, not "):
        share(value, "p")
