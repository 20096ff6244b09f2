# SPDX-License-Identifier: Apache-2.0
"""HDF5 files of Keras: the paper's cell, models of every age, weights with a config beside them."""

from __future__ import annotations

import json
from typing import Any

import h5py
import numpy as np
import pytest

from lmu_hw.errors import LoadError
from lmu_hw.load import load
from tests.load.hdf5_models import INPUT, write


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
