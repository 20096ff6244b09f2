# SPDX-License-Identifier: Apache-2.0
"""Structured memories on the command line: generated, checked, simulated, and given new windows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lmu_hw import api
from lmu_hw.design import Design
from lmu_hw.golden import GoldenModel
from lmu_hw.reload import reload
from lmu_hw.simulate import Simulator, simulate
from tests import networks
from tests.resealed import rewrite

KINDS = ("semiseparable", "two-pass", "scan", "auto")


@pytest.fixture
def memory(here):
    """A folder with a network of a longer memory, and its data."""
    from lmu_hw.load import save

    net = networks.network(order=5, theta=24.0, hidden="dense", dense=2)
    save(net, here / "memory.safetensors")
    np.save(here / "m.npy", networks.noise(net, sequences=3, steps=40))
    return here


@pytest.fixture
def reloadable(memory, run):
    answer = run(
        *("generate", "memory.safetensors", "-o", "small", "--calibrate", "m.npy"),
        *(
            "--realization",
            "semiseparable",
            "--memory-bits",
            "10",
            "--reloadable=memory",
            "--lanes",
            "3",
        ),
    )
    assert answer.status == 0, answer.err
    return memory / "small"


@pytest.mark.parametrize("kind", KINDS)
def test_every_realization_goes_all_the_way(memory, run, kind):
    answer = run(
        *("generate", "memory.safetensors", "-o", "small", "--calibrate", "m.npy"),
        *("--realization", kind, "--lanes", "2"),
    )
    assert answer.status == 0, answer.err
    manifest = json.loads((memory / "small" / "manifest.json").read_text())
    realization = manifest["memories"][0]["realization"]
    assert realization == ("dense" if kind == "auto" else kind)  # 5 states are too few to gain
    if kind != "auto":
        assert "fitted to the quantized memories" in answer.out
        assert manifest["refits"][0]["residual"] < manifest["refits"][0]["before"]
    answer = run("verify", "small")
    assert answer.status == 0 and "NO" not in answer.out
    (result,) = simulate(memory / "small", simulators=[Simulator.AMARANTH], max_cycles=1_000)
    assert result.passed and result.words_compared > 0
    answer = run("report", "small", "--input", "m.npy")
    assert answer.status == 0, answer.err


def test_coefficients_of_another_window_are_a_file_for_readmemh(reloadable, run):
    answer = run("reload", "small", "--theta", "48", "-o", "words.hex")
    assert answer.status == 0, answer.err
    lines = (reloadable.parent / "words.hex").read_text().splitlines()
    assert [line.split()[0] for line in lines] == [f"@{state:x}" for state in range(5)]
    words = reload(reloadable, theta=48.0).writes
    assert [int(line.split()[1], 16) for line in lines] == [word for _, word in words]


def test_hardware_with_another_window_equals_its_golden_model(reloadable):
    (result,) = simulate(reloadable, simulators=[Simulator.AMARANTH], max_cycles=1_000, theta=48.0)
    assert result.passed and result.words_compared > 0


def test_hardware_that_is_not_reloaded_differs_from_another_window(reloadable, monkeypatch):
    from lmu_hw.simulate import run as bench

    def nothing(*given, **options):
        return replace(reload(*given, **options), writes=[])

    monkeypatch.setattr(bench, "reload", nothing)
    (result,) = simulate(reloadable, simulators=[Simulator.AMARANTH], max_cycles=1_000, theta=48.0)
    assert not result.passed and result.mismatches > 0


def test_a_longer_window_remembers_more(reloadable):
    design = Design.read(reloadable)
    longer = reload(reloadable, theta=48.0).design.network
    x = np.zeros((1, 60, 1))
    x[:, 0] = 0.5
    kept = []
    for network in (design.network, longer):
        golden = GoldenModel(network)
        states = golden.trace(golden.quantize_input(x)).codes["lmu0.m"][0]
        kept.append(int(np.abs(states[40:]).max()))
    assert kept[1] > kept[0]


REFUSED = {
    "too short": (["--theta", "3"], "generated for one as short"),
    "not positive": (["--theta", "-1"], "--theta must be a positive number"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_window_that_does_not_fit_is_refused(reloadable, refused, case):
    arguments, message = REFUSED[case]
    assert message in refused("reload", "small", *arguments, "-o", "words.hex")
    assert not (reloadable.parent / "words.hex").exists()


@pytest.mark.usefixtures("here")
def test_a_design_without_the_port_is_refused(refused):
    assert "generate it with --reloadable" in refused("reload", "out", "--theta", "9", "-o", "w")
    assert not Path("w").exists()


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--realization=two-pass",),
        ("--realization=auto",),
        ("--config=out/config.toml",),
    ],
)
def test_what_cannot_be_reloadable_is_refused_before_work(here, refused, monkeypatch, options):
    monkeypatch.setattr(api, "quantize", None)
    error = refused(
        "generate", "model.safetensors", "-o", "new", "--reloadable", "memory", *options
    )
    assert "lmu0.m: to be --reloadable a memory must be scan or semiseparable of rank 1" in error
    assert not (here / "new").exists()


def test_euler_below_its_limit_is_refused_with_the_number(memory, refused):
    from lmu_hw.load import save

    save(networks.network(order=12, theta=20.0), memory / "short.safetensors")
    error = refused("generate", "short.safetensors", "-o", "new", "--realization", "scan")
    assert "forward Euler must have a window above" in error and "order 12, not 20;" in error
    assert not (memory / "new").exists()


def test_a_damaged_refit_is_refused(reloadable, refused):
    rewrite(reloadable, "refit.json", "[")
    assert "small/refit.json: is damaged" in refused("simulate", "small", "--simulator", "amaranth")
