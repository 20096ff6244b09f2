# SPDX-License-Identifier: Apache-2.0
"""What persists from step to step, and states that are none."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.errors import NetworkError, RangeError
from lmu_hw.network import check_state, state_codes, state_vectors
from tests.stateful import KINDS


def network_of(kind):
    return KINDS[kind][0]()


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("dense, read back", ["lmu0.m", "lmu0.h"]),
        ("error feedback", ["lmu0.u residue", "lmu0.m", "lmu0.m residue", "lmu0.h"]),
        ("two layers, then dense", ["lmu0.m", "lmu0.h", "lmu1.m", "lmu1.h"]),
        ("two layers, answers once", ["lmu0.m", "lmu0.h", "lmu1.m", "lmu1.h"]),
        ("sweeps, two memories", ["lmu0.m", "lmu0.h"]),
        ("scan", ["only.m"]),
        ("two passes", ["only.m"]),
        ("lstm", ["r0.m", "r0.c", "r0.h"]),
        ("gru", ["r0.h"]),
    ],
)
def test_every_vector_that_is_read_a_step_later_persists(kind, names):
    assert [vector.name for vector in state_vectors(network_of(kind))] == names


def test_a_state_is_refused_by_name_shape_type_and_range():
    network = network_of("scan")
    good = {"only.m": np.zeros((2, 5), np.int64)}
    assert check_state(network, good, 2)["only.m"].shape == (2, 5)
    assert check_state(network, {"only.m": np.zeros(5, np.int64)}, 3)["only.m"].shape == (3, 5)
    for state, message in (
        ({}, r"must have the vectors \['only.m'\], not \[\]"),
        ({**good, "only.h": 0}, r"not \['only.h', 'only.m'\]"),
        ({"only.m": np.zeros((2, 5))}, "must be codes, which are integers, not float64"),
        ({"only.m": np.zeros((3, 5), int)}, r"must have the shape \(2, 5\), .*, not \(3, 5\)"),
        ("only.m", "must have the vectors"),
    ):
        with pytest.raises(NetworkError, match=message):
            check_state(network, state, 2)
    with pytest.raises(RangeError, match=r"the state only\.m must be codes of sQ3\.10"):
        check_state(network, {"only.m": np.full(5, 1 << 13)}, 2)


def test_values_become_the_nearest_codes():
    network = network_of("lstm")
    (m, c, h) = state_vectors(network)
    state = state_codes(network, {c.name: np.full(c.size, 1.4 * c.format.ulp)})
    assert state[c.name].tolist() == [[1] * c.size]
    assert not state[m.name].any() and not state[h.name].any()
    with pytest.raises(NetworkError, match="not \\['r0.x'\\]"):
        state_codes(network, {"r0.x": [0.0]})
    with pytest.raises(NetworkError, match="must be 5 finite values"):
        state_codes(network, {h.name: [0.0]})
    with pytest.raises(RangeError, match=r"the state r0\.c"):
        state_codes(network, {c.name: np.full(c.size, 1e6)})
