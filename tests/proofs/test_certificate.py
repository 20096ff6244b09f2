# SPDX-License-Identifier: Apache-2.0
"""Certificates of a network: its closed loops, and what is asked of its memories."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import lmu_hw
from lmu_hw.errors import NetworkError
from lmu_hw.lmu import Network
from lmu_hw.proofs import certificate as module
from lmu_hw.proofs import certify
from tests import networks


def loop_of(**kind):
    """Return the loop of a small network, and the radii of its matrices built step by step."""
    net = networks.network(order=3, memory_d=2, hidden="dense", memory_to_memory=True, **kind)
    design = lmu_hw.quantize(net, networks.noise(net, sequences=4, steps=40))
    (certificate,) = design.certify().memories
    memory, layer = certificate.range.memory, design.reference.layers[0]
    radii = []
    for A, B, E_m in (
        (memory.A, memory.B, memory.E_m),
        (layer.memory.A, layer.memory.B, layer.E_m),
    ):
        states = np.eye(6).reshape(6, 2, 3)
        step = states @ A.T + (states.reshape(6, 6) @ E_m.T)[..., None] * B
        radii.append(np.abs(np.linalg.eigvals(step.reshape(6, 6))).max())
    return certificate.proof.loop, radii


def test_a_loop_is_that_of_all_memories_together():
    loop, radii = loop_of()
    assert loop.stable
    assert [loop.spectral_radius, loop.ideal_spectral_radius] == pytest.approx(radii, rel=1e-6)


def test_what_is_not_linear_or_not_fed_back_has_no_loop():
    assert loop_of(encoder="tanh")[0] is None
    net = networks.network(order=3, hidden="dense")
    design = lmu_hw.quantize(net, networks.noise(net, sequences=4, steps=40))
    assert design.certify().memories[0].proof.loop is None


def test_a_loop_of_too_many_states_is_left_out(monkeypatch):
    for limit, there in ((5, False), (6, True)):
        monkeypatch.setattr(module, "_MAX_LOOP", limit)
        assert (loop_of()[0] is not None) == there


def test_memories_are_named_as_they_are_analysed():
    net = networks.network(layers=2, order=3, hidden="dense", dense=2)
    design = lmu_hw.quantize(net, networks.noise(net, sequences=4, steps=40))
    names = []
    design.certify(progress=names.append)
    assert names == ["lmu0.m", "lmu1.m"]


def test_a_memory_must_stand_for_a_memory():
    net = networks.network(order=3, dense=2)
    design = lmu_hw.quantize(net, networks.noise(net, sequences=4, steps=40))
    wrong = Network(name="wrong", layers=(replace(design.reference.layers[1], name="lmu0"),))
    with pytest.raises(NetworkError, match=r"lmu0.m: must stand for an LMU layer, not "):
        certify(design.network, wrong, steps=40)
