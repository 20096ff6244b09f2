# SPDX-License-Identifier: Apache-2.0
"""Another window at run time: what was generated as reloadable can be reloaded, and stays so."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import lmu_hw
from lmu_hw.design import Design
from lmu_hw.emit import read_plan
from lmu_hw.errors import ConfigError
from lmu_hw.folder import DesignFolder
from lmu_hw.lmu import Discretizer, Network
from lmu_hw.quantize import Options, Realization, require_reloadable
from lmu_hw.reload import reload
from tests import networks, plain_bench

SWEEPS, SCAN = Realization.SEMISEPARABLE, Realization.SCAN
WORDS = {"weight_bits": 8, "state_bits": 10}
NETWORKS = {
    "sweeps": (SWEEPS, {"order": 3, "theta": 14.0}),
    "sweeps of one state": (SWEEPS, {"order": 1, "theta": 6.0, "memory_d": 2}),
    "scan": (SCAN, {"order": 3, "theta": 22.0, "memory_d": 2}),
    "scan of one state": (SCAN, {"order": 1, "theta": 10.0}),
}


def quantized(kind: Realization | str, **shape) -> Design:
    method = Discretizer.EULER if kind is SCAN else Discretizer.ZOH
    net = networks.network(units=2, discretizer=method, **shape)
    x = networks.noise(net, sequences=2, steps=40)
    return lmu_hw.quantize(net, x, realization=kind, **WORDS)


@pytest.fixture(scope="module", params=NETWORKS)
def generated(request, tmp_path_factory) -> tuple[Path, float]:
    """A folder with a reloadable design, and its window."""
    kind, shape = NETWORKS[request.param]
    folder = tmp_path_factory.mktemp("reloadable") / "out"
    lmu_hw.emit(quantized(kind, **shape), folder, lanes=1, reloadable=True)
    return folder, shape["theta"]


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus Verilog is not installed")
@pytest.mark.parametrize("reset_at", [0, 60], ids=["loaded", "loaded and reset"])
def test_verilog_computes_the_window_that_was_written(generated, tmp_path, reset_at):
    folder, theta = generated
    trained = Design.read(folder).network
    network, writes = reload(folder, 1.3 * theta)
    design = plain_bench.Design(
        network=network,
        plan=read_plan(DesignFolder(folder), trained),
        sequences=[np.full((n, 1), trained.input.format.max_code) for n in (12, 1)],
        files={path.name: path.read_text() for path in (folder / "rtl").iterdir()},
        writes=tuple(writes),
        reset_at=reset_at,
    )
    answers = plain_bench.answers(tmp_path, design)
    assert answers == design.expected()
    assert answers != replace(design, network=trained).expected()


@pytest.mark.parametrize("factor", [0.8, 1.0, 3.0])
def test_other_windows_are_words_for_the_port(generated, factor):
    folder, theta = generated
    _, writes = reload(folder, factor * theta)
    assert writes


@pytest.mark.parametrize(
    ("kind", "options", "found"),
    [
        ("dense", {}, "dense"),
        ("two-pass", {}, "two-pass"),
        (SWEEPS, {"memory_tolerance": 1e-5}, "semiseparable of rank"),
    ],
)
def test_a_memory_that_keeps_its_window_cannot_be_reloadable(tmp_path, kind, options, found):
    net = networks.network(order=4, theta=16.0, units=2)
    x = networks.noise(net, sequences=2, steps=20)
    design = lmu_hw.quantize(net, x, realization=kind, **options, **WORDS)
    message = f"lmu0.m: to be `reloadable` a memory must be .*, not {found}"
    with pytest.raises(ConfigError, match=message):
        lmu_hw.emit(design, tmp_path / "out", lanes=1, reloadable=True)
    assert not (tmp_path / "out").exists()


def test_one_memory_that_keeps_its_window_is_enough():
    net = networks.network(order=3, theta=14.0, layers=2, units=2)
    x = networks.noise(net, sequences=2, steps=20)
    config = lmu_hw.configure(net, x, realization=SWEEPS, **WORDS)
    require_reloadable(net, config)
    dense = lmu_hw.configure(net, x, realization="dense", **WORDS).nodes["lmu1.m"]
    mixed = replace(config, nodes={**config.nodes, "lmu1.m": dense})
    with pytest.raises(ConfigError, match=r"lmu1\.m: .*, not dense"):
        require_reloadable(net, mixed)


def test_a_network_without_memory_cannot_be_reloadable():
    layer = networks.recurrent_layer(kind="lstm", inputs=1, units=2)
    with pytest.raises(ConfigError, match="must have a memory, but it has none"):
        require_reloadable(Network(name="plain", layers=(layer,)), Options())


@pytest.mark.parametrize("kind", ["semiseparable", "scan"])
def test_options_that_become_reloadable_are_let_through(kind):
    require_reloadable(networks.network(), Options(realization=kind))


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"realization": "auto"}, "auto, which may choose another; set `realization` to"),
        ({"realization": SWEEPS, "memory_tolerance": 1e-5}, "semiseparable of rank [2-9]"),
    ],
)
def test_options_that_may_keep_the_window_are_refused_before_quantizing(options, found):
    with pytest.raises(ConfigError, match=rf"^lmu0\.m: to be `reloadable` .*, not {found}"):
        require_reloadable(networks.network(order=4, theta=16.0), Options(**options))
