# SPDX-License-Identifier: Apache-2.0
"""What realizations answer for a memory, whichever they are."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.errors import ConfigError
from lmu_hw.lmu import Discretizer, Memory
from lmu_hw.realize import REALIZATIONS, Basis, DenseRealization

MEMORY = Memory.legendre(4, 40.0, Discretizer.ZOH)
UNKNOWN = Memory(A=np.diag([0.5, 0.25]), B=np.ones(2), theta=None, discretizer=Discretizer.STORED)
STRUCTURED = [name for name, kind in REALIZATIONS.items() if not kind.trained_matrices]


@pytest.mark.parametrize("name", STRUCTURED)
def test_a_structured_memory_needs_a_window(name):
    assert REALIZATIONS[name].of(MEMORY, None, where="m").theta == 40.0
    with pytest.raises(ConfigError, match=f"^m: its window must be known for a {name} real"):
        REALIZATIONS[name].of(UNKNOWN, None, where="m")
    assert list(REALIZATIONS[name].candidates(UNKNOWN, where="m")) == []


@pytest.mark.parametrize("name", STRUCTURED)
def test_what_is_computed_is_a_legendre_memory_of_its_window(name):
    memory = REALIZATIONS[name].of(MEMORY, None, where="m").at_window(50.0).legendre(4)
    assert memory.order == 4 and memory.theta == 50.0


def test_a_dense_memory_keeps_its_matrices_and_has_no_other_window():
    dense = DenseRealization.of(UNKNOWN, None, where="m")
    assert dense.legendre(2) is None
    assert np.array_equal(dense.states(3, Basis.TRAINED), np.ones(3))
    with pytest.raises(ConfigError, match="a dense memory has no window that could be another"):
        dense.at_window(50.0)


def test_only_those_are_reloadable_that_say_so():
    for kind in REALIZATIONS.values():
        assert kind.of(MEMORY, None, where="m").reloadable == bool(kind.reloadable_as)
