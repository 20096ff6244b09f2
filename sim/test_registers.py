# SPDX-License-Identifier: Apache-2.0
"""Registers on AXI4-Lite, driven by somebody else's master while streams run."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from lmu_hw.golden import GoldenModel
from lmu_hw.hdl import emit_verilog
from lmu_hw.hdl.ports import saturating_nodes
from lmu_hw.hdl.registers.map import register_map
from lmu_hw.network import QuantizedNetwork, stream_of
from lmu_hw.plan import Plan, interleaved, make_plan
from lmu_hw.simulate.simulators import Simulator
from sim.designs import NARROWER, narrowed
from sim.vip import octets_of, run_vip, wires_of
from tests import networks
from tests.simulators import require_simulator

SHAPES = {
    "whole": ("vector", None, None),
    "bytes": (8, "packed", "vector"),
    "sequences": (32, "packed", "sequence"),
    "streams": (32, "packed", "vector"),
}
"""Of the packets of each design; `streams` has four of them."""

_DIGEST = "0123456789abcdeffedcba9876543210" * 2


@pytest.mark.parametrize(
    ("simulator", "shapes"), [("icarus", list(SHAPES)), ("verilator", ["streams"])]
)
def test_a_master_of_somebody_elses_holds_a_session_under_random_pauses(
    tmp_path, simulator, shapes
):
    require_simulator(simulator)
    sessions, wires = [], []
    for name in shapes:
        network = replace(_network(), name=name)
        plan = make_plan(network, 8, stream=stream_of(*SHAPES[name]))
        plan = replace(interleaved(plan, 4 if name == "streams" else 1), registers=True)
        files = emit_verilog(network, plan, digest=_DIGEST)
        for file, text in files.items():
            (tmp_path / file).write_text(text)
        sessions.append(session_of(network, plan))
        wires += wires_of(name, files[f"{name}.v"])
    (tmp_path / "session.json").write_text(json.dumps(sessions))
    checked = run_vip(tmp_path, "registers_vip", wires, Simulator(simulator))
    assert checked > 50 * len(shapes)


@cache
def _network() -> QuantizedNetwork:
    """Return a network of which some sums saturate."""
    net = networks.network(order=2, inputs=3, units=3, dense=5)
    words = {"weight_bits": 6, "state_bits": 8, "activation_bits": 6}
    return narrowed(net, narrower=NARROWER, **words).network


def session_of(network: QuantizedNetwork, plan: Plan) -> dict[str, Any]:
    """Return what is done with a design: registers, frames, and what must come."""
    registers = register_map(plan, _DIGEST)
    ordinary, counted = [3, 1, 4], [3, 3]
    streams = {
        "ordinary": _frames(network, plan, ordinary, marked=True),
        "counted": _frames(network, plan, counted, marked=False),
    }
    runs = [ordinary, ordinary, counted]
    steps, sequences = sum(map(sum, runs)), sum(map(len, runs))
    if plan.source.marks:  # frames of one vector, which need not end a sequence
        streams["begun"] = _frames(network, plan, [2], marked=False, ended=False)
        streams["cleared"] = _frames(network, plan, ordinary, marked=True)
        steps, sequences = steps + 2 * (2 + sum(ordinary)), sequences + 2 * len(ordinary)
    counts = {"STEPS": steps, "SEQUENCES": sequences, "ANSWERS": steps}
    times = {"ordinary": 2, "counted": 1, "begun": 2, "cleared": 2}
    for place, node in enumerate(saturating_nodes(plan)):
        counts[f"SATURATIONS_{place}"] = sum(
            times[what] * frames["saturations"][node] for what, frames in streams.items()
        )
    assert any(count for name, count in counts.items() if name.startswith("SATURATIONS"))
    counts["OVERRUNS"] = 3
    if plan.stream.packets:
        counts["MALFORMED"] = 0
    constant = [r for r in registers.registers if not (r.counts or r.name == "STATUS")]
    return {
        "name": network.name,
        "registers": {register.name: register.offset for register in registers.registers},
        "resets": {r.name: r.reset for r in constant if r.readable and r.name != "CONTROL"},
        **streams,
        "counts": counts,
    }


def _frames(
    network: QuantizedNetwork, plan: Plan, lengths: list[int], *, marked: bool, ended: bool = True
) -> dict[str, Any]:
    """Return frames of sequences, and those that must come.

    Of several streams, each sequence is one's, and they take turns.

    Parameters
    ----------
    marked : bool
        Their ends are marked by the source; else by the register of their length.
    ended : bool
        They end.
    """
    golden, random = GoldenModel(network), np.random.default_rng(sum(lengths))
    source, answer, fmt = plan.source, plan.answer, network.input.format
    sent: list[bytes] = []
    saturations: Counter[str] = Counter()
    given: list[tuple[bytes, int]] = []
    ids: list[int] = []
    for number, steps in enumerate(lengths):
        codes = random.integers(fmt.min_code, fmt.max_code, (steps, network.inputs), endpoint=True)
        answers, outside = golden.run(codes[None])
        saturations.update(outside)
        octets = source.element_bits // 8
        sent += [octets_of(row, fmt, octets) for row in codes.tolist()]
        octets = answer.element_bits // 8
        rows = [octets_of(row, network.output.format, octets) for row in answers[0].tolist()]
        given += [(row, int(ended and n == steps - 1)) for n, row in enumerate(rows)]
        ids += [number % plan.stream.streams] * steps
    if source.marks:
        ends = [mark if marked else 0 for _, mark in given]
        kept = "1" * len(sent[0])
        order = range(len(sent))
        if plan.stream.streams > 1:
            steps = np.concatenate([np.arange(count) for count in lengths])
            order = np.argsort(steps, kind="stable").tolist()
        return {
            "sent": [(sent[n].hex(), kept, ends[n], ids[n]) for n in order],
            "expected": [(given[n][0].hex(), given[n][1], ids[n]) for n in order],
            "saturations": saturations,
        }
    padding = source.beats * source.width // 8 - len(sent[0])
    kept = "1" * len(sent[0]) + "0" * padding
    groups = np.split(np.arange(len(sent)), np.cumsum(lengths)[:-1])
    given_groups = groups
    if not marked:
        groups = [np.arange(len(sent))]
    return {
        "sent": [
            (b"".join(sent[n] + b"\xa5" * padding for n in group).hex(), kept * len(group), 0, 0)
            for group in groups
        ],
        "expected": [(b"".join(given[n][0] for n in group).hex(), 0, 0) for group in given_groups],
        "saturations": saturations,
    }
