# SPDX-License-Identifier: Apache-2.0
"""Streams of every shape between source, sink and monitor of cocotbext-axi, in one simulation."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import numpy as np

from lmu_hw.golden import GoldenModel
from lmu_hw.hdl import emit_verilog
from lmu_hw.network import QuantizedNetwork, stream_of
from lmu_hw.plan import Plan, make_plan
from sim.vip import octets_of, run_vip, wires_of
from tests import networks
from tests.simulators import require_simulator

SHAPES = {
    "whole": ("vector", None, None),
    "bytes": (8, "packed", "vector"),
    "half": (16, "single", "vector"),
    "words": (32, "packed", "vector"),
    "sequences": (32, "packed", "sequence"),
    "singles": (32, "single", "sequence"),
    "wide": (128, "packed", "vector"),
}
STEPS = (3, 1, 4)


def test_every_shape_answers_between_somebody_elses_source_and_sink(tmp_path):
    require_simulator("icarus")
    designs, wires = [], []
    for name, options in SHAPES.items():
        network = replace(_network(), name=name)
        plan = make_plan(network, 8, stream=stream_of(*options))
        files = emit_verilog(network, plan, digest="0" * 64)
        for file, text in files.items():
            (tmp_path / file).write_text(text)
        designs.append(frames_of(network, plan))
        wires += wires_of(name, files[f"{name}.v"])
    (tmp_path / "frames.json").write_text(json.dumps(designs))
    compared = run_vip(tmp_path, "axi_vip", wires)
    size = sum(len(octets) for design in designs for octets, _ in design["expected"]) // 2
    assert compared == size > 7 * sum(STEPS) * 5


@cache
def _network() -> QuantizedNetwork:
    net = networks.network(order=2, inputs=3, units=3, dense=5)
    return networks.quantized(net, weight_bits=6, state_bits=8, activation_bits=6)


def frames_of(network: QuantizedNetwork, plan: Plan) -> dict:
    """Return the frames that are sent to a design, and those that must come."""
    golden, random = GoldenModel(network), np.random.default_rng(4)
    fmt, source, answer = network.input.format, plan.source, plan.answer
    sent, expected = [], []
    for steps in STEPS:
        codes = random.integers(fmt.min_code, fmt.max_code, (steps, 3), endpoint=True)
        answers = golden.run(codes[None])[0][0]
        given = [octets_of(row, fmt, source.element_bits // 8) for row in codes.tolist()]
        octets, output = answer.element_bits // 8, network.output.format
        made = [octets_of(row, output, octets) for row in answers.tolist()]
        padding = source.beats * source.width // 8 - len(given[0])
        kept = "1" * len(given[0])
        if source.marks:
            marks = [0] * (steps - 1) + [1]
            sent += [(row.hex(), kept, mark) for row, mark in zip(given, marks, strict=True)]
            expected += [(row.hex(), mark) for row, mark in zip(made, marks, strict=True)]
        else:  # one frame for a sequence, with what fills beats up
            filled = b"".join(row + b"\xa5" * padding for row in given)
            sent.append((filled.hex(), (kept + "0" * padding) * steps, 0))
            expected.append((b"".join(made).hex(), 0))
    return {"name": network.name, "sent": sent, "expected": expected}
