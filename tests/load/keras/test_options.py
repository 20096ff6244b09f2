# SPDX-License-Identifier: Apache-2.0
"""keras-lmu models that are refused: the message names file, layer, option, rule and value."""

from __future__ import annotations

import pytest

from tests.load import keras_files
from tests.load.refusals import model_refused


@pytest.mark.parametrize("option", ["stateful", "go_backwards", "time_major"])
def test_rnn_options_that_change_the_meaning_are_refused(tmp_path, rng, option):
    layer = keras_files.lmu(rng, 1, form="RNN")
    layer.config[option] = True
    model_refused(tmp_path, [layer], rf"layer 'lmu' \(RNN\): {option} must be off, not True")
