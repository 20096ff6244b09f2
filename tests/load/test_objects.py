# SPDX-License-Identifier: Apache-2.0
"""Modules, state dicts and models in memory: stand-ins for what PyTorch and Keras have."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from lmu_hw.errors import ConfigError, LoadError
from lmu_hw.load import draft_mapping, from_keras, from_torch
from tests.load import keras_files
from tests.load.layouts import LAYOUTS, blocks, edited, gated, linears


class Tensor:
    """A tensor on a device that wants a gradient: nothing but these calls gives its numbers."""

    def __init__(self, values, kind=None):
        self._values = np.asarray(values)
        self.shape = self._values.shape
        self.dtype = f"torch.{kind or self._values.dtype}"

    def __array__(self, *_, **__):
        raise TypeError("a tensor that requires grad must be detached first")

    def detach(self):
        return self

    def cpu(self):
        return OnHost(self._values, self.dtype)


class OnHost(Tensor):
    def __init__(self, values, dtype):
        super().__init__(values)
        self.dtype = dtype

    def float(self):
        return OnHost(self._values, "torch.float32")

    def numpy(self):
        if self.dtype == "torch.bfloat16":
            raise TypeError("Got unsupported ScalarType BFloat16")
        return self._values


class Module:
    def __init__(self, state, kind=None):
        self._state = {name: Tensor(values, kind) for name, values in state.items()}

    def state_dict(self):
        return self._state

    def __repr__(self):
        raise AssertionError("nothing prints an object")


def decided(tmp_path, module, layout):
    path = tmp_path / "m.toml"
    path.write_text(edited(draft_mapping(module), layout))
    return path


@pytest.mark.parametrize("make", LAYOUTS)
def test_a_nested_state_dict_is_checked_against_its_outputs(tmp_path, rng, make):
    layout = make(rng)
    x = rng.normal(size=(3, 7, 2))
    y = np.array([layout.answer(sequence) for sequence in x])
    mapping = decided(tmp_path, layout.state, layout)
    network = from_torch(layout.state, mapping=mapping, check=(x, y), name="my net")
    assert network.name == "my_net"
    assert any(note.startswith("checked: ") for note in network.notes)


def test_a_module_is_read_by_what_it_can_do(tmp_path, rng):
    layout = linears(rng)
    module, x = Module(layout.state), rng.normal(size=(2, 5, 2))
    y = Tensor(np.array([layout.answer(sequence) for sequence in x]))
    network = from_torch(module, mapping=decided(tmp_path, module, layout), check=(x, y))
    assert network.outputs == 3


def test_a_wrong_mapping_is_refused_with_what_would_be_right(tmp_path, rng):
    layout = linears(rng)
    module, x = Module(layout.state), rng.normal(size=(2, 5, 2))
    y = np.array([layout.answer(sequence) for sequence in x])
    path = decided(tmp_path, module, layout)
    path.write_text(path.read_text().replace('"sigmoid"', '"linear"'))
    with pytest.raises(LoadError, match="agrees with the activation sigmoid of layer head"):
        from_torch(module, mapping=path, check=(x, y))


def test_columns_the_other_way_round_are_named_behind_a_normalisation(tmp_path, rng):
    layout = blocks(rng)
    x = rng.normal(size=(2, 5, 2))
    y = np.array([layout.answer(sequence) for sequence in x])
    path = decided(tmp_path, layout.state, layout)
    text, tensor = path.read_text(), "blocks.0.W_h.weight"
    right = f'W_m = "{tensor}[:, 2:]"', f'W_x = "{tensor}[:, 0:2]"'
    for line, wrong in zip(right, (f"{tensor}[:, 0:6]", f"{tensor}[:, 6:]"), strict=True):
        assert line in text
        text = text.replace(line, f'{line.partition(" = ")[0]} = "{wrong}"')
    path.write_text(text)
    message = re.escape(f"it agrees with {right[0]} and {right[1]} in layer blocks_0")
    with pytest.raises(LoadError, match=message):
        from_torch(layout.state, mapping=path, check=(x, y))


def test_bfloat16_is_widened_by_the_tensor(tmp_path, rng):
    layout = linears(rng)
    module = Module(layout.state, "bfloat16")
    assert from_torch(module, mapping=decided(tmp_path, module, layout)).inputs == 2


def test_a_known_port_needs_no_mapping(rng):
    shapes = {
        "e_x": (1, 2), "e_h": (1, 5), "e_m": (1, 3), "W_x": (5, 2), "W_h": (5, 5), "W_m": (5, 3),
        "A": (3, 3), "B": (3, 1),
    }  # fmt: skip
    module = Module({key: rng.normal(size=shape) for key, shape in shapes.items()})
    layers: Any = from_torch(module, theta=9.0).layers
    assert any(getattr(layer, "memory", None) and layer.memory.theta == 9.0 for layer in layers)


def test_an_unknown_module_is_refused_with_the_way_to_a_mapping(rng):
    with pytest.raises(LoadError, match="the state dict of Module: .*--draft-mapping"):
        from_torch(Module({"w": rng.normal(size=(2, 2))}))


@pytest.mark.parametrize("thing", [3, [1, 2], object()])
def test_other_objects_are_refused_by_their_class(thing):
    with pytest.raises(ConfigError, match=rf"not a {type(thing).__name__}$"):
        from_torch(thing)
    with pytest.raises(ConfigError, match=rf"`model` must be .*, not a {type(thing).__name__}$"):
        from_keras(thing)


def test_a_check_is_a_pair(tmp_path, rng):
    layout = gated(rng)
    mapping = decided(tmp_path, layout.state, layout)
    pair: Any = np.zeros(3)
    with pytest.raises(ConfigError, match=r"`check` must be a pair \(x, y\)"):
        from_torch(layout.state, mapping=mapping, check=pair)


class Model:
    """A Keras model that writes itself, in files that its version has."""

    name = "my model"

    def __init__(self, layers, suffixes):
        self._layers, self._suffixes = layers, suffixes

    def save(self, path):
        if not path.endswith(self._suffixes):
            raise ValueError("unknown file format")
        keras_files.write(path, self._layers)


def test_a_keras_model_is_read_by_way_of_its_file(rng):
    model = Model([keras_files.lmu(rng, 1), keras_files.dense(rng, 3, 2)], ".keras")
    network = from_keras(model)
    x = rng.normal(size=(2, 4, network.inputs))
    assert network.name == "my_model"
    assert from_keras(model, check=(x, network.run(x))).notes[-1].startswith("checked: ")
    with pytest.raises(LoadError, match="model my_model: the output must be"):
        from_keras(model, check=(x, network.run(x) + 1.0))


def test_a_keras_model_that_is_refused_is_named(rng):
    with pytest.raises(LoadError, match=r"^model my_model: layer .*Lambda"):
        from_keras(Model([keras_files.plain("Lambda")], ".keras"))
