# SPDX-License-Identifier: Apache-2.0
"""Fixtures for the loaders: the writer of synthetic `.keras` files, and random networks."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from lmu_hw.lmu import DenseLayer, Discretizer, LmuLayer, Memory, Network, SimpleCell

_HELPER = Path(__file__).with_name("keras_files.py")


@pytest.fixture(scope="session")
def keras_files():
    """The module keras_files.py of this folder."""
    spec = importlib.util.spec_from_file_location("lmu_hw_test_keras_files", _HELPER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def rng():
    return np.random.default_rng(1)


@pytest.fixture
def network(rng):
    """Two LMU layers and a head: every connection on, then every connection off."""

    def full(*shape):
        return rng.normal(size=shape) / 3.0  # not exact in float32

    first = LmuLayer(
        name="lmu0",
        memory=Memory.legendre(4, 6.5, Discretizer.ZOH),
        E_x=full(2, 3),
        E_h=full(2, 5),
        E_m=full(2, 8),
        b_u=full(2),
        hidden=SimpleCell(
            W_m=full(5, 8), W_x=full(5, 3), W_h=full(5, 5), b=full(5), activation="tanh"
        ),
        input_to_hidden=True,
        return_sequences=True,
    )
    second = LmuLayer(
        name="lmu1",
        memory=Memory(A=full(3, 3), B=full(3), theta=None, discretizer=Discretizer.STORED),
        E_x=full(1, 5),
        E_h=None,
        E_m=None,
        b_u=None,
        hidden=None,
        input_to_hidden=True,
        return_sequences=False,
    )
    head = DenseLayer(name="head", W=full(2, 8), b=None, activation="softmax")
    return Network(name="net", layers=(first, second, head), notes=("a: b", "no colon"))
