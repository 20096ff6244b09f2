# SPDX-License-Identifier: Apache-2.0
"""What verbs hand on: options out of their arguments, and calibration data."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.api._given import calibration_data, options_of, refuse_both
from lmu_hw.errors import ConfigError
from lmu_hw.quantize import Options, configure
from tests import networks

NET = networks.network(order=2, units=2)


def test_options_are_taken_out_of_the_arguments():
    default = {name: getattr(Options(), name) for name in Options.__dataclass_fields__}
    assert options_of({**default, "weight_bits": 6, "network": NET}) == Options(weight_bits=6)


def test_an_option_beside_a_configuration_is_named():
    config = configure(NET, networks.noise(NET, sequences=2, steps=8), Options())
    refuse_both(config, Options())
    with pytest.raises(ConfigError, match="`margin` and `config` cannot be combined"):
        refuse_both(config, Options(margin=2.0))


def test_without_data_there_is_noise_at_full_scale():
    x = calibration_data(NET, None)
    assert x.features == NET.inputs
    assert 0.9 < np.abs(x.padded).max() <= 1.0
    assert np.array_equal(x.padded, calibration_data(NET, None).padded)


def test_data_become_float64():
    x = calibration_data(NET, np.ones((2, 3, 1), np.int8))
    assert x.padded.dtype == np.float64 and x.padded.shape == (2, 3, 1)
