# SPDX-License-Identifier: Apache-2.0
"""Arrays of layers: of their shape, finite, copied and read-only."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.lmu._arrays import freeze


def test_an_array_becomes_a_read_only_copy_of_float64():
    raw = np.ones((2, 3), np.float32)
    owner = SimpleNamespace(W=raw, b=None)
    freeze(owner, "lmu", {"W": (2, 3), "b": (2,)})
    assert owner.W.dtype == np.float64 and not owner.W.flags.writeable
    assert owner.b is None
    raw[:] = 0
    assert np.array_equal(owner.W, np.ones((2, 3)))


def test_another_shape_is_refused_with_both():
    with pytest.raises(NetworkError, match=r"lmu: W must have the shape \(2, 3\), not \(3, 2\)"):
        freeze(SimpleNamespace(W=np.ones((3, 2))), "lmu", {"W": (2, 3)})


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_named_by_its_place(value):
    W = np.zeros((2, 3))
    W[1, 2] = value
    with pytest.raises(NetworkError, match=rf"lmu: W must be finite, but W\[1, 2\] is {value}"):
        freeze(SimpleNamespace(W=W), "lmu", {"W": (2, 3)})
