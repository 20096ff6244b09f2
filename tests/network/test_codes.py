# SPDX-License-Identifier: Apache-2.0
"""Codes with their format: read-only, copied, and within it."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.network import Codes
from tests.network.parts import S8, codes


def test_codes_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        codes(2).codes[0] = 3


def test_codes_are_a_copy():
    array = np.zeros(2, np.int64)
    kept = Codes(codes=array, format=S8)
    array[0] = 5
    assert kept.codes[0] == 0


@pytest.mark.parametrize("value", [-129, 128])
def test_codes_must_fit(value):
    with pytest.raises(NetworkError, match=rf"codes must fit sQ0\.7 \(8 bits\), not {value} to"):
        codes(1, value=value)
