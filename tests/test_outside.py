# SPDX-License-Identifier: Apache-2.0
"""No text, number or None falls through to another kind, in any record that users or files make."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import lmu_hw
from lmu_hw import (
    DenseLayer,
    Discretizer,
    FixedFormat,
    Limits,
    LmuHwError,
    Memory,
    MemoryScale,
    Network,
    Options,
    Overflow,
    Requant,
    Rounding,
)
from lmu_hw.errors import ConfigError, NetworkError
from lmu_hw.lmu import discretize
from lmu_hw.plan import make_plan
from lmu_hw.quantize import realize
from lmu_hw.realize import ScanRealization, SemiseparableRealization, realization
from lmu_hw.reload import checked_window
from lmu_hw.search.grid import lengths_of
from lmu_hw.search.pools import Workers
from lmu_hw.simulate import find
from tests import networks

FORMAT = FixedFormat(signed=True, int_bits=0, frac_bits=7)
UNIT = {"A": np.eye(1) / 2, "B": np.ones(1)}


def requant(**changes):
    return Requant(**{"format": FORMAT, "rounding": "floor", "overflow": "wrap", **changes})


def memory(**changes):
    return Memory(**{**UNIT, "theta": 2.0, "discretizer": "stored", **changes})


NETWORK = Network(
    name="dense",
    layers=(DenseLayer(name="y", W=np.ones((1, 1)), b=None, activation="linear"),),
)

MADE = {
    "signed": lambda v: FixedFormat(signed=v, int_bits=0, frac_bits=7),
    "int_bits": lambda v: FixedFormat(signed=True, int_bits=v, frac_bits=7),
    "frac_bits": lambda v: FixedFormat(signed=True, int_bits=0, frac_bits=v),
    "format": lambda v: requant(format=v),
    "rounding": lambda v: requant(rounding=v),
    "overflow": lambda v: requant(overflow=v),
    "theta of a memory": lambda v: ScanRealization(theta=v),
    "rank": lambda v: SemiseparableRealization(theta=5.0, rank=v),
    "rate_bits": lambda v: ScanRealization(theta=5.0, rate_bits=v),
    "sweeps": lambda v: SemiseparableRealization(theta=5.0, forward=v),
    "scale": lambda v: MemoryScale(u=v, m=1.0),
    "discretizer": lambda v: memory(discretizer=v),
    "method": lambda v: discretize(2, 5.0, v),
    "order": lambda v: discretize(v, 5.0, Discretizer.ZOH),
    "theta": lambda v: discretize(2, v, Discretizer.ZOH),
    "limits": lambda v: Limits(weight_bits=(2, v)),
    "pair": lambda v: Limits(weight_bits=v),
    "jobs": lambda v: Workers(jobs=v) if v is not None else Workers(jobs=0),
    "basis": lambda v: realize(NETWORK, basis=v, input_scale=Fraction(1), memory_scale={}),
    "realization": realization,
    "a knob": lambda v: lengths_of(Options(), {v: [8]} if v.__hash__ else {str(v): [8]}),
    "window": checked_window,
    "simulator": find,
}
REAL = ("theta of a memory", "scale", "theta")
WRONG = ("nonsense", "", None, 2.5, math.nan, True, "1.0", ..., [1], b"floor", "no")


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
@pytest.mark.parametrize("what", MADE)
def test_what_is_of_another_kind_is_refused(what, wrong):
    right = [("signed", True), ("sweeps", None), *((w, 2.5) for w in (*REAL, "window"))]
    if (what, wrong) in right:
        assert MADE[what](wrong) is not None
    else:
        with pytest.raises(LmuHwError, match="must be|must have"):
            MADE[what](wrong)


def test_names_become_members():
    assert requant().rounding is Rounding.FLOOR
    assert requant(overflow="SATURATE").overflow is Overflow.SATURATE
    assert memory().discretizer is Discretizer.STORED


@pytest.mark.parametrize("wrong", ["no", None, 1, 0.0])
def test_layers_and_nodes_take_bools_only(wrong):
    net = networks.network(order=2, units=2)
    lmu, quantized = net.layers[0], networks.quantized(net)
    for name in ("input_to_hidden", "return_sequences"):
        with pytest.raises(NetworkError, match=f"{name} must be True or False"):
            replace(lmu, **{name: wrong})
    for name in ("answers_once", "softmax"):
        with pytest.raises(NetworkError, match=f"{name} must be True or False"):
            replace(quantized, **{name: wrong})
    node = quantized.nodes[0]
    for part, name in ((node, "last_only"), (node.terms[0], "delayed")):
        with pytest.raises(NetworkError, match=f"{name} must be True or False"):
            replace(part, **{name: wrong})


@pytest.fixture(scope="module")
def design():
    net = networks.network(order=2, units=2)
    return lmu_hw.quantize(net, networks.noise(net, sequences=2, steps=8))


@pytest.mark.parametrize("wrong", [0, 2.0, "2", "some", True, math.nan, -1])
def test_lanes_are_a_number_or_full(design, tmp_path, wrong):
    with pytest.raises(ConfigError, match="`lanes` must be"):
        lmu_hw.emit(design, tmp_path / "out", lanes=wrong)
    assert not (tmp_path / "out").exists()


def test_full_lanes_have_two_names(design):
    assert make_plan(design.network, "full") == make_plan(design.network, None)


@pytest.mark.parametrize("wrong", ["no", None, 1])
def test_reloadable_is_one_of_three(design, tmp_path, wrong):
    with pytest.raises(ConfigError, match="`reloadable` must be one of none, memory, all"):
        lmu_hw.emit(design, tmp_path / "out", reloadable=wrong)


@pytest.mark.parametrize("wrong", ["yes", None, 1])
def test_registers_are_there_or_not(design, tmp_path, wrong):
    with pytest.raises(ConfigError, match="`registers` must be"):
        lmu_hw.emit(design, tmp_path / "out", registers=wrong)
    assert not (tmp_path / "out").exists()


SIMULATE = [
    ("simulators", "icarus"),
    ("simulators", []),
    ("simulators", ["modelsim"]),
    ("simulators", [None]),
    ("netlist", "gowin"),
    ("netlist", 1),
    ("seed", 1.0),
    ("seed", "1"),
    ("seed", -1),
    ("seed", True),
    ("max_cycles", 1e6),
    ("max_cycles", -1),
    ("waves", "no"),
    ("theta", "5"),
    ("theta", 0),
]


@pytest.mark.parametrize(("name", "wrong"), SIMULATE)
def test_simulations_take_what_they_name(tmp_path, name, wrong):
    with pytest.raises(ConfigError, match=f"`{name}` must be"):
        lmu_hw.simulate(tmp_path, **{name: wrong})


SEARCH = [
    ("cost", "money"),
    ("cost", None),
    ("sequences", 2.0),
    ("sequences", 0),
    ("jobs", "2"),
    ("jobs", 0),
    ("scheduler", 1),
    ("limits", (2, 8)),
]


@pytest.mark.parametrize("verb", ["search", "sweep"])
@pytest.mark.parametrize(("name", "wrong"), SEARCH)
def test_searches_take_what_they_name(verb, name, wrong):
    if (verb, name) == ("sweep", "limits"):
        verb, wrong, name = "sweep", "no", "restart"
    net = networks.network(order=2, units=2)
    target = {"target_error": 0.1} if verb == "search" else {}
    with pytest.raises(ConfigError, match=f"`{name}` must be"):
        getattr(lmu_hw, verb)(net, np.zeros((2, 8, 1)), **target, **{name: wrong})


@pytest.mark.parametrize("bits", [[8, 9.0], [], "8:9", ["8"], [1], 8.0, None])
def test_a_range_of_bits_is_of_ints(bits):
    net = networks.network(order=2, units=2)
    with pytest.raises(ConfigError, match="`weight_bits` must be"):
        lmu_hw.sweep(net, np.zeros((2, 8, 1)), weight_bits=bits)
