# SPDX-License-Identifier: Apache-2.0
"""The cell of the paper and the layer class of lmu 0.1."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.errors import LoadError
from lmu_hw.lmu import Discretizer, discretize
from lmu_hw.load import load
from tests.load.hdf5_models import INPUT, write


def first_cell(rng, *, bias, units=3, order=4, inputs=2):
    """Return the variables of one layer of the paper's code, by name."""
    a = rng.uniform(-0.3, 0.3, (order, order)) - 0.2 * np.eye(order)
    shapes = {
        "input_encoders": (inputs, 1), "hidden_encoders": (units, 1),
        "memory_encoders": (order, 1), "input_kernel": (inputs, units),
        "hidden_kernel": (units, units), "memory_kernel": (order, units), "BT": (1, order),
    } | ({"bias": (1, units)} if bias else {})  # fmt: skip
    held = {name: rng.uniform(-0.5, 0.5, shape) for name, shape in shapes.items()} | {"AT": a}
    return {name: data.astype(np.float32) for name, data in held.items()}


def run_first(w, x, activation=np.tanh):
    """Compute the paper's cell in row vectors, as its code does."""
    h, m = np.zeros((len(x), 3)), np.zeros((len(x), 4))
    outputs = []
    for t in range(x.shape[1]):
        u = x[:, t] @ w["input_encoders"] + h @ w["hidden_encoders"] + m @ w["memory_encoders"]
        m = m + m @ w["AT"] + u @ w["BT"]
        z = x[:, t] @ w["input_kernel"] + h @ w["hidden_kernel"] + m @ w["memory_kernel"]
        h = activation(z + w.get("bias", 0.0))
        outputs.append(h)
    return np.stack(outputs, axis=1)


def rnn(name, cell, **options):
    config = {"name": name, "return_sequences": True, "unroll": False, "stateful": False}
    cell_node = {"class_name": "LMUCell", "config": {"name": "cell", "trainable": True} | cell}
    return {"class_name": "RNN", "config": config | {"cell": cell_node} | options}


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("above", ["rnn_1", "rnn_1/cell", "model/rnn_1/cell"])
def test_the_cell_of_the_paper(tmp_path, rng, bias, above):
    w = first_cell(rng, bias=bias)
    variables = {f"rnn_1/{above}/{name}:0": data for name, data in w.items()}
    network = load(write(tmp_path / "m.h5", [rnn("rnn_1", {}, **INPUT)], variables))
    x = rng.normal(size=(3, 7, 2))
    np.testing.assert_allclose(network.run(x), run_first(w, x), rtol=1e-12, atol=1e-12)
    memory = network.layers[0].memory  # pyright: ignore[reportAttributeAccessIssue]
    assert (memory.discretizer, memory.theta) == (Discretizer.STORED, None)
    assert network.notes == ("rnn_1: A and B are those of the file",)


def test_options_of_lmu_0_1(tmp_path, rng):
    w = first_cell(rng, bias=False)
    options = {"units": 3, "order": 4, "theta": 5.0, "method": "zoh", "factor": "LegendreDelay",
               "trainable_A": False, "hidden_activation": "relu",
               "input_encorders_initializer": {"class_name": "VarianceScaling"}}  # fmt: skip
    variables = {f"a/a/{name}:0": data for name, data in w.items()}
    network = load(write(tmp_path / "m.h5", [rnn("a", options, **INPUT)], variables))
    x = rng.normal(size=(3, 7, 2))
    expected = run_first(w, x, lambda z: np.maximum(z, 0.0))
    np.testing.assert_allclose(network.run(x), expected, rtol=1e-12, atol=1e-12)
    assert network.layers[0].memory.theta == 5.0  # pyright: ignore[reportAttributeAccessIssue]


FLAGS = {f"trainable_{part}": True for part in (
    "input_encoders", "hidden_encoders", "memory_encoders",
    "input_kernel", "hidden_kernel", "memory_kernel",
)}  # fmt: skip
CONNECTIONS = ("memory_to_memory", "hidden_to_memory", "hidden_to_hidden")


def lmu_class(**options):
    """Return the node of the layer class that followed lmu 0.1."""
    constant = {"class_name": "Constant", "config": {"value": 1}}
    config = {
        "name": "lmu", "trainable": True, "dtype": "float32", "units": 3, "order": 4, "theta": 5,
        "method": "zoh", "factory": "LegendreDelay", **dict.fromkeys(CONNECTIONS, True), **FLAGS,
        "trainable_A": False, "trainable_B": False, "input_encorders_initializer": constant,
        "memory_encoders_initializer": constant, "memory_kernel_initializer": "glorot_normal",
        "hidden_kernel_regularizer": {"class_name": "L2", "config": {}},
        "hidden_activation": "tanh", "return_sequences": True, **INPUT,
    }  # fmt: skip
    return {"class_name": "LMU", "config": config | options}


