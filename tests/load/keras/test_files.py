# SPDX-License-Identifier: Apache-2.0
"""keras-lmu models: every supported option against a row-vector reference, the rest refused."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from lmu_hw.errors import LoadError
from lmu_hw.load import StateMapping, draft_mapping, load
from lmu_hw.load.keras.options import IDENTITIES
from tests.load import keras_files

STEPS = 7


def compare(path, layers, *, inputs, keras2=False, **options) -> Any:
    """Write the layers, load them, and compare a run; return the network."""
    shape = (None, STEPS, inputs)
    version = "2.15.0" if keras2 else "3.1.1"
    keras_files.write(path, layers, shape=shape, version=version, **options)
    network = load(path)
    x = np.random.default_rng(5).normal(size=(3, STEPS, inputs))
    expected = keras_files.run(layers, x, keras2=keras2)
    assert network.run(x).shape == expected.shape
    # float64 against float64: another matrix exponential, sums in another order
    np.testing.assert_allclose(network.run(x), expected, rtol=1e-9, atol=1e-9)
    return network


FLAGS = ("hidden_to_memory", "memory_to_memory", "input_to_hidden", "use_bias", "trainable_theta")


@pytest.mark.parametrize("flags", list(itertools.product([False, True], repeat=5)))
@pytest.mark.parametrize("form", ["LMU", "RNN"])
def test_every_connection(tmp_path, rng, form, flags):
    options = dict(zip(FLAGS, flags, strict=True))
    layer = keras_files.lmu(rng, 2, form=form, memory_d=2, **options)
    compare(tmp_path / "m.keras", [layer], inputs=2)


@pytest.mark.parametrize("layout", [2, 3])
@pytest.mark.parametrize("recurrent", [False, True])
def test_hidden_cell_of_keras_2_and_3_is_found(tmp_path, rng, layout, recurrent):
    layer = keras_files.lmu(rng, 1, layout=layout, memory_to_memory=recurrent)
    compare(tmp_path / "m.keras", [layer], inputs=1, keras2=layout == 2)


@pytest.mark.parametrize("hidden", ["Dense", "SimpleRNNCell"])
@pytest.mark.parametrize("activation", ["relu", "sigmoid", "hard_sigmoid", "swish", "linear"])
@pytest.mark.parametrize("keras2", [False, True])
def test_hidden_cells_and_activations(tmp_path, rng, hidden, activation, keras2):
    layer = keras_files.lmu(rng, 1, hidden=hidden, activation=activation, hidden_bias=keras2)
    compare(tmp_path / "m.keras", [layer], inputs=1, keras2=keras2)


@pytest.mark.parametrize("form", ["LMU", "LMUFeedforward", "RNN"])
@pytest.mark.parametrize("input_to_hidden", [False, True])
def test_no_hidden_cell(tmp_path, rng, form, input_to_hidden):
    layer = keras_files.lmu(rng, 2, form=form, hidden=None, input_to_hidden=input_to_hidden)
    network = compare(tmp_path / "m.keras", [layer], inputs=2)
    assert network.outputs == (6 if input_to_hidden else 4)


@pytest.mark.parametrize(("hidden_to_memory", "memory_d"), [(False, 2), (True, 5)])
@pytest.mark.parametrize("kind", ["Functional", "Sequential"])
def test_no_kernel(tmp_path, rng, hidden_to_memory, memory_d, kind):
    layer = keras_files.lmu(
        rng, 2, kernel=False, memory_d=memory_d, hidden_to_memory=hidden_to_memory, use_bias=True
    )
    compare(tmp_path / "m.keras", [layer], inputs=2, kind=kind)


def test_dense_hidden_cell_feeds_back_its_output(tmp_path, rng):
    layer = keras_files.lmu(rng, 2, hidden="Dense", hidden_to_memory=True)
    network = compare(tmp_path / "m.keras", [layer], inputs=2)
    assert network.layers[0].hidden.W_h is None


def test_euler_and_a_trained_theta(tmp_path, rng):
    layer = keras_files.lmu(
        rng, 1, discretizer="euler", order=3, trainable_theta=True, theta_inv=0.02
    )
    network = compare(tmp_path / "m.keras", [layer], inputs=1)
    assert network.layers[0].memory.theta == pytest.approx(50.0, rel=1e-6)  # 0.02 in float32


@pytest.mark.parametrize("kind", ["Functional", "Sequential"])
@pytest.mark.parametrize("keras2", [False, True])
def test_groups_count_classes_not_names(tmp_path, rng, kind, keras2):
    lmu, dense = keras_files.lmu, keras_files.dense
    layers = [
        lmu(rng, 2, name="lmu_7"),
        keras_files.plain("Dropout", rate=0.5),
        dense(rng, 3, 4, name="my/dense", activation="relu"),
        lmu(rng, 4, name="lmu_5", form="RNN", return_sequences=True),
        lmu(rng, 3, name="lmu_5b", return_sequences=False, units=6),
        dense(rng, 6, 4, name="9", use_bias=False, activation="softmax"),
    ]
    network = compare(tmp_path / "my-net.keras", layers, inputs=2, kind=kind, keras2=keras2)
    assert network.name == "my_net"
    assert [layer.name for layer in network.layers] == [
        "lmu_7",
        "my_dense",
        "lmu_5",
        "lmu_5b",
        "_9",
    ]
    assert network.answers_once


def test_names_stay_different_as_identifiers(tmp_path, rng):
    layers = [keras_files.dense(rng, 2, 2, name=name) for name in ("a-b", "a b", "a_b")]
    network = compare(tmp_path / "m.keras", layers, inputs=2)
    assert [layer.name for layer in network.layers] == ["a_b", "a_b_1", "a_b_2"]


def test_time_distributed_dense(tmp_path, rng):
    inner = keras_files.dense(rng, 3, 2, name="inner", activation="tanh")
    layers = [keras_files.lmu(rng, 1), keras_files.time_distributed(inner)]
    assert compare(tmp_path / "m.keras", layers, inputs=1).layers[1].name == "steps"


@pytest.mark.parametrize("name", sorted(IDENTITIES))
def test_layers_that_do_nothing_at_inference(tmp_path, rng, name):
    layers = [keras_files.plain(name), keras_files.dense(rng, 1, 2)]
    assert len(compare(tmp_path / "m.keras", layers, inputs=1).layers) == 1


@pytest.mark.parametrize(
    ("name", "config", "activation"),
    [
        ("Activation", {"activation": "tanh"}, "tanh"),
        ("Activation", {"activation": "linear"}, "linear"),
        ("ReLU", {"max_value": None, "negative_slope": 0.0, "threshold": 0.0}, "relu"),
        ("ReLU", {"max_value": 6.0}, "relu6"),
        ("Softmax", {"axis": -1}, "softmax"),
    ],
)
def test_activation_layers_fold_into_the_dense_layer(tmp_path, rng, name, config, activation):
    folded = [keras_files.dense(rng, 1, 3), keras_files.plain("Dropout")]
    path = keras_files.write(tmp_path / "m.keras", [*folded, keras_files.plain(name, **config)])
    layers: tuple[Any, ...] = load(path).layers
    assert [layer.activation for layer in layers] == [activation]


@pytest.mark.parametrize(
    ("name", "config", "sequences"),
    [
        ("Reshape", {"target_shape": [STEPS, 3]}, True),
        ("Reshape", {"target_shape": [-1, 3]}, True),
        ("Reshape", {"target_shape": [3]}, False),
        ("Flatten", {"data_format": "channels_last"}, False),
    ],
)
def test_reshapes_that_change_nothing(tmp_path, rng, name, config, sequences):
    layers = [
        keras_files.lmu(rng, 1, return_sequences=sequences),
        keras_files.plain(name, **config),
    ]
    compare(tmp_path / "m.keras", layers, inputs=1)


def test_leading_layers_may_leave_the_input_unknown(tmp_path, rng):
    layer = keras_files.lmu(rng, 3, hidden_to_memory=True)
    path = keras_files.write(tmp_path / "m.keras", [layer], kind="Sequential")
    assert load(path).inputs == 3


def test_float16_and_float64_weights_are_read(tmp_path, rng):
    layer = keras_files.dense(rng, 1, 2)
    layer.variables["vars/0"] = layer.variables["vars/0"].astype(np.float16)
    layer.variables["vars/1"] = layer.variables["vars/1"].astype(np.float64)
    compare(tmp_path / "m.keras", [layer], inputs=1)


def test_activation_as_an_object_of_keras(tmp_path, rng):
    layer = keras_files.dense(rng, 1, 2)
    layer.config["activation"] = {
        "module": "builtins", "class_name": "function", "config": "relu",
        "registered_name": "function",
    }  # fmt: skip
    loaded: Any = load(keras_files.write(tmp_path / "m.keras", [layer])).layers[0]
    assert loaded.activation == "relu"


def test_variables_that_are_no_weights_are_ignored(tmp_path, rng):
    more = {
        "layers/lmu/hidden_cell/seed_generator/vars/0": np.array([1, 2], np.uint32),
        "layers/lmu/layer/delay_layer/cell/vars/0": np.zeros(3),
        "metrics/mean/vars/0": np.float32(1),
    }
    path = keras_files.write(tmp_path / "m.keras", [keras_files.lmu(rng, 1)], more=more)
    assert load(path).layers[0].name == "lmu"


def test_an_option_that_is_off_may_be_unknown(tmp_path, rng):
    layer = keras_files.dense(rng, 1, 2)
    layer.config["quantization_config"] = None
    compare(tmp_path / "m.keras", [layer], inputs=1)


def test_a_flat_list_of_one_end_is_read(tmp_path, rng):
    def flat(config):
        config["config"]["input_layers"] = ["input", 0, 0]
        config["config"]["output_layers"] = ["dense", 0, 0]

    compare(tmp_path / "m.keras", [keras_files.dense(rng, 1, 2)], inputs=1, change=flat)


def test_weights_without_a_model_go_through_a_mapping(tmp_path, rng):
    layer = keras_files.dense(rng, 2, 3)
    path = tmp_path / "m.weights.h5"
    path.write_bytes(keras_files.hdf5([layer], {}))
    (tmp_path / "other.json").write_bytes(b"{}")
    with pytest.raises(
        LoadError, match=r"beside them as m\.json \(if 'other\.json' is it, rename it to that\)"
    ):
        load(path)
    assert "# " + "  Variables of Keras: model.save('model.keras')" in draft_mapping(path)
    mapping = StateMapping.from_toml(
        """
        version = 1
        answers = "every step"
        [layers.dense]
        kind = "dense"
        W = "layers/dense/vars/0 transposed"
        b = "layers/dense/vars/1"
        activation = "linear"
        """,
        where="m.toml",
    )
    x = rng.normal(size=(2, STEPS, 2))
    # float64 against float64, sums in another order
    expected = keras_files.run([layer], x)
    np.testing.assert_allclose(load(path, mapping=mapping).run(x), expected, rtol=1e-12)
