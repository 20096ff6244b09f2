# SPDX-License-Identifier: Apache-2.0
"""The loop of a layer at rest is that of its step, taken apart by differences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.lmu import LmuLayer
from lmu_hw.proofs import rest_loop, rest_radius
from tests import networks


def layer_of(**kind) -> LmuLayer:
    net = networks.network(order=3, units=2, bias=False, input_to_hidden=False, **kind)
    (layer,) = net.layers
    assert isinstance(layer, LmuLayer)
    return layer


def test_a_simple_cell_is_its_block_matrix():
    layer = layer_of(hidden="rnn", hidden_to_memory=True, memory_to_memory=True)
    A, B, cell = layer.memory.A, layer.memory.B[:, None], layer.hidden
    memory = np.hstack([A + B @ layer.E_m, B @ layer.E_h])
    hidden = np.hstack([np.zeros((2, 3)), cell.W_h]) + cell.W_m @ memory
    radius = np.abs(np.linalg.eigvals(np.vstack([memory, hidden]))).max()
    assert rest_radius(layer) == pytest.approx(radius, rel=1e-6)


@pytest.mark.parametrize("kind", ["lstm", "gru", "gru, reset before"])
def test_gates_stand_half_open(kind):
    """c' = c / 2 + g / 2 and h' = c' / 2 of an LSTM, h' = h / 2 + n / 2 of a GRU."""
    layer = layer_of(hidden=kind, hidden_to_memory=True)
    silent = replace(layer, E_h=np.zeros_like(layer.E_h))
    cell = silent.hidden
    W = cell.W_h[4:6] if kind == "lstm" else cell.W_h[4:] / 2
    step = np.eye(2) / 2 + (W / 4 if kind == "lstm" else W / 2)
    radii = [np.abs(np.linalg.eigvals(part)).max() for part in (step, silent.memory.A)]
    assert rest_radius(silent) == pytest.approx(max(radii), rel=1e-5)
    assert rest_radius(layer) != pytest.approx(max(radii), rel=1e-3)


def test_a_memory_alone_has_none_and_so_have_too_many_states(monkeypatch):
    assert rest_radius(layer_of(hidden="dense")) is None
    looped = layer_of(hidden="dense", memory_to_memory=True)
    assert rest_radius(looped) is not None
    monkeypatch.setattr(rest_loop, "_MOST_STATES", 2)
    assert rest_radius(looped) is None
