# SPDX-License-Identifier: Apache-2.0
"""The data that ranges are taken from: a part that shows them, or noise."""

from __future__ import annotations

import numpy as np

from lmu_hw.calibration import calibration_subset, synthetic_input
from lmu_hw.sequences import Sequences
from tests import networks


def test_calibration_keeps_about_100_000_steps():
    x = Sequences.of(np.arange(3000.0).reshape(3000, 1, 1).repeat(100, axis=1))
    subset = calibration_subset(x)
    assert subset.padded.shape == (1000, 100, 1)
    assert subset.padded[[0, -1], 0, 0].tolist() == [0.0, 2999.0]


def test_little_calibration_is_kept_whole():
    x = Sequences.of(np.zeros((3, 10, 1)))
    assert calibration_subset(x) is x


def test_synthetic_input_is_the_same_every_time():
    net = networks.network(inputs=2, theta=50.0)
    x = synthetic_input(net)
    assert np.array_equal(x, synthetic_input(net))
    assert x.shape == (8, 100, 2)
    assert np.abs(x).max() <= 1.0


def test_synthetic_input_holds_values_for_longer_in_later_sequences():
    x = synthetic_input(networks.network(theta=500.0))
    changes = [np.count_nonzero(np.diff(sequence[:, 0])) for sequence in x]
    assert changes[0] > 10 * changes[-1] > 0
