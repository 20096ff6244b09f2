# SPDX-License-Identifier: Apache-2.0
"""What commands and verbs give, on ordinary networks and on degenerate ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import lmu_hw
from lmu_hw.golden import GoldenModel
from lmu_hw.load import save
from tests import networks

FORMATS = ("--weight-bits=6", "--state-bits=8", "--activation-bits=6", "--lanes=4")


def test_predict_writes_what_the_design_predicts(here, run):
    design, x = lmu_hw.read_design(here / "out"), np.load(here / "x.npy")
    answer = run("predict", "out", "--input", "x.npy", "-o", "y.npy")
    assert answer.status == 0
    assert np.array_equal(np.load(here / "y.npy"), design.predict(x))
    assert "3 sequences; answers (3, 2) written to y.npy" in answer.out


def test_predict_writes_codes(here, run):
    golden = GoldenModel(lmu_hw.read_design(here / "out").network)
    expected, _ = golden.run(golden.quantize_input(np.load(here / "x.npy")))
    assert run("predict", "out", "--input", "x.npy", "-o", "y.npy", "--codes").status == 0
    actual = np.load(here / "y.npy")
    assert actual.dtype == np.int64
    assert np.array_equal(actual, expected)


@pytest.mark.usefixtures("here")
def test_config_prints_what_generate_reads_back(here, run):
    text = run("config", "model.safetensors", "--calibrate=x.npy", *FORMATS[:3]).out
    assert text == (here / "out" / "config.toml").read_text()


@pytest.mark.usefixtures("here")
def test_inspect_shows_a_network_and_a_design(run):
    network, design = run("inspect", "model.safetensors"), run("inspect", "out")
    assert "trained network" in network.out and "answers once" in network.out
    assert "generated design" in design.out and "lmu0.m" in design.out
    assert (network.status, design.status) == (0, 0)


def test_the_verbs_do_what_the_commands_do(here, run):
    network, x = lmu_hw.load("model.safetensors"), np.load("x.npy")
    options = {"weight_bits": 6, "state_bits": 8, "activation_bits": 6}
    design = lmu_hw.quantize(network, x, **options)
    assert design.digest == lmu_hw.read_design("out").digest
    config = lmu_hw.configure(network, x, **options)
    assert lmu_hw.quantize(network, x, config=config).digest == design.digest
    (result,) = lmu_hw.simulate("out", x, simulators=["amaranth"], max_cycles=800)
    assert result.passed
    assert lmu_hw.report("out", x, np.load("labels.npy")).design_digest == design.digest
    verbs = ("compare", "configure", "emit", "load", "quantize", "report", "simulate")
    assert [verb for verb in verbs if not isinstance(getattr(lmu_hw, verb), Callable)] == []


def _zeroed(net, name: str):
    layer, dense = net.layers
    if name == "dense":
        return replace(net, layers=(layer, replace(dense, W=0 * dense.W, b=None)))
    if name == "encoder":
        return replace(net, layers=(replace(layer, E_x=0 * layer.E_x, b_u=None), dense))
    hidden = replace(layer.hidden, **{name: 0 * getattr(layer.hidden, name)})
    return replace(net, layers=(replace(layer, hidden=hidden), dense))


DEGENERATE = {
    "zeros": (lambda: networks.network(order=2, units=2, dense=2), 0.0),
    "a constant": (lambda: networks.network(order=2, units=2, dense=2), -0.75),
    "tiny values": (lambda: networks.network(order=2, units=2, dense=2), 1e-12),
    "huge values": (lambda: networks.network(order=2, units=2, dense=2), 1e12),
    "no encoder": (lambda: _zeroed(networks.network(order=2, units=2, dense=2), "encoder"), None),
    "no memory read": (lambda: _zeroed(networks.network(order=2, units=2, dense=2), "W_m"), None),
    "no recurrence": (lambda: _zeroed(networks.network(order=2, units=2, dense=2), "W_h"), None),
    "no answer": (lambda: _zeroed(networks.network(order=2, units=2, dense=2), "dense"), None),
    "one state, one unit": (lambda: networks.network(order=1, units=1), None),
}


@pytest.mark.parametrize("kind", DEGENERATE)
def test_a_degenerate_design_equals_its_golden_model(tmp_path, run, monkeypatch, kind):
    build, value = DEGENERATE[kind]
    monkeypatch.chdir(tmp_path)
    net = build()
    save(net, "model.safetensors")
    np.save(
        "x.npy",
        networks.noise(net, sequences=2, steps=8) if value is None else np.full((2, 8, 1), value),
    )
    made = run("generate", "model.safetensors", "-o", "out", "--calibrate=x.npy", *FORMATS)
    assert made.status == 0, made.err
    answer = run("simulate", "out", "--simulator=amaranth", "--max-cycles=600")
    assert answer.status == 0, answer.out
    assert "equal" in answer.out
