# SPDX-License-Identifier: Apache-2.0
"""Who does what a refusal says is not refused again."""

from __future__ import annotations

import re

import pytest

import lmu_hw
from lmu_hw.errors import LmuHwError
from tests import networks


@pytest.fixture
def quantized():
    def make(shape, options):
        net = networks.network(hidden="none", dense=2, units=2, **shape)
        return lmu_hw.quantize(net, networks.noise(net, sequences=2, steps=40), **options)

    return make


@pytest.mark.parametrize("memory_range", ["auto", "widen"])
@pytest.mark.parametrize(
    ("kind", "order", "theta", "state_bits", "memory_bits"),
    [("two-pass", 4, 4.0, 6, 4), ("two-pass", 12, 20.0, 7, 3), ("scan", 6, 16.0, 7, 2)],
)
def test_running_sums_of_few_state_bits_get_the_integer_bits_that_are_proved(
    quantized, kind, order, theta, state_bits, memory_bits, memory_range
):
    options = {"realization": kind, "state_bits": state_bits, "memory_bits": memory_bits}
    design = quantized({"order": order, "theta": theta}, options | {"memory_range": memory_range})
    again = lmu_hw.Config.from_toml(design.config.to_toml(), where="text")
    assert again == design.config
    assert all(one.proved for one in design.certify().ranges if one.name.startswith("lmu0.m "))


REMEDIES = {
    "too short for two passes": (
        {"order": 5, "theta": 1.0},
        {"realization": "two-pass"},
        r"at least 2 steps at order 5, not 1: .*; set `(realization)` to (semiseparable)",
    ),
    "a rate above 1": (
        {"order": 1, "theta": 0.3},
        {"realization": "two-pass"},
        r"its rate must be below 1, not 1.66667, .*; set `(realization)` to (semiseparable) or",
    ),
    "too short for forward Euler": (
        {"order": 4, "theta": 0.3},
        {"realization": "scan"},
        r"above 5.2 steps .* not 0.3; set `(realization)` to (semiseparable) or dense",
    ),
    "a rate of few bits": (
        {"order": 8, "theta": 18.0},
        {"realization": "scan", "memory_bits": 2},
        r"rounding its rate to 2 bits makes it 16; give it (?P<bits>\d+) `memory_bits`",
    ),
    "sweeps of few bits": (
        {"order": 4, "theta": 0.3},
        {"realization": "semiseparable", "memory_bits": 2},
        r"its spectral radius must be below 1, .*; give them (?P<bits>\d+) bits",
    ),
    "a dense memory of few bits": (
        {"order": 4, "theta": 20.0},
        {"memory_bits": 2},
        r"the smallest stable width is (?P<bits>\d+) bits$",
    ),
    "few state bits": (
        {"order": 5, "theta": 100.0},
        {"realization": "scan", "state_bits": 4, "memory_bits": 8, "memory_range": "scale"},
        r"no range is provable .*; set `(memory_range)` to (widen), saturate, or auto",
    ),
}


@pytest.mark.parametrize("what", REMEDIES)
def test_what_a_refusal_names_works(quantized, what):
    shape, options, message = REMEDIES[what]
    with pytest.raises(LmuHwError) as refusal:
        quantized(shape, options)
    found = re.search(message, str(refusal.value))
    assert found, str(refusal.value)
    if "bits" in found.groupdict():
        followed = {"memory_bits": int(found["bits"])}
    else:
        followed = {found[1]: found[2]}
    quantized(shape, options | followed)


def test_repair_is_named_only_where_it_works(quantized):
    options = {"memory_bits": 2, "repair": True}
    with pytest.raises(LmuHwError, match="is 5 bits, and repair fails$"):
        quantized({"order": 4, "theta": 20.0}, options)


def test_the_cheapest_memory_with_error_feedback_is_dense(quantized):
    options = {"realization": "auto", "error_feedback": True, "memory_bits": 8}
    design = quantized({"order": 12, "theta": 60.0}, options)
    assert design.config.nodes["lmu0.m"].realization.kind == "dense"
