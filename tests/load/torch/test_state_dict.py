# SPDX-License-Identifier: Apache-2.0
"""PyTorch state dicts with the names of the LMU projects, against their equations."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from lmu_hw.errors import LoadError
from lmu_hw.lmu import Discretizer
from lmu_hw.load import load
from tests.load.refusals import refused

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
    (warning,) = [note for note in network.notes if note.startswith("warning: ")]
    assert name in warning and "as linear, once, at the last step; `mapping`" in warning


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


def test_the_counter_of_averaged_weights_is_no_layer(tmp_path, rng):
    cell = {f"module.lmu.cell.{key}": array for key, array in state(rng).items()}
    counter = {"n_averaged": np.array(3, np.int64)}
    assert len(load(write(tmp_path / "m.safetensors", cell | counter)).layers) == 1


PORTS = {
    "bjkomer": "input_encoders hidden_encoders memory_encoders input_kernel hidden_kernel "
    "memory_kernel AT BT",
    "AbdouJaouhar": "encoder_input encoder_hidden encoder_memory kernel_input kernel_hidden "
    "kernel_memory AT BT",
}


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("prefix", ["", "lmucell."])
def test_ports_that_keep_a_less_the_identity(tmp_path, rng, port, prefix):
    cell = state(rng)
    keys = dict(zip(SHAPES, PORTS[port].split(), strict=True))
    renamed = {f"{prefix}{keys[key.rpartition('.')[2]]}": data for key, data in cell.items()}
    network = load(write(tmp_path / "m.safetensors", renamed))
    cell["lmu.cell.A"] = cell["lmu.cell.A"].astype(float) + np.eye(3)
    x = rng.normal(size=(6, 2))
    np.testing.assert_allclose(network.run(x[None])[0], reference(cell, x), rtol=1e-12, atol=1e-12)
    assert any("tanh" in note for note in network.notes) == (port == "bjkomer")


FFT = {
    "W_u.weight": (1, 2), "W_u.bias": (1,), "W_h.weight": (5, 5), "W_h.bias": (5,), "A": (3, 3),
    "B": (3, 1), "H": (3, 9),
}  # fmt: skip


def fft_reference(cell, x):
    """Compute LMUFFT on (steps, inputs), step by step."""
    w = {key: data.astype(float) for key, data in cell.items()}
    m, outputs = np.zeros(3), []
    for row in x:
        u = np.maximum(0.0, w["W_u.weight"] @ row + w["W_u.bias"])
        m = w["A"] @ m + w["B"] @ u
        memory_first = np.concatenate([m, row])
        outputs.append(np.maximum(0.0, w["W_h.weight"] @ memory_first + w["W_h.bias"]))
    return np.array(outputs)


@pytest.mark.parametrize("prefix", ["", "block.lmu_fft."])
@pytest.mark.parametrize("with_head", [False, True])
def test_lmufft_rectifies_u_and_reads_the_memory_first(tmp_path, rng, prefix, with_head):
    cell = {key: rng.normal(size=shape).astype(np.float32) for key, shape in FFT.items()}
    linear = head(rng) if with_head else {}
    tensors = {f"{prefix}{key}": data for key, data in cell.items()} | linear
    network = load(write(tmp_path / "m.safetensors", tensors))
    x = rng.normal(size=(6, 2))
    expected = fft_reference(cell, x)
    if with_head:
        expected = expected[-1] @ linear["classifier.weight"].T + linear["classifier.bias"]
    # float64 against float32 weights widened, sums in another order
    np.testing.assert_allclose(network.run(x[None])[0], expected, rtol=1e-5, atol=1e-6)
    first: Any = network.layers[0]
    assert (first.encoder, first.hidden.activation, first.hidden.W_h) == ("relu", "relu", None)


def test_complex_tensors_that_are_derived_are_not_read(tmp_path, rng):
    cell = {key: rng.normal(size=shape).astype(np.float32) for key, shape in FFT.items()}
    cell["fft_H"] = np.full((3, 10), np.nan, np.complex64)
    assert load(write(tmp_path / "m.safetensors", cell)).outputs == 5


def test_bfloat16_is_the_upper_half_of_float32(tmp_path, rng):
    cell = state(rng)
    halves = {key: data.view(np.uint32) >> 16 << 16 for key, data in cell.items()}
    raw = b"".join((half >> 16).astype("<u2").tobytes() for half in halves.values())
    header, place = {}, 0
    for key, data in cell.items():
        ends = [place, place + 2 * data.size]
        header[key] = {"dtype": "BF16", "shape": data.shape, "data_offsets": ends}
        place = ends[1]
    text = json.dumps(header).encode()
    (tmp_path / "m.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + raw)
    layer: Any = load(tmp_path / "m.safetensors").layers[0]
    assert np.array_equal(layer.hidden.W_x, halves["lmu.cell.W_x"].view(np.float32))


@pytest.mark.parametrize("key", ["rnn.weight_ih_l0", "weight_hh_l1_reverse", "lstm.bias_hh_l0"])
def test_the_recurrent_layers_of_torch_are_refused_by_name(tmp_path, rng, key):
    tensors = state(rng) | {key: np.zeros((8, 2), np.float32)}
    message = f"must not hold torch's own LSTM, GRU or RNN, as '{key}' does"
    with pytest.raises(LoadError, match=message):
        load(write(tmp_path / "m.safetensors", tensors))


def test_two_projects_in_one_file_are_refused(tmp_path, rng):
    tensors = state(rng) | {f"fft.{key}": np.zeros(shape) for key, shape in FFT.items()}
    with pytest.raises(LoadError, match=r"one LMU, not 2 \(\['lmu.cell.', 'fft.'\]\)"):
        load(write(tmp_path / "m.safetensors", tensors))


@pytest.mark.parametrize(
    ("key", "shape", "message"),
    [
        ("W_h.weight", (5, 6), r"must be \(5, 5\), \(units, order\+inputs\), not \(5, 6\)"),
        ("W_u.weight", (2, 2), r"must be \(1, 2\), \(1, inputs\), not \(2, 2\)"),
        ("W_u.bias", (2,), r"must be \(1,\), \(1\), not \(2,\)"),
        ("A", (3, 4), r"must be .*\(order, order\), not \(3, 4\)"),
        ("B", (0, 1), r"must be \(order, 1\), not empty, not \(0, 1\)"),
        ("W_h.bias", None, r"tensors \['W_h.bias'\] of pytorch-lmu's LMUFFT must be in the file"),
    ],
)
def test_an_lmufft_that_does_not_fit_is_refused(tmp_path, key, shape, message):
    shapes = {**FFT, key: shape}
    tensors = {k: np.zeros(shape, np.float32) for k, shape in shapes.items() if shape is not None}
    refused(write(tmp_path / "m.safetensors", tensors), message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lmu.cell.e_h": None}, r"tensors \['e_h'\] of lmu.cell must be in the file"),
        (
            {"lmu.cell.A": (4, 4)},
            r"the shape of A must be \(3, 3\), \(order, order\), not \(4, 4\)",
        ),
        ({"lmu.cell.B": (3,)}, r"the shape of B must be \(order, 1\), not empty, not \(3,\)"),
        (
            {"lmu.cell.e_x": (2, 2)},
            r"the shape of e_x must be \(1, 2\), \(1, inputs\), not \(2, 2\)",
        ),
        ({"lmu.cell.W_m": (5,)}, r"W_m must be \(units, order\), not empty, not \(5,\)"),
        ({"lmu.cell.e_m": (1, 4097)}, "the order must be at most 4096, not 4097"),
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
    message = "tensor 'lmu.cell.A': the elements must be float16 or .* or bfloat16, not 'I64'"
    with pytest.raises(LoadError, match=message):
        load(write(tmp_path / "m.safetensors", tensors))


def test_nan_is_refused(tmp_path, rng):
    tensors = state(rng) | {"lmu.cell.A": np.full((3, 3), np.nan, np.float32)}
    with pytest.raises(LoadError, match=r"layer 'lmu': memory: A must be finite"):
        load(write(tmp_path / "m.safetensors", tensors))
