# SPDX-License-Identifier: Apache-2.0
"""Options and weights of LMU layers that do not fit."""

from __future__ import annotations

import numpy as np
import pytest

from tests.load import keras_files
from tests.load.refusals import model_refused

LMU_REFUSED = [
    ({"order": 0}, r"layer 'lmu' \(LMU\): order must be an integer from 1 to 4096, not 0"),
    ({"order": 5000}, "order must be an integer from 1 to 4096, not 5000"),
    ({"order": 5}, r"shape of kernel of the hidden cell .* must be \(5, 3\), not \(4, 3\)"),
    ({"memory_d": 2}, r"shape of kernel \(layers/lmu/layer/vars/0\) must be \(1, 2\), not"),
    ({"memory_d": 5000}, "memory_d must be an integer from 1 to 4096, not 5000"),
    ({"theta": 0}, "theta must be a positive finite number, not 0"),
    ({"theta": "784"}, "theta must be a positive finite number, not '784'"),
    ({"theta": 1e-30}, r"theta must be from 0.001 to .* steps, not 1e-30"),
    ({"discretizer": "tustin"}, "discretizer must be one of zoh, euler, not 'tustin'"),
    ({"hidden_to_memory": 1}, "hidden_to_memory must be true or false, not 1"),
    ({"hidden_to_memory": True}, r"shape of kernel .* must be \(4, 1\), not \(1, 1\)"),
    ({"use_bias": True}, "bias must be in the weights as 'layers/lmu/layer/vars/1'"),
    ({"trainable_theta": True}, "theta_inv must be in the weights"),
    ({"memory_to_memory": True}, "recurrent_kernel must be in the weights"),
    ({"input_to_hidden": True}, r"must be \(5, 3\), not \(4, 3\)"),
    ({"hidden_cell": None}, "nothing reads .'layers/lmu/hidden_cell/vars/0'"),
    ({"hidden_cell": None, "hidden_to_memory": True}, "hidden_to_memory must be false without"),
    ({"kernel_initializer": None}, "nothing reads .'layers/lmu/layer/vars/0'"),
    ({"kernel_initializer": None, "memory_d": 3}, "memory_d must be the width of .x, h. without"),
    ({"stateful": True}, "stateful must be off, not True; every sequence starts from zero"),
    ({"return_state": 1}, "return_state must be true or false, not 1"),
    (
        {"stateful": True, "go_backwards": True},
        "stateful and go_backwards must be off, not True; .*; hardware takes steps as they come",
    ),
    ({"go_backwards": True}, "go_backwards must be off"),
    ({"time_major": True}, "time_major must be off"),
    ({"gate": "soft"}, r"'gate' must be a known option, but it is not \(its value is 'soft'\)"),
]


@pytest.mark.parametrize(("change", "message"), LMU_REFUSED)
def test_lmu_options_that_do_not_fit_are_refused(tmp_path, rng, change, message):
    layer = keras_files.lmu(rng, 1)
    layer.config.update(change)
    model_refused(tmp_path, [layer], message)


@pytest.mark.parametrize("value", [0.0, -0.5, np.nan, np.inf])
def test_a_trained_theta_must_be_positive(tmp_path, rng, value):
    layer = keras_files.lmu(rng, 1, trainable_theta=True, theta_inv=value)
    model_refused(tmp_path, [layer], "theta_inv must be a positive finite number, not")
