# SPDX-License-Identifier: Apache-2.0
"""Small designs of every kind are proved as far as the verb goes; changed ones are not."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

import lmu_hw
from lmu_hw.folder import DesignFolder
from lmu_hw.hdl import emit_verilog
from lmu_hw.network import stream_of
from lmu_hw.plan import Reloadable
from lmu_hw.prove.claims import UNREACHED, UNWRITTEN, Part, Status, read_proof
from lmu_hw.prove.run import given_of, lemmas_of
from tests.proved import emitted, failures
from tests.running_sums import memory_network, scan
from tests.stateful import KINDS, plan_of


@pytest.mark.parametrize(
    "options",
    [
        {"hidden_to_memory": True},
        {"realization": "semiseparable"},
        {"realization": "scan"},
        {"activation": "relu", "encoder": "relu"},
        {"error_feedback": True},
        {"layers": 2, "dense": 2, "order": 1},  # whose steps are short
    ],
    ids=["dense", "semiseparable", "scan", "relu", "error feedback", "three layers"],
)
def test_a_design_of_each_kind_is_shown(options, tmp_path):
    assert failures(emitted(tmp_path / "design", **options)) == []


def test_rows_that_do_not_fill_their_last_group_are_shown(tmp_path):
    """Five rows of two at a time: the last beat stores nothing."""
    folder = emitted(tmp_path / "design", lanes=6, units=5, dense=1)
    assert [lemma for lemma in failures(folder) if lemma.claim.startswith("lmu0: ")] == []


@pytest.fixture(scope="module")
def design(tmp_path_factory):
    return emitted(tmp_path_factory.mktemp("proved") / "design", hidden_to_memory=True)


def test_all_of_a_design_is_proved(design):
    result = lmu_hw.prove(design)
    assert read_proof(DesignFolder(design)) == result
    assert result.proved
    assert {lemma.part for lemma in result.lemmas} == {*Part}


def test_a_wrong_sum_is_refuted_with_inputs(design):
    def change(text):
        place = text.index("$signed(d1_sum_0) + $signed(d1_addend_0)")
        return text[:place] + text[place:].replace(" + ", " - ", 1)

    *_, refuted = failures(design, change, searching=True)
    assert refuted.status is Status.REFUTED
    assert "hardware" in refuted.counterexample


def test_the_falling_edge_is_no_clock(design):
    failed = failures(design, lambda text: text.replace("posedge clk", "negedge clk", 1))
    assert [lemma.part for lemma in failed] == [Part.READING]


def test_a_register_without_reset_is_seen(design):
    def change(text):
        return re.sub(r"= rst \? 1'h1 : (\w+);", r"= \1;", text, count=1)

    assert failures(design, change)


def test_a_step_that_begins_later_than_planned_is_seen(design):
    """A step begins while the one before is written; here it waits until nothing is."""

    def change(text):
        changed = text.replace("(idle | finish)", "idle")
        if changed == text:
            changed = re.sub(r"(assign \w+ = idle) \| finish;", r"\1;", text)
        assert changed != text
        return changed

    failed = failures(design, change)
    assert any("a time step must take" in lemma.detail for lemma in failed)


@pytest.mark.parametrize(
    "stream", [{"stream_width": "vector"}, {"stream_width": 8}], ids=["vectors", "packets"]
)
def test_a_counterexample_is_left_for_the_bench(tmp_path, stream):
    folder = emitted(tmp_path / "design", stream=stream, inputs=2)
    verilog = next((folder / "rtl").glob("*.v"))
    text = verilog.read_text()
    verilog.write_text(text.replace("$signed(d1_sum_0) + $signed", "$signed(d1_sum_0) - $signed"))
    result = lmu_hw.prove(folder)
    assert result.refuted
    assert result.changed_files
    x = np.load(folder / result.stimuli)
    (verdict,) = lmu_hw.simulate(folder, x, simulators=["icarus"], max_cycles=400)
    assert not verdict.passed


def test_a_design_with_a_port_for_states_is_shown_while_it_is_held_at_0():
    network = memory_network(scan(2, 8.0))
    plan = plan_of(network, 1, stream=stream_of(32))
    files = emit_verilog(network, plan, digest="0" * 64)
    lemmas, *_ = lemmas_of({name: text.encode() for name, text in files.items()}, network, plan)
    assert len(lemmas) > 5 and all(lemma.shown for lemma in lemmas)


def test_what_is_given_is_said_of_every_port():
    network = KINDS["scan"][0]()
    plan = plan_of(network, 1, reloadable=Reloadable.ALL)
    assert given_of(plan) == f"{UNWRITTEN}, and {UNREACHED}"
    assert given_of(replace(plan, state_access=False)) == UNWRITTEN
    assert given_of(plan_of(network, 1)) == UNREACHED
