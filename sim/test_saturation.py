# SPDX-License-Identifier: Apache-2.0
"""One sum that wraps where it should saturate fails, where only a search leaves its format."""

from __future__ import annotations

from dataclasses import replace

import lmu_hw
from lmu_hw.design import Design
from lmu_hw.fixed import Overflow
from lmu_hw.folder import DesignFolder
from lmu_hw.hdl import emit_verilog
from lmu_hw.manifest import read_plan
from sim.designs import deep
from tests.simulators import require_simulator

NODE = "dense.y"  # behind two layers: noise and waves leave it within its format


def wrapping(folder: DesignFolder) -> dict[str, str]:
    """Return the Verilog of a design with one node that wraps."""
    design = Design.read(folder.path)
    plan = read_plan(folder, design.network)
    layers = []
    for layer_plan in plan.layers:
        nodes = tuple(
            replace(node, requant=replace(node.requant, overflow=Overflow.WRAP))
            if node.name == NODE
            else node
            for node in layer_plan.layer.nodes
        )
        layers.append(replace(layer_plan, layer=replace(layer_plan.layer, nodes=nodes)))
    network = replace(design.network, layers=tuple(one.layer for one in layers))
    return emit_verilog(network, replace(plan, layers=tuple(layers)), digest=design.digest)


def test_a_single_sum_that_wraps_fails(tmp_path):
    require_simulator("icarus")
    design, lanes = deep()
    lmu_hw.emit(design, tmp_path / "out", lanes=lanes)
    folder = DesignFolder(tmp_path / "out")
    for name, text in wrapping(folder).items():
        (folder.path / folder.RTL / name).write_text(text)
    (result,) = lmu_hw.simulate(folder.path, simulators=["icarus"], max_cycles=10_000)
    assert result.coverage.saturation[NODE]["high"] == "reached"
    assert result.first_mismatch is not None
    assert result.first_mismatch.node == NODE
