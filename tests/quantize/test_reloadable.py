# SPDX-License-Identifier: Apache-2.0
"""Which memories can take another window, and what is said of the others."""

from __future__ import annotations

from dataclasses import replace

import pytest

import lmu_hw
from lmu_hw.errors import ConfigError
from lmu_hw.lmu import Network
from lmu_hw.quantize import Options, Realization, require_reloadable
from tests import networks

SWEEPS, SCAN = Realization.SEMISEPARABLE, Realization.SCAN
WORDS = {"weight_bits": 8, "state_bits": 10}


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
        lmu_hw.emit(design, tmp_path / "out", lanes=1, reloadable="memory")
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
