# SPDX-License-Identifier: Apache-2.0
"""Another window at run time: what was generated as reloadable can be reloaded, and stays so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import lmu_hw
from lmu_hw.design import Design
from lmu_hw.folder import DesignFolder
from lmu_hw.lmu import Discretizer
from lmu_hw.manifest import read_plan
from lmu_hw.quantize import Realization
from lmu_hw.reload import reload
from tests import networks, plain_bench
from tests.simulators import require_simulator

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
    design = quantized(kind, **shape)
    lmu_hw.emit(design, folder, lanes=1, reloadable="memory", stream_width="vector")
    return folder, shape["theta"]


@pytest.mark.parametrize("reset_at", [0, 60], ids=["loaded", "loaded and reset"])
def test_verilog_computes_the_window_that_was_written(generated, tmp_path, reset_at):
    require_simulator("icarus")
    folder, theta = generated
    trained = Design.read(folder).network
    other = reload(folder, theta=1.3 * theta)
    network, writes = other.design.network, other.writes
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
    assert reload(folder, theta=factor * theta).writes
