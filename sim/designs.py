# SPDX-License-Identifier: Apache-2.0
"""Designs for simulation: trained networks from examples/, and small ones with every connection."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

import lmu_hw
from lmu_hw.design import Design
from lmu_hw.fixed import Overflow
from lmu_hw.lmu import DenseLayer, Discretizer, LmuLayer, Memory, Network, SimpleCell
from lmu_hw.quantize import Realization
from tests.networks import network as small_network
from tests.networks import recurrent_layer

NARROWER = {"u": 1, "h": 1, "y": 2, "i": 2, "f": 2, "g": 2, "o": 2, "c": 1, "s": 1}
EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def digits():
    """Trained classifier: order 32, 64 hidden units, all connections; answers once."""
    return _example("digits", 16, input_scale=Fraction(1, 16))


def mackey_glass():
    """Trained predictor: four stacked LMU layers; answers at every step."""
    return _example("mackey_glass", 14)


def _example(name: str, lanes: int, **options):
    network = lmu_hw.load(EXAMPLES / name / "model.safetensors")
    calibration = np.load(EXAMPLES / name / "calibrate_x.npy")
    return lmu_hw.quantize(network, calibration, **options), lanes


def packets():
    """Vectors of three elements of two beats each."""
    return several_memories("packets")


def packets_of_sequences():
    """Answers once, in beats that hold one element."""
    return memoryless_cell("packets_of_sequences")


def tiny():
    """One LMU layer and a head, small enough to mutate two dozen times."""
    random = np.random.default_rng(24)
    network = Network(
        name="tiny",
        layers=(_lmu(random, "lmu", order=3, inputs=1, units=5), _dense(random, "head", 5, 2)),
    )
    return narrowed(network, weight_bits=8, state_bits=12, activation_bits=7, narrower=NARROWER), 4


def rows():
    """A linear layer, the least there is."""
    return narrowed(
        Network(name="rows", layers=(_dense(np.random.default_rng(3), "rows", 2, 2),))
    ), 1


def several_memories(name="several_memories", **options):
    """Three inputs, two memories, relu, biases everywhere, narrow memory coefficients."""
    random = np.random.default_rng(2)
    layer = _lmu(random, "lmu", order=5, inputs=3, units=7, memories=2, activation="relu")
    network = Network(name=name, layers=(layer, _dense(random, "head", 7, 3)))
    return narrowed(
        network, weight_bits=9, memory_bits=7, state_bits=14, narrower=NARROWER, **options
    ), 3


def bare_memory(name="bare_memory", options=None):
    """No hidden cell: the memory and the input are handed on to a dense layer."""
    random = np.random.default_rng(3)
    layer = LmuLayer(
        name="lmu",
        memory=Memory.legendre(6, 12.0, Discretizer.ZOH),
        E_x=random.normal(size=(1, 2)),
        E_h=None,
        E_m=None,
        b_u=None,
        hidden=None,
        input_to_hidden=True,
        return_sequences=True,
    )
    network = Network(name=name, layers=(layer, _dense(random, "head", 8, 2, "sigmoid")))
    return narrowed(network, **(options or {})), 4


def memoryless_cell(name="memoryless_cell", options=None):
    """A dense hidden cell that feeds back into the memory, Euler, wide words, answers once."""
    random = np.random.default_rng(4)
    layer = _lmu(
        random, "lmu", order=4, inputs=2, units=6, recurrent=False, method="euler", last=True
    )
    network = Network(name=name, layers=(layer, _dense(random, "head", 6, 4)))
    return narrowed(network, weight_bits=14, state_bits=20, **(options or {})), None


def error_feedback():
    """Two memories that keep what their narrowing drops."""
    return several_memories("error_feedback", error_feedback=True)


def sweeps():
    """Two memories of two sweeps, rank 1, with all feedback, interleaved."""
    return several_memories("sweeps", realization=Realization.SEMISEPARABLE)


def reloadable():
    """The same, with a port for the coefficients of its memories."""
    return several_memories("reloadable", realization=Realization.SEMISEPARABLE)


def sweeps_in_order():
    """Two sweeps of rank 2 or more, handed on to a dense layer without a hidden cell."""
    options = {"realization": Realization.SEMISEPARABLE, "memory_tolerance": 0.001}
    return bare_memory("sweeps_in_order", options)


def passes():
    """A bilinear memory by two passes over running sums."""
    return bare_memory("passes", {"realization": Realization.TWO_PASS})


def scan():
    """A forward Euler memory by running sums, answering once, fully unrolled."""
    return memoryless_cell("scan", {"realization": Realization.SCAN})


def reloadable_scan():
    """Two small forward Euler memories by running sums, with a port for their window."""
    random = np.random.default_rng(6)
    layer = _lmu(random, "lmu", order=3, inputs=1, units=3, memories=2, method="euler")
    network = Network(name="reloadable_scan", layers=(layer, _dense(random, "head", 3, 2)))
    words = {"weight_bits": 8, "state_bits": 12, "activation_bits": 7}
    return narrowed(network, realization=Realization.SCAN, **words, narrower=NARROWER), 4


def lstm():
    """A long short-term memory beside a memory of two sweeps that it feeds back to."""
    (layer,) = small_network(hidden="lstm", order=4, units=5, hidden_to_memory=True).layers
    head = _dense(np.random.default_rng(7), "dense", 5, 2)
    network = Network(name="lstm", layers=(layer, head))
    words = {"weight_bits": 8, "state_bits": 12, "activation_bits": 7}
    # So narrow that inputs exist which take every sum beyond both ends.
    narrower = {"u": 1, "i": 3, "f": 2, "g": 3, "o": 3, "c": 2, "s": 2, "h": 2, "y": 5}
    return narrowed(network, realization=Realization.SEMISEPARABLE, **words, narrower=narrower), 4


def gru():
    """Gated recurrent units of both kinds without memory, answering once, fully unrolled."""
    first = recurrent_layer(name="before", kind="gru, reset before", units=4)
    second = recurrent_layer(
        name="after", kind="gru", inputs=4, units=3, return_sequences=False, seed=1
    )
    return narrowed(
        Network(name="gru", layers=(first, second)), weight_bits=10, narrower=NARROWER
    ), None


def deep():
    """Two layers and a head whose format only inputs that were searched for leave."""
    network = small_network(layers=2, order=6, theta=16.0, units=4, dense=2, hidden_to_memory=True)
    narrower = NARROWER | {"y": 1}
    return narrowed(network, weight_bits=8, state_bits=12, activation_bits=7, narrower=narrower), 4


DESIGNS = {
    made.__name__: made
    for made in (
        digits,
        mackey_glass,
        packets,
        packets_of_sequences,
        tiny,
        rows,
        several_memories,
        bare_memory,
        memoryless_cell,
        error_feedback,
        sweeps,
        reloadable,
        sweeps_in_order,
        passes,
        scan,
        reloadable_scan,
        lstm,
        gru,
    )
}
RELOADABLE = ("reloadable", "reloadable_scan")
"""Designs that are emitted with a port for the coefficients of their memories."""
REGISTERED = ("packets_of_sequences", "reloadable")
"""Designs that have registers around them; coefficients are written through them."""
STREAMS = {
    "lstm": {},
    "gru": {},
    "packets": {"stream_width": 8},
    "packets_of_sequences": {
        "stream_width": 32,
        "stream_elements": "single",
        "stream_last": "sequence",
    },
}
"""Streams of designs that have others than whole vectors; those of the default have none here."""


def _lmu(
    random,
    name,
    *,
    order,
    inputs,
    units,
    memories=1,
    activation="tanh",
    recurrent=True,
    method="zoh",
    last=False,
):
    """Return an LMU layer with all connections and random weights."""
    states = memories * order
    theta = 6.0 * order if method == "euler" else 2.5 * order
    return LmuLayer(
        name=name,
        memory=Memory.legendre(order, theta, Discretizer(method)),
        E_x=random.normal(size=(memories, inputs)),
        E_h=0.3 * random.normal(size=(memories, units)),
        E_m=0.1 * random.normal(size=(memories, states)),
        b_u=0.1 * random.normal(size=memories),
        hidden=SimpleCell(
            W_m=random.normal(size=(units, states)) / np.sqrt(states),
            W_x=random.normal(size=(units, inputs)),
            W_h=0.5 * random.normal(size=(units, units)) / np.sqrt(units) if recurrent else None,
            b=0.2 * random.normal(size=units),
            activation=activation,
        ),
        input_to_hidden=True,
        return_sequences=not last,
    )


def _dense(random, name, inputs, outputs, activation="linear"):
    return DenseLayer(
        name=name,
        W=random.normal(size=(outputs, inputs)) / np.sqrt(inputs),
        b=0.1 * random.normal(size=outputs),
        activation=activation,
    )


def narrowed(network, *, narrower=None, **options):
    """Return a design whose sums have so many integer bits less than the data asks for, by node."""
    calibration = np.random.default_rng(5).uniform(-1, 1, (8, 60, network.inputs))
    design = lmu_hw.quantize(network, calibration, **options)
    if narrower is None:
        return design
    nodes = {
        name: _narrow(node, narrower.get(name.rpartition(".")[2], 0))
        for name, node in design.config.nodes.items()
    }
    return Design.build(network, replace(design.config, nodes=nodes), calibration)


def _narrow(node, bits):
    """Return a node that saturates earlier; what is proved not to overflow stays."""
    if node.requant.overflow is not Overflow.SATURATE:
        return node
    fmt, output = node.requant.format, node.output
    if output == replace(fmt, signed=False):  # of a rectifier
        output = replace(output, int_bits=output.int_bits - bits)
    narrow = replace(fmt, int_bits=fmt.int_bits - bits)
    return replace(node, requant=replace(node.requant, format=narrow), output=output)
