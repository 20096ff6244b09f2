# SPDX-License-Identifier: Apache-2.0
"""Options: every value leads to the design that it names, or to an error, before any work."""

from __future__ import annotations

import math
from dataclasses import fields
from fractions import Fraction

import numpy as np
import pytest

import lmu_hw
from lmu_hw import Basis, Config, MemoryRange, Options, Realization
from lmu_hw.errors import ConfigError
from lmu_hw.network import realization_of
from lmu_hw.quantize import configure
from tests import networks

KINDS = {
    "weight_bits": 9,
    "memory_bits": 9,
    "state_bits": 14,
    "activation_bits": 9,
    "table_error": 0.75,
    "input_bits": 9,
    "input_scale": Fraction(1, 255),
    "basis": Basis.TRAINED,
    "margin": 2.0,
    "weight_margin": 4.0,
    "memory_range": MemoryRange.WIDEN,
    "error_feedback": True,
    "repair": True,
    "realization": Realization.SEMISEPARABLE,
    "memory_tolerance": 0.01,
    "refit": False,
    "horizon": 5,
}
NONE_MEANS_SOMETHING = {"memory_bits", "input_bits", "memory_tolerance", "refit", "horizon"}
WRONG = ("nonsense", "", math.nan, math.inf, -1, ..., [12], (), b"12", 1j)
VERBS = ("configure", "quantize", "search", "sweep")


@pytest.fixture
def small():
    net = networks.network(order=4, units=3)
    return net, networks.noise(net, sequences=2, steps=20)


def test_every_option_is_tried_below():
    assert set(KINDS) == {field.name for field in fields(Options)}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_a_value_of_another_kind_is_refused(name, wrong):
    with pytest.raises(ConfigError, match=f"`{name}` must "):
        Options(**{name: wrong})


@pytest.mark.parametrize("name", sorted(set(KINDS) - {"error_feedback", "repair", "refit"}))
def test_truth_is_no_number_and_no_member(name):
    with pytest.raises(ConfigError, match=f"`{name}` must "):
        Options(**{name: True})


@pytest.mark.parametrize("name", sorted(set(KINDS) - NONE_MEANS_SOMETHING))
def test_none_is_refused_where_it_means_nothing(name):
    with pytest.raises(ConfigError, match=f"`{name}` must be .*, not None"):
        Options(**{name: None})


@pytest.mark.parametrize("name", [n for n in KINDS if n.endswith("bits")])
def test_a_number_of_bits_is_an_int(name):
    with pytest.raises(ConfigError, match=f"`{name}` must be a whole number, 2 to 32, not 12.0"):
        Options(**{name: 12.0})


def test_a_tolerance_without_its_realization_is_refused():
    for realization in ("dense", "auto", "scan", "two-pass"):
        with pytest.raises(ConfigError, match="`memory_tolerance` must come with `realization` s"):
            Options(memory_tolerance=0.01, realization=realization)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("realization", "nonsense"),
        ("memory_range", "nonsense"),
        ("error_feedback", "no"),
        ("weight_bits", 12.0),
        ("input_scale", 0.3333),
        ("margin", "2"),
        ("table_error", 0.25),
    ],
)
def test_verbs_refuse_before_any_work(small, monkeypatch, verb, name, wrong):
    for work in ("lmu_hw.lmu.Network.check_input", "lmu_hw.lmu.Network.run"):
        monkeypatch.setattr(work, lambda *_, **__: pytest.fail("work was begun"))
    target = {"target_error": 0.1} if verb == "search" else {}
    with pytest.raises(ConfigError, match=f"`{name}` must be "):
        getattr(lmu_hw, verb)(*small, **target, **{name: wrong})


@pytest.mark.parametrize("verb", VERBS)
def test_an_unknown_option_is_a_type_error(small, verb):
    with pytest.raises(TypeError, match="unexpected keyword argument 'weigth_bits'"):
        getattr(lmu_hw, verb)(*small, weigth_bits=8)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("realization", "dense"),
        ("realization", "semiseparable"),
        ("realization", "auto"),
        ("memory_range", "widen"),
        ("memory_range", "saturate"),
        ("basis", "trained"),
        ("input_scale", "1/255"),
        ("input_scale", 1 / 255),
    ],
)
def test_a_text_names_the_same_design_as_the_value(small, name, text):
    net, x = small
    value = getattr(Options(**{name: text}), name)
    design = lmu_hw.quantize(net, x, state_bits=9, **{name: text})
    assert design.config == configure(net, x, Options(state_bits=9, **{name: value}))


def test_a_dense_memory_is_what_dense_names(small):
    (memory,) = lmu_hw.quantize(*small, realization="dense").network.memories
    assert realization_of(memory) == "dense"


def test_numbers_of_numpy_are_numbers(small):
    options = Options(weight_bits=np.int64(8), margin=np.float32(2), refit=np.False_)
    assert [type(getattr(options, n)) for n in ("weight_bits", "margin", "refit")] == [
        int,
        float,
        bool,
    ]


def test_a_configuration_and_options_exclude_each_other(small):
    config = lmu_hw.configure(*small)
    with pytest.raises(ConfigError, match="`weight_bits` and `config` cannot be combined"):
        lmu_hw.quantize(*small, config=config, weight_bits=8)


@pytest.mark.parametrize("wrong", ["config.toml", {}, False])
def test_a_configuration_must_be_one(small, wrong):
    with pytest.raises(ConfigError, match="`config` must be a Config, not"):
        lmu_hw.quantize(*small, config=wrong)


def test_a_network_must_be_one(small):
    with pytest.raises(ConfigError, match="`network` must be a Network, not 'model.keras'"):
        lmu_hw.quantize("model.keras", small[1])


def test_records_are_checked_as_well(small):
    config = lmu_hw.configure(*small)
    assert isinstance(config, Config)
    node = config.nodes["lmu0.m"]
    values = {field.name: getattr(node, field.name) for field in fields(node)}
    for name, wrong in (("row_shifts", "no"), ("refit", True), ("error_feedback", None)):
        with pytest.raises(ConfigError, match=f"`{name}` must be"):
            type(node)(**{**values, name: wrong})
    with pytest.raises(ConfigError, match="`basis` must be one of orthonormal, trained"):
        Config(basis="x", input=config.input, input_scale=1, memory_scale={}, nodes={})
