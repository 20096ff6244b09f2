# SPDX-License-Identifier: Apache-2.0
"""States read, cleared, written back and gone on from, while somebody else's ends drive streams."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np

from lmu_hw.golden import GoldenModel
from lmu_hw.hdl import emit_verilog
from lmu_hw.hdl.registers.map import register_map
from lmu_hw.network import QuantizedNetwork, stream_of
from lmu_hw.plan import STATE_LATENCY, Plan, StateMap, interleaved
from sim.vip import octets_of, run_vip, wires_of
from tests.simulators import require_simulator
from tests.stateful import KINDS, inputs_of, plan_of

DESIGNS = {
    "dense": ("error feedback", False, 1),
    "scan": ("scan, two memories", False, 1),
    "lstm": ("lstm", False, 1),
    "passes": ("two passes, two memories", True, 1),
    "sweeps": ("sweeps, read back", True, 1),
    "gru": ("gru", True, 1),
    "streams": ("error feedback", True, 4),
    "sums": ("scan, two memories", False, 2),
}
"""Kind of each design, whether it has registers, and its streams."""


def test_every_kind_goes_on_from_a_state_on_icarus_with_everything_unknown(tmp_path):
    require_simulator("icarus")
    designs, wires = [], []
    for name, (kind, registers, streams) in DESIGNS.items():
        make, lanes = KINDS[kind]
        network = replace(make(), name=name)
        plan = interleaved(plan_of(network, lanes, stream=stream_of(32)), streams)
        plan = replace(plan, registers=registers)
        files = emit_verilog(network, plan, digest="0" * 64)
        for file, text in files.items():
            (tmp_path / file).write_text(text)
        designs.append(session_of(network, plan))
        wires += wires_of(name, files[f"{name}.v"])
    (tmp_path / "states.json").write_text(json.dumps(designs))
    checked = run_vip(tmp_path, "states_vip", wires)
    shared = sum(streams > 1 for *_, streams in DESIGNS.values())
    assert checked == len(DESIGNS) * (4 + 3 + 2 * 3) + 6 * shared


def session_of(network: QuantizedNetwork, plan: Plan) -> dict[str, Any]:
    """Return what is done with a design: addresses, a state, and vectors before and behind it."""
    golden, states, x = GoldenModel(network), StateMap(plan), inputs_of(network, 6)
    stream, other = plan.stream.streams - 1, inputs_of(network, 6, seed=7)
    state = golden.trace(x[:, :3]).state
    blocks = states.blocks
    registers = register_map(plan).registers if plan.registers else ()
    return {
        "name": network.name,
        "stream": stream,
        "other": _vectors(network, plan, other, None) if stream else None,
        "addresses": [a for block in blocks for a in states.addresses(block, stream)],
        "registers": {register.name: register.offset for register in registers},
        "latency": STATE_LATENCY,
        "state": [code for block in blocks for code in np.ravel(state[block.vector.name]).tolist()],
        "first": _vectors(network, plan, x[:, :3], None),
        "rest": _vectors(network, plan, x[:, 3:], state),
    }


def _vectors(network: QuantizedNetwork, plan: Plan, x: np.ndarray, state: Any) -> dict[str, Any]:
    """Return vectors, and the answers that must come."""
    source, answer = plan.source, plan.answer
    answers, _ = GoldenModel(network).resume(x, state)
    octets = answer.element_bits // 8
    return {
        "sent": [
            octets_of(row, network.input.format, source.element_bits // 8).hex()
            for row in x[0].tolist()
        ],
        "expected": [
            octets_of(row, network.output.format, octets).hex() for row in answers[0].tolist()
        ],
    }
