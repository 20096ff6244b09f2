# SPDX-License-Identifier: Apache-2.0
"""The script for the environment that trained a model, with stand-ins for TensorFlow and Keras."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lmu_hw import export_keras


@pytest.fixture
def tensorflow(monkeypatch):
    """TensorFlow whose checkpoints and models are dictionaries, and keras-lmu."""
    saved = {}
    weights = {"lmu/kernel/.ATTRIBUTES/VARIABLE_VALUE": np.ones((1, 2)), "step": np.array(3)}
    reader = SimpleNamespace(get_variable_to_shape_map=lambda: weights, get_tensor=weights.get)
    variable = SimpleNamespace(name="dense/bias:0", numpy=lambda: np.zeros(3))

    def load_model(path, custom_objects, compile):
        model = SimpleNamespace(save=lambda target: saved.update({target: custom_objects}))
        return model if path == "folder" else (_ for _ in ()).throw(ValueError("no model"))

    module: Any = ModuleType("tensorflow")
    module.train = SimpleNamespace(load_checkpoint=lambda path: reader)
    module.saved_model = SimpleNamespace(load=lambda path: SimpleNamespace(variables=[variable]))
    lmu: Any = ModuleType("keras_lmu")
    lmu.LMU = type("LMU", (), {})
    keras = SimpleNamespace(models=SimpleNamespace(load_model=load_model))
    for name, stand_in in {
        "tensorflow": module,
        "tensorflow.keras": keras,
        "keras_lmu": lmu,
    }.items():
        monkeypatch.setitem(sys.modules, name, stand_in)
    return saved


def test_it_stands_alone():
    tree = ast.parse(Path(export_keras.__file__).read_text())
    names = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert names - set(sys.stdlib_module_names) == {"numpy"}


def test_a_model_is_saved_with_the_layers_of_keras_lmu(tensorflow, tmp_path):
    target = str(tmp_path / "m.keras")
    assert export_keras.main(["folder", "-o", target]) == 0
    assert list(tensorflow[target]) == ["LMU"]


def test_a_checkpoint_becomes_arrays_by_name(tensorflow, tmp_path):
    assert export_keras.main(["prefix", "-o", str(tmp_path / "w.npz")]) == 0
    with np.load(tmp_path / "w.npz") as arrays:
        assert arrays.files == ["lmu.kernel"]


def test_a_saved_model_becomes_arrays_by_name(tensorflow, tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"")
    assert export_keras.main([str(tmp_path), "-o", str(tmp_path / "w.npz")]) == 0
    with np.load(tmp_path / "w.npz") as arrays:
        assert arrays.files == ["dense.bias"]


@pytest.mark.parametrize(
    ("target", "message"),
    [("m.txt", "must end in"), ("there.npz", "must be a new file"), ("m.keras", "no model")],
)
def test_what_cannot_be_done_is_said(tensorflow, tmp_path, capsys, target, message):
    (tmp_path / "there.npz").write_bytes(b"")
    assert export_keras.main(["other", "-o", str(tmp_path / target)]) == 2
    assert message in capsys.readouterr().err


def test_a_missing_package_is_named(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    assert export_keras.main(["prefix", "-o", str(tmp_path / "w.npz")]) == 2
    assert "tensorflow must be installed" in capsys.readouterr().err
