# SPDX-License-Identifier: Apache-2.0
"""HDF5 files of Keras: the paper's cell, models of every age, weights with a config beside them."""

from __future__ import annotations

import json
from typing import Any

import h5py
import numpy as np
import pytest

from lmu_hw.errors import LoadError
from lmu_hw.lmu import Discretizer, discretize
from lmu_hw.load import load


def write(path, layers, variables, *, version="2.2.4", model="Sequential", **more):
    """Write a model: nodes of its config, and variables by layer and path below it."""
    config: Any = {"class_name": model, "config": {"name": "m", "layers": layers}} | more
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = version
        file.attrs["model_config"] = json.dumps(config).encode()
        for name, data in variables.items():
            file[f"model_weights/{name}"] = data
    return path


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


INPUT = {"batch_input_shape": [None, 7, 2]}


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


def dense(name: str = "d", shape: Any = None) -> dict[str, Any]:
    config: dict[str, Any] = {"name": name, "units": 3, "activation": "linear", "use_bias": False}
    config |= {"batch_input_shape": shape} if shape else {}
    return {"class_name": "Dense", "config": config}


KERNEL = np.arange(6.0, dtype=np.float32).reshape(2, 3)


@pytest.mark.parametrize("name", ["d/d/kernel:0", "d/d/kernel", "d/d_1/kernel:0", "d/m/d/kernel"])
def test_names_of_every_version(tmp_path, name):
    network = load(write(tmp_path / "m.h5", [dense(shape=[None, 7, 2])], {name: KERNEL}))
    np.testing.assert_array_equal(network.layers[0].W, KERNEL.T)  # pyright: ignore


def test_a_list_of_layers_is_a_model(tmp_path):
    path = tmp_path / "m.h5"
    write(path, [], {"d/d/kernel:0": KERNEL})
    with h5py.File(path, "a") as file:
        config = {"class_name": "Sequential", "config": [dense(shape=[None, 7, 2])]}
        file.attrs["model_config"] = np.bytes_(json.dumps(config))
    assert load(path).inputs == 2


def test_a_model_is_what_functional_was_called_once(tmp_path):
    start = {"class_name": "InputLayer", "config": {"name": "i"} | INPUT, "inbound_nodes": []}
    layer = dense() | {"inbound_nodes": [[["i", 0, 0, {}]]]}
    config = {"layers": [start, layer], "input_layers": [["i", 0, 0]]}
    config |= {"output_layers": [["d", 0, 0]]}
    path = write(tmp_path / "m.h5", [], {"d/d/kernel:0": KERNEL}, model="Model", config=config)
    assert load(path).inputs == 2


def test_two_layers_do_not_share_variables(tmp_path):
    layers = [dense("a"), dense("a_1")]
    variables = {"a/a/kernel:0": KERNEL, "a_1/a_1/kernel:0": np.eye(3, dtype=np.float32)}
    first, second = load(write(tmp_path / "m.h5", layers, variables)).layers
    np.testing.assert_array_equal(first.W, KERNEL.T)  # pyright: ignore
    np.testing.assert_array_equal(second.W, np.eye(3))  # pyright: ignore


@pytest.mark.parametrize("name", ["d.weights.h5", "d.h5"])
@pytest.mark.parametrize("numbered", [True, False])
def test_weights_with_their_config_beside_them(tmp_path, name, numbered):
    with h5py.File(tmp_path / name, "w") as file:
        file["layers/dense/vars/0" if numbered else "d/d/kernel:0"] = KERNEL
        file["optimizer/vars/0" if numbered else "top_level_model_weights/x"] = np.int64(1)
    config = {"class_name": "Sequential", "config": {"layers": [dense(shape=[None, 7, 2])]}}
    (tmp_path / "d.json").write_text(json.dumps(config))
    if numbered:
        np.testing.assert_array_equal(load(tmp_path / name).layers[0].W, KERNEL.T)  # pyright: ignore
    else:
        with pytest.raises(LoadError, match="nothing reads .'top_level_model_weights/x'"):
            load(tmp_path / name)


def test_weights_alone_are_refused_with_advice(tmp_path):
    path = tmp_path / "d.weights.h5"
    with h5py.File(path, "w") as file:
        file["layers/dense/vars/0"] = KERNEL
    with pytest.raises(LoadError, match=r"come with the model; .* beside them as d.json") as caught:
        load(path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize("cell", ["LMUCellODE", "LMUCellGating"])
def test_other_cells_of_lmu_0_1_are_refused(tmp_path, cell):
    node = rnn("a", {}, **INPUT)
    node["config"]["cell"]["class_name"] = cell
    with pytest.raises(LoadError, match=f"cell must be LMUCell, .* not '{cell}'"):
        load(write(tmp_path / "m.h5", [node], {}))
