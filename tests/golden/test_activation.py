# SPDX-License-Identifier: Apache-2.0
"""Activations on narrowed sums: a table, a rectifier, or nothing."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.fixed import FixedFormat
from lmu_hw.golden.activation import Activation
from lmu_hw.network import Codes, Rectifier, Table

FORMAT = FixedFormat(signed=True, int_bits=0, frac_bits=2)
ALL = np.arange(-4, 4)


@pytest.mark.parametrize("kind", [np.int64, np.float64, object])
def test_a_table_is_addressed_by_the_bits_of_the_code(kind):
    entries = np.array([0, 1, 2, 3, -4, -3, -2, -1])  # codes 0 to 3, then -4 to -1
    table = Table.full("any", FORMAT, Codes(codes=entries, format=FORMAT))
    codes = Activation(table)(ALL.astype(kind))
    assert codes.dtype == kind
    assert codes.tolist() == ALL.tolist()


def test_a_rectifier_drops_negative_codes():
    assert Activation(Rectifier(format=FORMAT))(ALL).tolist() == [0, 0, 0, 0, 0, 1, 2, 3]


def test_without_activation_codes_pass():
    assert Activation(None)(ALL) is ALL
