# SPDX-License-Identifier: Apache-2.0
"""Sequences to start from: within the format, at both of its ends, and the same every time."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from lmu_hw.fixed import FixedFormat
from lmu_hw.simulate.directed.starts import codes_of, fitted, start_sequences

FORMATS = [
    FixedFormat(signed=True, int_bits=0, frac_bits=7),
    FixedFormat(signed=False, int_bits=3, frac_bits=2),
    FixedFormat(signed=True, int_bits=0, frac_bits=0),
]


@pytest.mark.parametrize("fmt", FORMATS, ids=str)
def test_one_and_minus_one_are_the_ends_of_the_format(fmt):
    codes = codes_of(np.array([-1.0, 1.0, -2.0, 2.0]), fmt)
    assert codes.tolist() == [fmt.min_code, fmt.max_code] * 2


@pytest.mark.parametrize("fmt", FORMATS, ids=str)
def test_sequences_reach_both_ends_and_never_leave_the_format(fmt):
    starts = islice(start_sequences(3, fmt, 10, np.random.default_rng(1)), 40)
    codes = np.stack(list(starts))
    assert codes.shape == (40, 10, 3)
    assert (codes.min(), codes.max()) == (fmt.min_code, fmt.max_code)


def test_the_same_seed_gives_the_same_sequences():
    first, second = (start_sequences(2, FORMATS[0], 8, np.random.default_rng(5)) for _ in range(2))
    assert all(np.array_equal(next(first), next(second)) for _ in range(10))


def test_a_sequence_is_cut_or_repeated():
    codes = np.arange(6).reshape(3, 2)
    assert fitted(codes, 2).tolist() == [[0, 1], [2, 3]]
    assert fitted(codes, 5).tolist() == [[0, 1], [2, 3], [4, 5], [0, 1], [2, 3]]
