# SPDX-License-Identifier: Apache-2.0
"""Certificates on disk; whether they hold is what `tests/verify` is about."""

from __future__ import annotations

import json

import numpy as np
import pytest

import lmu_hw
import lmu_verify
from lmu_hw.proofs import summary_json, write_certificate
from lmu_hw.proofs.certificate import NOT_CHECKED
from tests import memories


@pytest.fixture
def certificate():
    def make(**options):
        net = memories.memory_network(8, 40.0)
        x = np.random.default_rng(1).uniform(-1.0, 1.0, (4, 200, 1))
        return lmu_hw.quantize(net, x, state_bits=10, **options).certify()

    return make


def test_the_same_certificate_gives_the_same_bytes(certificate, tmp_path):
    for name in ("a.npz", "b.npz"):
        write_certificate(certificate(), tmp_path / name, design_digest="0", files={"a": "1"})
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_what_is_not_checked_is_what_the_checker_says():
    assert NOT_CHECKED == lmu_verify.NOT_CHECKED


def test_the_summary_is_json_and_says_what_is_proved(certificate):
    text = json.loads(json.dumps(summary_json(certificate(), "0"), allow_nan=False))
    (memory,) = text["memories"]
    assert memory["proved"] and memory["bound"] <= memory["limit"]
    assert {node["name"]: node["by_gain"] for node in text["nodes"]}["lmu0.m"]
    assert [(r["name"], r["memory"]) for r in text["readouts"]] == [("head.y", "lmu0.m")]
    (u, head) = text["errors"]
    assert (u["name"], head["name"], text["steps"]) == ("lmu0.u", "head.y", 200)
    assert set(head["by_cause"]) == {"coefficients", "rounding", "input"}


def test_the_summary_has_the_numbers_of_the_certificate():
    net = memories.memory_network(16, 200.0)
    x = np.random.default_rng(1).uniform(-1.0, 1.0, (4, 200, 1))
    found = lmu_hw.quantize(net, x, state_bits=9, memory_range="saturate").certify()
    (known,), (memory,) = found.memories, summary_json(found, "0")["memories"]
    assert not memory["proved"] and memory["provable_bits"] == known.range.bits
    for key, expected in (
        ("provable_scale", known.range.scale),
        ("bound", known.range.value),
        ("limit", known.range.memory.format.max_value),
        ("u_limit", float(known.range.memory.u_limit)),
        ("contraction", known.pair.gains.lyapunov.contraction),
        ("spectral_radius", known.pair.gains.radius),
        ("ideal_spectral_radius", known.pair.ideal_gains.radius),
        ("input_gain", known.range.input_gain.max()),
        ("rounding_gain", known.range.rounding_gain.max()),
        ("rounding", known.proof.rounding),
    ):
        assert memory[key] == pytest.approx(expected, rel=1e-8), key  # nine digits
