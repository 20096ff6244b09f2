# SPDX-License-Identifier: Apache-2.0
"""Making a design computes nothing twice, and gives the same as its configuration read back."""

from __future__ import annotations

import functools
import importlib
import sys
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

import lmu_hw
from lmu_hw.quantize import Config
from tests import networks

STAGES = (
    "lmu_hw.lmu.network.Network.observe",
    "lmu_hw.quantize.transform.realize",
    "lmu_hw.quantize.memories.memory_node",
    "lmu_hw.quantize.fitted.fit_memory",
    "lmu_hw.quantize.convert.assemble",
    "lmu_hw.proofs.ranges.prove_range",
    "lmu_hw.proofs.deviation.largest_deviation",
    "lmu_hw.proofs.certificate.certify",
    "lmu_hw.load.network_digest",
    "lmu_hw.network.archive.design_digest",
)


def counted(monkeypatch, stages) -> Counter:
    """Return a count of the calls of functions, wherever they are imported."""
    calls = Counter()
    for stage in stages:
        home, _, name = stage.rpartition(".")
        owner = sys.modules.get(home) or getattr(
            importlib.import_module(home.rpartition(".")[0]), home.rpartition(".")[2]
        )
        function = getattr(owner, name)

        def counting(*args, _function=function, _name=name, **kwargs):
            calls[_name] += 1
            return _function(*args, **kwargs)

        wrapped = functools.wraps(function)(counting)
        places = [m for key, m in list(sys.modules.items()) if key.split(".")[0] == "lmu_hw"]
        for place in {id(place): place for place in (*places, owner)}.values():
            if getattr(place, name, None) is function:
                monkeypatch.setattr(place, name, wrapped)
    return calls


def generated(net, x, folder, **options):
    design = lmu_hw.quantize(net, x, **options)
    lmu_hw.emit(design, folder, lanes=2)
    return design


def data(*, layers=2, **options):
    net = networks.network(layers=layers, dense=2, order=4, theta=9.0, **options)
    return net, networks.noise(net, sequences=4, steps=30)


def test_each_memory_is_quantized_fitted_and_proved_once(monkeypatch, tmp_path):
    net, x = data(layers=3)
    calls = counted(monkeypatch, STAGES)
    design = generated(net, x, tmp_path / "out")
    assert len(design.refits) == 3
    once = dict.fromkeys(("observe", "realize", "certify", "network_digest", "design_digest"), 1)
    each = dict.fromkeys(("memory_node", "fit_memory", "prove_range"), 3)
    # With the fit and without: what reads the memories, and how far both are off.
    assert calls == once | each | {"assemble": 2, "largest_deviation": 6}


def test_a_memory_whose_proof_sizes_its_sums_is_proved_once_too(monkeypatch, tmp_path):
    net, x = data()
    calls = counted(monkeypatch, STAGES)
    generated(net, x, tmp_path / "out", realization="semiseparable")
    # The formats of the sweeps follow from the proof, so that there are two for each memory.
    assert calls["realize"] == 1
    assert (calls["memory_node"], calls["fit_memory"], calls["prove_range"]) == (4, 2, 2)


def test_a_memory_is_quantized_and_proved_again_only_for_other_states(monkeypatch):
    net, x = data(layers=1)
    calls = counted(monkeypatch, STAGES)
    design = lmu_hw.quantize(net, x, state_bits=5)
    assert "5 bits are not provable" in design.config.text()
    assert calls["memory_node"] == calls["fit_memory"] == calls["prove_range"] == 2


CASES = (
    {},
    {"realization": "semiseparable"},
    {"realization": "auto"},
    {"state_bits": 5},
    {"memory_range": "saturate", "refit": False},
)


@pytest.mark.parametrize(
    "options", CASES, ids=("dense", "semiseparable", "auto", "states tried again", "saturating")
)
def test_what_is_handed_over_is_what_its_configuration_gives(tmp_path, options):
    net, x = data(memory_to_memory=True)
    design = generated(net, x, tmp_path / "out", **options)
    config = Config.from_toml((tmp_path / "out" / "config.toml").read_text(), where="config.toml")
    again = lmu_hw.quantize(net, x, config=config)
    lmu_hw.emit(again, tmp_path / "again", lanes=2)
    written = [path for path in sorted((tmp_path / "out").rglob("*")) if path.is_file()]
    assert design.settled is not None and len(written) > 8
    for path in written:
        other = tmp_path / "again" / path.relative_to(tmp_path / "out")
        assert path.read_bytes() == other.read_bytes(), path.name


def test_a_design_whose_network_is_replaced_is_proved_anew(monkeypatch):
    net, x = data(layers=1)
    design = lmu_hw.quantize(net, x)
    other = lmu_hw.quantize(net, x, memory_bits=9)
    changed = replace(design, network=other.network)
    calls = counted(monkeypatch, STAGES)
    proof = changed.certify().memories[0].range
    assert calls["prove_range"] == 1
    fresh = replace(other, settled=None).certify().memories[0].range
    assert np.array_equal(proof.input_gain, fresh.input_gain) and proof.bound == fresh.bound
