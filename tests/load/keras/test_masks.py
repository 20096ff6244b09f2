# SPDX-License-Identifier: Apache-2.0
"""Where a mask goes in sequential models, and what is refused; real files: `test_fixtures`."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.errors import LoadError
from lmu_hw.load import load
from tests.load import keras_files
from tests.load.keras_files import plain


def masking(value=-1.0):
    return plain("Masking", "skip", mask_value=value)


def cell(rng, name="a", **options):
    return keras_files.lmu(rng, 1, form="RNN", name=name, **options)


def written(tmp_path, *layers, kind="Sequential"):
    return keras_files.write(tmp_path / "m.keras", list(layers), kind=kind, shape=(None, None, 1))


def test_a_mask_reaches_a_recurrent_layer_of_a_sequential_model(tmp_path, rng):
    path = written(tmp_path, masking(), plain("Dropout", "drop"), cell(rng))
    network = load(path)
    assert network.mask_value == -1.0
    assert any("all -1 are masked" in note for note in network.notes)
    x = np.array([[[-1.0], [0.5], [-1.0], [0.25], [-1.0]]])
    assert np.array_equal(network.run(x), network.run(x[:, [1, 3]]))


def test_masked_zeros_of_a_layer_that_takes_no_mask_are_steps(tmp_path, rng):
    network = load(written(tmp_path, masking(0.0), keras_files.lmu(rng, 1, name="a")))
    assert network.mask_value is None
    assert any(note.startswith("warning: Masking does nothing") for note in network.notes)


@pytest.mark.parametrize("value", [np.nan, "0", None, True])
def test_a_mask_value_is_a_number(tmp_path, rng, value):
    with pytest.raises(LoadError, match=r"'skip' \(Masking\): mask_value must be a finite number"):
        load(written(tmp_path, masking(value), cell(rng)))


@pytest.mark.parametrize(
    ("before", "message"),
    [
        (lambda rng: [keras_files.dense(rng, 1, 1), masking()], "'skip'.* the input of the model"),
        (lambda rng: [masking(), plain("Masking", "b", mask_value=2.0)], "'b'.* the input of the"),
        (lambda rng: [masking(), keras_files.lmu(rng, 1, name="b")], "'b'.*must get the mask: in"),
    ],
)
def test_masks_that_hardware_cannot_follow_are_refused(tmp_path, rng, before, message):
    with pytest.raises(LoadError, match=message):
        load(written(tmp_path, *before(rng)))


def test_a_graph_of_keras_3_must_name_the_mask(tmp_path, rng):
    with pytest.raises(LoadError, match=r"'a' \(RNN\): must get the mask: in Keras it does not"):
        load(written(tmp_path, masking(), cell(rng), kind="Functional"))