@pytest.mark.parametrize("off", [(), CONNECTIONS[:1], CONNECTIONS[1:]])
def test_the_layer_class_of_lmu_0_1(tmp_path, rng, off):
    w = first_cell(rng, bias=False)
    variables = {f"lmu/lmu/{name}:0": data for name, data in w.items()}
    node = lmu_class(**dict.fromkeys(off, False))
    network = load(write(tmp_path / "m.h5", [node], variables))
    x = rng.normal(size=(3, 7, 2))
    np.testing.assert_allclose(network.run(x), run_first(w, x), rtol=1e-12, atol=1e-12)
    assert network.layers[0].memory.theta == 5.0  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("option", ["factory", "factor"])
def test_a_memory_of_another_factory_has_no_window(tmp_path, rng, option):
    variables = {f"lmu/lmu/{n}:0": data for n, data in first_cell(rng, bias=False).items()}
    path = write(tmp_path / "m.h5", [lmu_class(**{option: "PadeDelay"})], variables)
    assert load(path).layers[0].memory.theta is None  # pyright: ignore


def test_a_layer_without_connections_convolves(tmp_path, rng):
    w = first_cell(rng, bias=False)
    for name in ("hidden_encoders", "memory_encoders", "hidden_kernel"):
        w[name] = np.zeros_like(w[name])
    a, b = discretize(4, 5.0, Discretizer.ZOH)
    exact = w | {"AT": a.T - np.eye(4), "BT": b[None]}
    kept = ("input_encoders", "input_kernel", "memory_kernel")
    node = lmu_class(**dict.fromkeys(CONNECTIONS, False))
    path = write(tmp_path / "m.h5", [node], {f"lmu/lmu/{name}:0": w[name] for name in kept})
    network, x = load(path), rng.normal(size=(3, 7, 2))
    np.testing.assert_allclose(network.run(x), run_first(exact, x), rtol=1e-11, atol=1e-12)
    assert "recomputed in float64 from order 4 and theta 5" in network.notes[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden_to_hidden": 1}, "hidden_to_hidden must be true or false, not 1"),
        ({"memory_to_hidden": True}, "'memory_to_hidden' must be a known option"),
        (
            dict.fromkeys(CONNECTIONS, False) | {"factory": "PadeDelay"},
            "factory must be LegendreDelay where A and B are not in the file, not 'PadeDelay'",
        ),
    ],
)
def test_options_of_the_layer_class_that_change_it_are_refused(tmp_path, rng, options, message):
    w = first_cell(rng, bias=False)
    if "factory" in options:
        w = {name: w[name] for name in ("input_encoders", "input_kernel", "memory_kernel")}
    variables = {f"lmu/lmu/{name}:0": data for name, data in w.items()}
    with pytest.raises(LoadError, match=message):
        load(write(tmp_path / "m.h5", [lmu_class(**options)], variables))


def test_a_trained_window_is_not_the_one_of_the_config(tmp_path, rng):
    options = {"theta": 5.0, "trainable_A": True}
    variables = {f"a/a/{n}:0": data for n, data in first_cell(rng, bias=False).items()}
    network = load(write(tmp_path / "m.h5", [rnn("a", options, **INPUT)], variables))
    assert network.layers[0].memory.theta is None  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    ("cell", "change", "message"),
    [
        ({"order": 5}, {}, "order must be the size of the variables, 4, not 5"),
        ({"units": 4}, {}, "units must be the size of the variables, 3, not 4"),
        ({"gated": True}, {}, "'gated' must be a known option"),
        ({}, {"AT": np.zeros((4, 3))}, r"shape of AT .* must be \(4, 4\), not \(4, 3\)"),
        ({}, {"AT": np.zeros((2, 4, 4))}, r"shape of AT .* must be \(4, 4\), not \(2, 4, 4\)"),
        ({}, {"AT": np.full((4, 4), np.nan)}, "A must be finite"),
        ({}, {"BT": np.zeros((1, 0))}, r"shape of BT .* must be \(1, n\), not \(1, 0\)"),
        ({}, {"bias": np.zeros(3)}, r"shape of bias .* must be \(1, 3\), not \(3,\)"),
        ({}, {"BT": np.zeros((1, 4097))}, "order must be at most 4096, not 4097"),
        ({}, {"CT": np.zeros(3)}, "nothing reads .'a/a/CT:0'"),
    ],
)
def test_a_cell_of_the_paper_that_does_not_fit_is_refused(tmp_path, rng, cell, change, message):
    w = first_cell(rng, bias=False) | change
    variables = {f"a/a/{name}:0": np.asarray(data, np.float32) for name, data in w.items()}
    path = write(tmp_path / "m.h5", [rnn("a", cell, **INPUT)], variables)
    with pytest.raises(LoadError, match=message) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize("cell", ["LMUCellODE", "LMUCellGating"])
def test_other_cells_of_lmu_0_1_are_refused(tmp_path, cell):
    node = rnn("a", {}, **INPUT)
    node["config"]["cell"]["class_name"] = cell
    with pytest.raises(LoadError, match=f"cell must be LMUCell, .* not '{cell}'"):
        load(write(tmp_path / "m.h5", [node], {}))
