# SPDX-License-Identifier: Apache-2.0
"""Memories by running sums: every part stores and sends the right words, for all inputs."""

from __future__ import annotations

import pytest

from lmu_hw.hdl import emit_verilog
from lmu_hw.prove.data.proof import prove_data
from lmu_hw.prove.hardware.netlist import read_netlist
from lmu_hw.prove.subject import Subject
from tests.hdl.running_sums import plan_of
from tests.running_sums import memory_network, scan, two_pass


@pytest.mark.parametrize("update", [scan(3, 64.0), two_pass(3, 32.0)], ids=["scan", "two passes"])
def test_running_sums_are_shown(update):
    network = memory_network(update)
    plan = plan_of(network, beat=2)
    texts = emit_verilog(network, plan, digest="0" * 64)
    files = {name: text.encode() for name, text in texts.items()}
    netlist = read_netlist(files, network.name)
    proof = prove_data(Subject(network=network, plan=plan, netlist=netlist), lambda text: None)
    assert [lemma.detail for lemma in proof.lemmas if not lemma.shown] == []
