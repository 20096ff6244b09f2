# SPDX-License-Identifier: Apache-2.0
"""Files of real packages (tools/keras_fixtures.py and others), and what these computed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lmu_hw.errors import LoadError
from lmu_hw.load import load
from lmu_hw.load.agreement import agreeing

FOLDER = Path(__file__).parents[1] / "fixtures" / "keras"
FILES = sorted(path.name for path in FOLDER.iterdir() if path.suffix in (".h5", ".keras"))
GENERATIONS = {
    "keras3": 18,
    "keras2": 8,
    "lmu03": 3,
    "lmu02": 1,
    "lmu01": 2,
    "graphs": 4,
    "operators2": 2,
    "operators3": 2,
    "masks2": 2,
    "masks3": 7,
}


@pytest.fixture(scope="module")
def outputs():
    with np.load(FOLDER / "outputs.npz") as held:
        return dict(held)


def test_every_file_has_its_outputs(outputs):
    assert {key.rpartition("/")[0] for key in outputs} == set(FILES)
    made = [name.partition("-")[0] for name in FILES]
    assert {kind: made.count(kind) for kind in GENERATIONS} == GENERATIONS


REFUSED = {
    "masks3-deaf.keras": r"layer 'lmu.*' \(LMU\): must get the mask: in Keras it does not",
    "masks3-mixed.h5": r"layer 'lstm.*' \(LSTM\): must get the mask, as other recurrent ",
}
"""Files whose masks hardware cannot follow."""


@pytest.mark.parametrize("name", [name for name in FILES if name not in REFUSED])
def test_the_network_computes_what_the_package_computes(outputs, name):
    network, expected = load(FOLDER / name), outputs[f"{name}/y"]
    got = network.run(outputs[f"{name}/x"])
    if expected.ndim == 3:  # masked steps answer nothing
        expected = network.check_input(outputs[f"{name}/x"]).aligned(expected)
    assert got.shape == expected.shape
    assert np.ptp(expected) > 1e-3  # something was computed
    # float64 against the packages' float32, of values that are all near 1
    assert np.max(np.abs(got - expected)) < 1e-5 * np.max(np.abs(expected))


@pytest.mark.parametrize("name", REFUSED)
def test_masks_that_hardware_cannot_follow_are_refused(name):
    with pytest.raises(LoadError, match=f"{name}: {REFUSED[name]}"):
        load(FOLDER / name)


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("masks")])
def test_a_masked_step_that_is_taken_would_be_seen(outputs, name):
    """The outputs of these files do tell masked steps from others."""
    if name in REFUSED:
        return
    network, expected = load(FOLDER / name), outputs[f"{name}/y"]
    if name == "masks3-zeros.keras":
        assert network.mask_value is None
        assert any("Masking does nothing here" in note for note in network.notes)
        return
    assert network.mask_value == -1.0
    whole = replace(network, mask_value=None)
    for given in (outputs[f"{name}/x"], np.maximum(outputs[f"{name}/x"], -0.999999)):
        got = whole.run(given)
        assert np.max(np.abs(got - expected)) > 1e-3


def test_keras_agrees_at_the_steps_that_are_taken(outputs):
    name = "masks3-steps.h5"
    x, y = outputs[f"{name}/x"], outputs[f"{name}/y"]
    network = load(FOLDER / name)
    assert agreeing(network, x, y, where=name).notes[-1].startswith("checked:")
    wrong = y.copy()
    wrong[0, 0] += 1.0  # of a masked step
    agreeing(network, x, wrong, where=name)
    wrong[0, 4] += 1.0
    with pytest.raises(LoadError, match="it first differs at step 1, sequence 0"):
        agreeing(network, x, wrong, where=name)
