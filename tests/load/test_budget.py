# SPDX-License-Identifier: Apache-2.0
"""What a short config of Keras asks for is bounded."""

from __future__ import annotations

from tests.load import keras_files
from tests.load.refusals import model_refused


def test_memories_that_take_too_long_are_refused(tmp_path, rng):
    layer = keras_files.lmu(rng, 1, hidden=None)
    layer.config["order"] = 1025
    message = r"the sum of order\*\*3 must be at most 1073741824 for all layers to discretize, not"
    model_refused(tmp_path, [layer], message)


def test_identities_that_take_too_much_are_refused(tmp_path, rng):
    options = {"kernel": False, "memory_d": 3000, "order": 1, "hidden": None}
    layers = [keras_files.lmu(rng, 3000, name=name, **options) for name in ("a", "b")]
    message = r"layer 'b' .*the sum of features\*\*2 must be at most 16777216 .*, not 18000000"
    model_refused(tmp_path, layers, message, shape=(None, None, 3000))


def test_too_many_layers_are_refused(tmp_path, rng):
    layers = [keras_files.plain("Dropout", f"d{index}") for index in range(1000)]
    model_refused(tmp_path, layers, "the number of layers must be at most 1000, not 1001")
