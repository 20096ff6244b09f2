# SPDX-License-Identifier: Apache-2.0
"""What reads a memory: everything is found, and bounds are those of all powers, added up."""

from __future__ import annotations

import numpy as np
import pytest

import lmu_hw
from lmu_hw.fixed.ops import dequantize
from lmu_hw.proofs import quantized_memories, readouts_of
from tests import networks

KINDS = {
    "cell": ({"hidden": "dense"}, [("lmu0.h", False)]),
    "loop": (
        {"hidden": "rnn", "memory_to_memory": True, "hidden_to_memory": True},
        [("lmu0.u", True), ("lmu0.h", False)],
    ),
    "lstm": ({"hidden": "lstm"}, [(f"lmu0.{gate}", False) for gate in "ifgo"]),
    "gru": ({"hidden": "gru"}, [("lmu0.z", False), ("lmu0.r", False), ("lmu0.w", False)]),
    "dense layer": ({"hidden": "none", "dense": 2}, [("dense.y", False)]),
    "host": ({"hidden": "none", "input_to_hidden": False}, [("lmu0.m", False)]),
    "next layer": ({"hidden": "none", "recurrent": "rnn"}, [("cell.h", False)]),
}


def designed(kind, **options):
    net = networks.network(order=4, theta=9.0, memory_d=2, **kind)
    x = networks.noise(net, sequences=4, steps=40)
    return lmu_hw.quantize(net, x, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_everything_that_reads_a_memory_is_found(kind):
    layers, expected = KINDS[kind]
    design = designed(layers)
    (memory,) = quantized_memories(design.network)
    found = readouts_of(design.network, design.reference, memory)
    assert [(readout.name, readout.delayed) for readout in found] == expected
    assert all(readout.rows.shape == readout.ideal.shape for readout in found)
    assert [r.name for r in design.certify().readouts] == [name for name, _ in expected]


def summed(readout, memory, layer, steps):
    """Return the sums of what differs in the responses, and of the responses of float."""
    apart, peak = np.zeros(len(readout.rows)), np.zeros(len(readout.rows))
    for rows, ideal in readout.by_segment(len(memory.B)):
        own, states = memory.B.copy(), layer.memory.B.copy()
        for _ in range(steps):
            apart += np.abs(rows @ own - ideal @ states)
            peak += np.abs(ideal @ states)
            own, states = memory.A @ own, layer.memory.A @ states
    return apart * float(memory.u_limit), peak * float(memory.u_limit)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bits", [8, 12])
def test_bounds_are_sums_over_the_first_steps_and_over_all(kind, bits):
    design = designed(KINDS[kind][0], memory_bits=bits)
    (memory,), (layer, *_) = quantized_memories(design.network), design.reference.layers
    certificate = design.certify()
    readouts = readouts_of(design.network, design.reference, memory)
    for readout, proof in zip(readouts, certificate.readouts, strict=True):
        always, peak = summed(readout, memory, layer, 400)
        early, _ = summed(readout, memory, layer, certificate.steps)
        for found, expected in ((proof.error, always), (proof.error_within, early)):
            assert np.all(found >= expected * (1 - 1e-12))
            assert np.all(found <= 1.002 * expected + 1e-6)
        assert np.all(proof.peak >= peak * (1 - 1e-12))
        assert np.all(proof.rounding >= np.array(proof.likely_rounding))


@pytest.mark.parametrize("kind", ["cell", "dense layer", "loop"])
def test_no_input_that_is_made_for_it_exceeds_a_bound(kind):
    design = designed(KINDS[kind][0], memory_bits=8, state_bits=10)
    certificate, fmt = design.certify(), design.network.input.format
    (memory,), (layer, *_) = quantized_memories(design.network), design.reference.layers
    signs = np.random.default_rng(3).choice([-1.0, 1.0], (60, 80, design.network.inputs))
    codes = design.trace(signs * fmt.max_value).codes
    u = codes["lmu0.u"] * memory.u_format.ulp
    m = dequantize(codes["lmu0.m"], memory.format)
    ideal = np.zeros((60, 2, 4))
    readouts = readouts_of(design.network, design.reference, memory)
    for t in range(80):
        ideal = ideal @ layer.memory.A.T + u[:, t, :, None] * layer.memory.B
        for readout, proof in zip(readouts, certificate.readouts, strict=True):
            off = np.abs(m[:, t] @ readout.rows.T - ideal.reshape(60, -1) @ readout.ideal.T)
            error = proof.error_within if t < certificate.steps else proof.error
            assert np.all(off.max(axis=0) <= np.array(error) + proof.rounding)
