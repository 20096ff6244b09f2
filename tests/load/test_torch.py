# SPDX-License-Identifier: Apache-2.0
"""PyTorch state dicts with the names of pytorch-lmu."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from lmu_hw.errors import LoadError
from lmu_hw.lmu import Discretizer
from lmu_hw.load import load

SHAPES = {
    "e_x": (1, 2), "e_h": (1, 5), "e_m": (1, 3), "W_x": (5, 2), "W_h": (5, 5), "W_m": (5, 3),
    "A": (3, 3), "B": (3, 1),
}  # fmt: skip


def state(rng, prefix="lmu.", **shapes):
    """Return the tensors of one cell with random values."""
    return {
        f"{prefix}cell.{key}": rng.normal(size=shape).astype(np.float32) / 3
        for key, shape in {**SHAPES, **shapes}.items()
        if shape is not None
    }


def head(rng, name="classifier", outputs=4, units=5):
    return {
        f"{name}.weight": rng.normal(size=(outputs, units)).astype(np.float32),
        f"{name}.bias": rng.normal(size=outputs).astype(np.float32),
    }


def write(path, tensors, **options):
    save_file(tensors, path, **options)
    return path


def reference(cell, x):
    """Compute the cell on (steps, inputs), one row vector after another."""
    w = {key.rpartition(".")[2]: data.astype(float) for key, data in cell.items()}
    h, m, outputs = np.zeros((1, 5)), np.zeros((1, 3)), []
    for row in x:
        row = row[None]
        u = row @ w["e_x"].T + h @ w["e_h"].T + m @ w["e_m"].T
        m = m @ w["A"].T + u @ w["B"].T
        h = np.tanh(row @ w["W_x"].T + h @ w["W_h"].T + m @ w["W_m"].T)
        outputs.append(h[0])
    return np.array(outputs)


@pytest.mark.parametrize("prefix", ["", "lmu.", "model.rnn."])
def test_a_cell_alone_answers_at_every_step(tmp_path, rng, prefix):
    cell = state(rng, prefix)
    network = load(write(tmp_path / "my model.safetensors", cell))
    x = rng.normal(size=(6, 2))
    # float64 against float64, sums in another order
    np.testing.assert_allclose(network.run(x[None])[0], reference(cell, x), rtol=1e-12, atol=1e-12)
    assert network.name == "my_model"
    assert network.layers[0].name == {"": "lmu", "lmu.": "lmu"}.get(prefix, "model_rnn")


@pytest.mark.parametrize("name", ["classifier", "net.fc", "lmu"])
def test_a_head_makes_the_lmu_answer_at_the_last_step(tmp_path, rng, name):
    cell, linear = state(rng), head(rng, name)
    network = load(write(tmp_path / "m.safetensors", {**cell, **linear}))
    x = rng.normal(size=(6, 2))
    expected = reference(cell, x)[-1] @ linear[f"{name}.weight"].T + linear[f"{name}.bias"]
    # float64 against float32 weights widened, sums in another order
    np.testing.assert_allclose(network.run(x[None])[0], expected, rtol=1e-6, atol=1e-6)
    assert network.answers_once


def test_the_stored_matrices_are_kept(tmp_path, rng):
    cell = state(rng)
    layer: Any = load(write(tmp_path / "m.safetensors", cell)).layers[0]
    memory = layer.memory
    assert np.array_equal(memory.A, cell["lmu.cell.A"])
    assert np.array_equal(memory.B, cell["lmu.cell.B"][:, 0])
    assert (memory.theta, memory.discretizer) == (None, Discretizer.STORED)


def test_metadata_of_others_is_not_a_header(tmp_path, rng):
    path = write(tmp_path / "m.safetensors", state(rng), metadata={"format": "pt"})
    assert load(path).inputs == 2


def test_a_head_without_bias_is_loaded(tmp_path, rng):
    tensors = state(rng) | {"fc.weight": np.ones((2, 5), np.float32)}
    layer: Any = load(write(tmp_path / "m.safetensors", tensors)).layers[1]
    assert layer.b is None


FFT = {"W_u.weight": (1, 2), "W_u.bias": (1,), "W_h.weight": (5, 5), "A": (3, 3), "B": (3, 1)}


@pytest.mark.parametrize("prefix", ["", "lmu_fft."])
def test_lmufft_is_refused_by_name(tmp_path, prefix):
    tensors = {f"{prefix}{key}": np.zeros(shape, np.float32) for key, shape in FFT.items()}
    with pytest.raises(LoadError, match="must be pytorch-lmu's LMU, not its LMUFFT"):
        load(write(tmp_path / "m.safetensors", tensors))


def test_other_ports_are_refused_by_name(tmp_path):
    tensors = {"lmu.input_encoders": np.zeros((1, 2)), "lmu.AT": np.zeros((3, 3))}
    with pytest.raises(LoadError, match=r"named \['AT', 'input_encoders'\], whose matrices"):
        load(write(tmp_path / "m.safetensors", tensors))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lmu.cell.e_h": None}, r"tensors \['e_h'\] of lmu.cell must be in the file"),
        ({"lmu.cell.A": (4, 4)}, r"the shape of A must be \(3, 3\), not \(4, 4\)"),
        ({"lmu.cell.B": (3,)}, r"the shape of B must be \(3, 1\), not \(3,\)"),
        ({"lmu.cell.e_x": (2, 2)}, r"the shape of e_x must be \(1, 2\), not \(2, 2\)"),
        ({"lmu.cell.W_m": (5,)}, r"W_m must be a non-empty matrix, not \(5,\)"),
        ({"lmu.cell.W_m": (5, 4097)}, "the order must be at most 4096, not 4097"),
        ({"a.weight": (5, 5), "b.weight": (5, 5)}, "at most one linear layer"),
        ({"a.weight": (5,)}, r"layer 'a': weight must be \(outputs, inputs\), not \(5,\)"),
        ({"a.bias": (5,)}, r"at most one linear layer .* not 1 tensor\(s\) \['a.bias'\]"),
        ({"a.weight": (2, 6)}, "layer a must take the 5 outputs of lmu, not 6"),
        ({"two.cell.e_x": (1, 2)}, "there must be one LMU, not 2"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(tmp_path, rng, change, message):
    tensors = state(rng)
    for key, shape in change.items():
        tensors.pop(key, None)
        if shape is not None:
            tensors[key] = np.zeros(shape, np.float32)
    path = write(tmp_path / "m.safetensors", tensors)
    with pytest.raises(LoadError, match=message) as caught:
        load(path)
    assert str(caught.value).startswith(str(path))


def test_unknown_tensors_are_listed(tmp_path):
    tensors = {f"layer{i}.w": np.zeros(2) for i in range(9)}
    with pytest.raises(LoadError, match=r"not \['layer0.w', .*'layer5.w'\]; "):
        load(write(tmp_path / "m.safetensors", tensors))


def test_integers_are_refused(tmp_path, rng):
    tensors = state(rng) | {"lmu.cell.A": np.zeros((3, 3), np.int64)}
    with pytest.raises(LoadError, match="tensor 'lmu.cell.A' must be F16 or F32 or F64, not 'I64'"):
        load(write(tmp_path / "m.safetensors", tensors))


def test_nan_is_refused(tmp_path, rng):
    tensors = state(rng) | {"lmu.cell.A": np.full((3, 3), np.nan, np.float32)}
    with pytest.raises(LoadError, match=r"layer 'lmu': memory: A must be finite"):
        load(write(tmp_path / "m.safetensors", tensors))
