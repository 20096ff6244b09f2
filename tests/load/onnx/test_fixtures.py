# SPDX-License-Identifier: Apache-2.0
"""Files that PyTorch exported (tools/onnx_fixtures.py), and what its modules answered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lmu_hw.load import load

FOLDER = Path(__file__).parents[1] / "fixtures" / "onnx"
FILES = {"gated.onnx", "normalized.onnx", "stepped.onnx"}


def test_every_file_is_there():
    assert {path.name for path in FOLDER.glob("*.onnx")} == FILES


@pytest.mark.parametrize("name", sorted(FILES))
def test_the_network_answers_as_the_module(name):
    with np.load(FOLDER / "answers.npz") as held:
        x, y = held[f"{name}/x"], held[f"{name}/y"]
    got = load(FOLDER / name).run(x)
    assert got.shape == y.shape
    # float64 against PyTorch's float32, of values that are all near 1
    np.testing.assert_allclose(got, y, atol=1e-5)
