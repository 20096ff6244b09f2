# SPDX-License-Identifier: Apache-2.0
"""Hardware without power-up values: one cycle of reset makes everything known that matters."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.hdl import emit_verilog
from lmu_hw.lmu import Discretizer
from lmu_hw.plan import LayerPlan, Plan
from lmu_hw.quantize import Realization
from tests import networks
from tests.plain_bench import Design, answers
from tests.plans import fastest_plan
from tests.simulators import require_simulator

NETWORKS = {
    "padding": {"order": 5, "units": 3, "inputs": 3, "dense": 3},
    "one of all": {"order": 1, "units": 1},
    "several memories": {"order": 3, "memory_d": 2, "units": 3},
    "error feedback": {"order": 5, "units": 3, "error_feedback": True},
    "sweeps of one state": {"order": 1, "units": 3, "realization": Realization.SEMISEPARABLE},
    "sweeps": {"order": 5, "units": 3, "realization": Realization.SEMISEPARABLE},
    "several sweeps": {
        "order": 2,
        "memory_d": 3,
        "units": 3,
        "realization": Realization.SEMISEPARABLE,
    },
    "two passes": {"order": 3, "units": 3, "realization": Realization.TWO_PASS},
    "scan": {
        "order": 3,
        "units": 3,
        "theta": 30.0,
        "discretizer": Discretizer.EULER,
        "realization": Realization.SCAN,
    },
    "lstm": {"order": 3, "units": 3, "hidden": "lstm"},
    "gru": {"order": 3, "units": 5, "hidden": "gru", "return_sequences": False},
}


@pytest.fixture(scope="module", params=NETWORKS)
def emitted(request):
    """A small network of each kind, with more columns and beats than it fills, and its Verilog."""
    model = dict(NETWORKS[request.param])
    options = {key: model.pop(key) for key in ("realization", "error_feedback") if key in model}
    network = networks.quantized(networks.network(**model), weight_bits=8, **options)
    beat = 1 if {"memory_d", "hidden"} & model.keys() else 4
    shape = {"rows": 4, "columns": 8, "beat": beat, "memory_lanes": 1}
    plan = Plan(layers=tuple(LayerPlan(layer=layer, **shape) for layer in network.layers))
    return network, plan, emit_verilog(network, plan, digest="0" * 64)


def codes_of(network, *lengths):
    random, fmt = np.random.default_rng(3), network.input.format
    return [random.integers(fmt.min_code, fmt.max_code + 1, (n, network.inputs)) for n in lengths]


def test_nothing_has_a_power_up_value_but_roms(emitted):
    network, _, files = emitted
    text = files[f"{network.name}.v"]
    body = text[: text.index(f"`ifdef {network.name.upper()}_ROM_PATH")]
    assert "initial" not in body
    assert re.findall(r"^\s*(?:output )?reg\b.*=.*", body, re.M) == []


def test_every_signal_has_a_name_of_its_own(emitted):
    network, _, files = emitted
    declared = re.findall(r"^ *(?:reg|wire)\b.*?(\w+);$", files[f"{network.name}.v"], re.M)
    assert declared
    # What Amaranth calls those of which it does not see where they are stored.
    assert [name for name in declared if re.match(r"(signal|like|signature)(_|$)", name)] == []


def test_every_memory_that_is_written_may_answer_anything_where_it_is_read_at_once(emitted):
    network, _, files = emitted
    text = files[f"{network.name}.v"]
    body = text[: text.index(f"`ifdef {network.name.upper()}_ROM_PATH")]
    marks = re.findall(
        r"^( *\(\* no_rw_check \*\)\n)?  reg \[\d+:\d+\] (\S+) +\[.*\];$", body, re.M
    )
    assert marks
    assert [name for mark, name in marks if not mark] == []


def test_every_answer_is_known_after_one_cycle_of_reset(emitted, tmp_path):
    require_simulator("icarus")
    network, plan, files = emitted
    design = Design(network=network, plan=plan, sequences=codes_of(network, 1, 3, 2), files=files)
    assert answers(tmp_path, design) == design.expected()


def test_no_answer_depends_on_a_word_that_is_read_while_it_is_written(emitted, tmp_path):
    require_simulator("icarus")
    network, plan, files = emitted
    top = f"{network.name}.v"
    assert "(* no_rw_check *)" in files[top]
    files = {**files, top: with_collisions(files[top], "{enable} && {read} == {written}")}
    design = Design(network=network, plan=plan, sequences=codes_of(network, 1, 3, 2), files=files)
    assert answers(tmp_path, design) == design.expected()


def test_an_unknown_word_shows_in_the_answers(tmp_path):
    require_simulator("icarus")
    network = networks.quantized(networks.network(order=5, units=3), weight_bits=8)
    shape = {"rows": 2, "columns": 1, "beat": 1}  # rows are written while others are computed
    plan = Plan(layers=tuple(LayerPlan(layer=layer, **shape) for layer in network.layers))
    files = emit_verilog(network, plan, digest="0" * 64)
    top = f"{network.name}.v"
    files[top] = with_collisions(files[top], "{enable}")
    design = Design(network=network, plan=plan, sequences=codes_of(network, 3), files=files)
    assert answers(tmp_path, design) != design.expected()


def with_collisions(verilog: str, condition: str) -> str:
    """Read x from a word if a condition on the write of any part of it holds."""
    memories = set(re.findall(r"^ +reg \[\d+:\d+\] (\w+) \[\d+:\d+\];\n", verilog, re.M))
    modules = []
    for module in verilog.split("endmodule"):
        for name in memories:
            writes = re.findall(rf"if \((\S+)\)\n +{name}\[(\w+)\](?:\[[\d:]+\])? <=", module)
            for data, read in re.findall(rf"(\w+) <= {name}\[(\w+)\];", module):
                unknown = "".join(
                    f" if ({condition.format(enable=enable, read=read, written=written)})"
                    f" {data} <= 'bx;"
                    for enable, written in writes
                )
                statement = f"{data} <= {name}[{read}];"
                module = module.replace(statement, f"begin {statement}{unknown} end")
        modules.append(module)
    return "endmodule".join(modules)


@pytest.mark.parametrize("cycle", [3, 40, 77, 95])
def test_a_reset_of_one_cycle_begins_anew_and_hands_nothing_over(reset_design, tmp_path, cycle):
    require_simulator("icarus")
    design = replace(reset_design, reset_at=cycle)
    assert answers(tmp_path, design) == design.expected()


@pytest.fixture(scope="module")
def reset_design():
    """A layer and a head, fed before, in and after reset."""
    network = networks.quantized(networks.network(order=3, units=3, dense=2), weight_bits=8)
    plan = fastest_plan(network, 4)
    files = emit_verilog(network, plan, digest="0" * 64)
    sequences = codes_of(network, 2, 1, 3)
    return Design(network=network, plan=plan, sequences=sequences, files=files)
