# SPDX-License-Identifier: Apache-2.0
"""Windows that files do not say: stated where a network is loaded; an A that looks transposed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy

from lmu_hw.errors import ConfigError, LoadError
from lmu_hw.lmu import Discretizer, Memory, discretize, window
from lmu_hw.load import load, save
from tests import networks


def write(path, A, B, *, units=3):
    """Write a state dict of pytorch-lmu with these matrices."""
    order, random = len(B), np.random.default_rng(0)
    shapes = {
        "e_x": (1, 2), "e_h": (1, units), "e_m": (1, order),
        "W_x": (units, 2), "W_h": (units, units), "W_m": (units, order),
    }  # fmt: skip
    arrays = {key: random.normal(size=shape) * 0.1 for key, shape in shapes.items()}
    arrays |= {"A": A, "B": B[:, None]}
    tensors = {key: np.ascontiguousarray(value, np.float32) for key, value in arrays.items()}
    path.write_bytes(safetensors.numpy.save(tensors))
    return path


@pytest.fixture
def legendre(tmp_path):
    def make(*, transposed=False, noise=0.0):
        A, B = discretize(8, 40.0, Discretizer.ZOH)
        A = A + noise * np.random.default_rng(0).normal(size=A.shape)
        return write(tmp_path / "m.safetensors", A.T if transposed else A, B)

    return make


def test_the_window_of_float32_matrices_is_known(legendre):
    network = load(legendre())
    assert network.layers[0].memory.theta is None  # the file does not say it
    assert window(network.layers[0].memory) == 40.0
    assert not any(note.startswith("warning") for note in network.notes)


def test_a_stated_window_is_kept(legendre):
    network = load(legendre(), theta=40)
    assert network.layers[0].memory.theta == 40.0
    assert not any(note.startswith("warning") for note in network.notes)


def test_a_stated_window_must_be_that_of_the_matrices(legendre):
    with pytest.raises(
        LoadError, match="'lmu': `theta` must be what its A and B have, 40 steps, n"
    ):
        load(legendre(), theta=41.0)


def test_matrices_that_were_trained_take_the_stated_window(legendre):
    path = legendre(noise=0.01)
    assert window(load(path).layers[0].memory) is None
    network = load(path, theta=40.0)
    assert network.layers[0].memory.theta == 40.0
    assert "stated; its A and B are off by 0." in network.notes[-1]


def test_a_window_that_the_file_says_cannot_be_another(tmp_path):
    save(networks.network(theta=6.0), tmp_path / "m.npz")
    assert load(tmp_path / "m.npz", theta=6.0).layers[0].memory.theta == 6.0
    with pytest.raises(LoadError, match="`theta` must be what the file says, 6 steps, not 7"):
        load(tmp_path / "m.npz", theta=7.0)


@pytest.mark.parametrize("theta", [0.0, -1.0, float("nan"), "40", True])
def test_a_stated_window_is_a_number_of_steps(legendre, theta):
    with pytest.raises(ConfigError, match="`theta` must be from 0.001 to 1e.12 steps, not"):
        load(legendre(), theta=theta)


def test_a_transposed_matrix_is_named(legendre):
    (warning,) = [note for note in load(legendre(transposed=True)).notes if "warning" in note]
    assert "A looks transposed" in warning and "a Legendre memory of 40 steps" in warning


def test_matrices_in_the_own_form_are_looked_at_too(tmp_path):
    net = networks.network(order=6, theta=9.0)
    (layer,) = net.layers
    stored = Memory(
        A=layer.memory.A.T, B=layer.memory.B, theta=None, discretizer=Discretizer.STORED
    )
    save(replace(net, layers=(replace(layer, memory=stored),)), tmp_path / "m.npz")
    assert any("A looks transposed" in note for note in load(tmp_path / "m.npz").notes)
