# SPDX-License-Identifier: Apache-2.0
"""Certificates on disk hold for who shares no code, and fail when they are wrong."""

from __future__ import annotations

import json

import numpy as np
import pytest

import lmu_hw
from lmu_hw.analysis import summary, write_certificate
from lmu_hw.analysis.verify import verify

OPTIONS = [{}, {"memory_bits": 8}, {"error_feedback": True}]


@pytest.fixture
def certificate(memories):
    def make(**options):
        net = memories.memory_network(8, 40.0)
        x = np.random.default_rng(1).uniform(-1.0, 1.0, (4, 200, 1))
        return lmu_hw.quantize(net, x, state_bits=10, **options).certify()

    return make


@pytest.mark.parametrize("options", OPTIONS)
def test_every_claim_holds_for_the_independent_checker(certificate, options, tmp_path):
    write_certificate(certificate(**options), tmp_path / "c.npz")
    verdicts = verify(tmp_path / "c.npz")
    assert len(verdicts) >= 5
    assert all(verdict.holds for verdict in verdicts), verdicts


@pytest.mark.parametrize("theta", [0.05, 0.5])
def test_the_checker_accepts_the_fastest_memories(memories, theta, tmp_path):
    net = memories.memory_network(6, theta)
    x = np.random.default_rng(1).uniform(-1.0, 1.0, (4, 20, 1))
    write_certificate(lmu_hw.quantize(net, x).certify(), tmp_path / "c.npz")
    verdicts = verify(tmp_path / "c.npz")
    assert len(verdicts) >= 5
    assert all(verdict.holds for verdict in verdicts), verdicts


@pytest.mark.parametrize("claim", ["input_gain", "rounding_gain", "coefficient_gain", "bound"])
def test_a_claim_that_is_too_good_fails(certificate, claim, tmp_path):
    write_certificate(certificate(), tmp_path / "c.npz")
    with np.load(tmp_path / "c.npz") as file:
        arrays = dict(file)
    arrays[f"lmu0/{claim}"] = (arrays[f"lmu0/{claim}"] * 0.99).astype(np.int64)
    np.savez(tmp_path / "c.npz", **arrays)
    assert not all(verdict.holds for verdict in verify(tmp_path / "c.npz"))


def test_the_same_certificate_gives_the_same_bytes(certificate, tmp_path):
    for name in ("a.npz", "b.npz"):
        write_certificate(certificate(), tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_the_summary_is_json_and_says_what_is_proved(certificate):
    text = json.loads(json.dumps(summary(certificate()), allow_nan=False))
    (memory,) = text["memories"]
    assert memory["proved"] and memory["bound"] <= memory["limit"]
    assert {node["name"]: node["by_gain"] for node in text["nodes"]}["lmu0.m"]
    assert text["heads"][0]["name"] == "head.y"
    assert set(memory["by_cause"]) == {"coefficients", "rounding", "input", "mismatch"}
