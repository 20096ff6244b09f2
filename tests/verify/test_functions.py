# SPDX-License-Identifier: Apache-2.0
"""The error of a table in integers is that of float64, and never below it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lmu_hw.lmu.activations import ACTIVATIONS
from lmu_hw.proofs.end_to_end import SLOPES as PROVER
from lmu_verify.fields import Format
from lmu_verify.functions import SLOPES, _exponential_of, table_error

FORMATS = [Format(True, 3, 5), Format(True, 1, 9), Format(True, 5, -1), Format(False, 3, 4)]


def test_the_prover_knows_the_same_slopes():
    assert {name: float(slope) for name, slope in SLOPES.items()} == PROVER


@pytest.mark.parametrize("source", FORMATS, ids=range(len(FORMATS)))
@pytest.mark.parametrize("function", SLOPES)
def test_an_error_is_the_largest_of_all_codes_and_both_ends(function, source):
    codes, answers = np.arange(source.min_code, source.max_code + 1), Format(True, 3, 7)
    f = ACTIVATIONS[function]
    exact = f(codes * float(source.ulp))
    found = np.rint(exact / float(answers.ulp)).astype(int)
    found[len(found) // 3] += 3
    values = found * float(answers.ulp)
    ends = np.abs(values[[0, -1]] - f(np.array([-(2.0**60), 2.0**60])))
    expected = max(np.abs(values - exact).max(), ends.max())
    error = table_error(function, source, found, answers)
    assert float(error) == pytest.approx(expected, rel=1e-12, abs=1e-15)
    assert error >= Fraction(3, 2) * answers.ulp or float(error) >= 2.4 * float(answers.ulp)


@pytest.mark.parametrize("x", [Fraction(1, 1 << 30), Fraction(1, 3), Fraction(1), Fraction(37)])
def test_an_exponential_is_enclosed_closely(x):
    low, high = _exponential_of(x)
    assert 0 <= high - low <= 1 << 10
    assert low / 2**96 == pytest.approx(np.exp(-float(x)), rel=1e-12)
