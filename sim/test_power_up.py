# SPDX-License-Identifier: Apache-2.0
"""Trained networks in four-state simulation: unknown at first, one cycle of reset, then equal."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.folder import DesignFolder
from lmu_hw.manifest import read_plan
from lmu_hw.network.archive import read_network
from tests.plain_bench import Design, answers
from tests.simulators import require_simulator


@pytest.mark.parametrize("name", ["digits", "mackey_glass"])
def test_every_answer_is_known(folder_of, tmp_path, name):
    require_simulator("icarus")
    folder = folder_of(name)
    network, random = read_network(folder / "design.safetensors"), np.random.default_rng(0)
    codes = [network.input.format.min_code, network.input.format.max_code + 1]
    design = Design(
        network=network,
        plan=read_plan(DesignFolder(folder), network),
        sequences=[random.integers(*codes, (steps, network.inputs)) for steps in (2, 1, 4)],
        files={path.name: path.read_text() for path in (folder / "rtl").iterdir()},
    )
    assert answers(tmp_path, design) == design.expected()
