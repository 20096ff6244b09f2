# SPDX-License-Identifier: Apache-2.0
"""Files of real packages (tools/keras_fixtures.py and others), and what these computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lmu_hw.load import load

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
}


@pytest.fixture(scope="module")
def outputs():
    with np.load(FOLDER / "outputs.npz") as held:
        return dict(held)


def test_every_file_has_its_outputs(outputs):
    assert {key.rpartition("/")[0] for key in outputs} == set(FILES)
    made = [name.partition("-")[0] for name in FILES]
    assert {kind: made.count(kind) for kind in GENERATIONS} == GENERATIONS


@pytest.mark.parametrize("name", FILES)
def test_the_network_computes_what_the_package_computes(outputs, name):
    expected = outputs[f"{name}/y"]
    got = load(FOLDER / name).run(outputs[f"{name}/x"])
    assert got.shape == expected.shape
    assert np.ptp(expected) > 1e-3  # something was computed
    # float64 against the packages' float32, of values that are all near 1
    assert np.max(np.abs(got - expected)) < 1e-5 * np.max(np.abs(expected))
