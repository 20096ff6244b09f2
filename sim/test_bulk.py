# SPDX-License-Identifier: Apache-2.0
"""Many steps in a library: every word equal, and whatever is made wrong is found.

Faults are put between a design and its library, so that one library has them all.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import lmu_hw
from lmu_hw.quantize import Realization
from lmu_hw.simulate.bulk import library, run
from tests.networks import network as small_network
from tests.simulators import require_simulator

FAULTS = {
    "none": "",
    "tready in reset": "s_axis_tready must be low in reset",
    "tvalid in reset": "m_axis_tvalid must be low in reset",
    "tvalid after reset": "m_axis_tvalid must be low after reset",
    "an answer that changes": "an answer must stay until it is taken",
    "an answer that is withdrawn": "an answer must stay until it is taken",
    "no tlast": "m_axis_tlast must mark the last answer of a sequence, and no other",
    "no answer": "m_axis",
    "a step that starts late": "a time step must take 96 cycles at full load, but took 95 to 97",
    "padding": "m_axis",
    "a word less": "lmu.",
    "a word more": "lmu.",
    "another element": "lmu.",
    "nothing is taken": "no progress",
}
"""Faults, in order, and what is said of them: a complaint, or the node of the first wrong word."""

FAULTS_OF_PACKETS = {
    "none": "",
    "another tkeep": "m_axis_tkeep must be that of the beat",
    "tlast in another beat": "m_axis_tlast must mark the last beat of an answer, and no other",
    "no tuser": "m_axis_tuser must mark the last answer of a sequence, and no other",
    "malformed": "s_axis_malformed must be low",
    "a mark that changes": "an answer must stay until it is taken",
    "nothing is kept": "s_axis_malformed must be low",
    "another beat": "m_axis",
}
"""The same of a design whose vectors are packets."""

FAULTS_OF_STREAMS = {
    "none": "",
    "another stream's answer": "m_axis_tid must be the stream of the oldest step",
    "a tid that changes": "an answer must stay until it is taken",
    "another stream's word": "lmu0.",
    "an end of another stream": "",
}
"""The same of a design of several streams."""

_SHIM = """
  reg [7:0] fault [0:0];
  wire offered;
  initial $readmemh("fault.hex", fault);
  reg was_rst = 1, late = 0;
  reg [31:0] cycle = 0;
  wire at = cycle % 1024 < 96;
  always @(posedge clk) begin
    cycle <= cycle + 1;
    was_rst <= rst;
    late <= raw[32];
  end
  wire ready, valid, last;
  assign offered = s_axis_tvalid & !(fault[0] == 13 & cycle > 999);
  wire [RECORD-1:0] raw;
  assign s_axis_tready = fault[0] == 13 & cycle > 999 ? 0 : ready | (rst & fault[0] == 1);
  assign m_axis_tvalid = fault[0] == 2 ? valid | rst : fault[0] == 3 ? valid | was_rst & !rst
    : fault[0] == 5 ? valid & (m_axis_tready | cycle[0]) : valid & fault[0] != 7;
  assign m_axis_tlast = last & fault[0] != 6;
  assign m_axis_tdata = fault[0] == 4 & !m_axis_tready ? answer ^ cycle[0]
    : fault[0] == 9 ? answer ^ 1 << 14 : answer;
  assign seen = fault[0] == 8 & at ? {raw[RECORD-1:33], late, raw[31:0]}
    : fault[0] == 10 & at & raw[64] ? {raw[RECORD-1:1], 1'b0}
    : fault[0] == 11 & at & !raw[0] ? raw | 1 | 1 << 192
    : fault[0] == 12 & at ? raw ^ 1 << 128 : raw;
endmodule
"""


_SHIM_OF_PACKETS = """
  reg [7:0] fault [0:0];
  initial $readmemh("fault.hex", fault);
  wire last, user, wrong;
  wire [95:0] asked = fault[0] == 6 ? 0 : s_axis_tkeep;
  assign m_axis_tlast = last ^ (fault[0] == 2);
  assign m_axis_tuser = fault[0] == 3 ? 0 : user ^ (fault[0] == 5 & !m_axis_tready);
  assign m_axis_tkeep = kept ^ (fault[0] == 1);
  assign s_axis_malformed = wrong | (fault[0] == 4);
  assign m_axis_tdata = fault[0] == 7 & !last ? answer ^ 1 : answer;
endmodule
"""


_SHIM_OF_STREAMS = """
  reg [7:0] fault [0:0];
  initial $readmemh("fault.hex", fault);
  wire [RECORD-1:0] raw;
  wire [1:0] asked = s_axis_tid[1:0] ^ (fault[0] == 4 & s_axis_tlast & s_axis_tdata[0]);
  assign m_axis_tid = answered ^ (fault[0] == 1) ^ (fault[0] == 2 & !m_axis_tready);
  assign seen = fault[0] == 3 ? raw ^ 1 << 160 : raw;
endmodule
"""


def with_faults_of_streams(text: str) -> str:
    """Return the top of a library of four streams with a shim, which a file controls."""
    (width,) = re.findall(r"output \[(\d+):0\] seen", text)
    text = text.replace(".s_axis_tid(s_axis_tid[1:0])", ".s_axis_tid(asked)")
    text = text.replace("  assign m_axis_tid = answered;\n", "")
    text = text.replace("assign seen", "assign raw")
    return text.replace("endmodule", _SHIM_OF_STREAMS.replace("RECORD", str(int(width) + 1)))


def with_faults_of_packets(text: str) -> str:
    """Return the top of a library of packets with a shim at the ports, which a file controls."""
    wires = {"m_axis_tlast": "last", "m_axis_tuser": "user", "s_axis_malformed": "wrong"}
    for port, wire in wires.items():
        text, count = re.subn(rf"\.{port}\({port}\)", f".{port}({wire})", text)
        assert count == 1
    text = text.replace(".s_axis_tkeep(s_axis_tkeep[", ".s_axis_tkeep(asked[")
    text = re.sub(r"  assign m_axis_t(data|keep) = \w+;\n", "", text)
    return text.replace("endmodule", _SHIM_OF_PACKETS)


def with_faults(text: str) -> str:
    """Return the top of a library with a shim at the ports, which a file controls."""
    width = re.search(r"output \[(\d+):0\] seen", text)
    assert width
    wires = {"m_axis_tvalid": "valid", "m_axis_tlast": "last"}
    wires |= {"s_axis_tready": "ready", "s_axis_tvalid": "offered"}
    for port, wire in wires.items():
        text, count = re.subn(rf"\.{port}\({port}\)", f".{port}({wire})", text)
        assert count == 1
    text = text.replace("assign m_axis_tdata = answer;", "").replace("assign seen", "assign raw")
    return text.replace("endmodule", _SHIM.replace("RECORD", str(int(width[1]) + 1)))


@pytest.fixture
def bulk(monkeypatch, folder_of):
    """Return a function that runs `tiny`, or `packets`, with a fault."""
    require_simulator("verilator")
    top, files = library.bulk_top, run.rtl_files

    def simulate(fault: str, steps: int = 400, *, design: str = "tiny"):
        packets = design == "packets"
        shim = with_faults_of_packets if packets else with_faults
        monkeypatch.setattr(library, "bulk_top", lambda *arguments: shim(top(*arguments)))
        number = list(FAULTS_OF_PACKETS if packets else FAULTS).index(fault)
        text = {"fault.hex": f"{number:x}\n"}
        monkeypatch.setattr(run, "rtl_files", lambda folder: files(folder) | text)
        return run.simulate_bulk(folder_of(design), steps)

    return simulate


def test_every_word_of_many_steps_is_equal(bulk, folder_of):
    result = bulk("none", 20_000)
    assert result.passed, result
    assert result.steps >= 20_000
    assert result.words_compared >= result.steps * (1 + 3 + 5 + 2 + 2)
    assert result.cycles_per_step == result.bulk.planned_cycles == 96
    assert all(result.coverage.resets.values())
    entries = json.loads((folder_of("tiny") / "simulation.json").read_text())
    assert result.words_compared in [entry["words_compared"] for entry in entries if entry["bulk"]]


@pytest.mark.parametrize("fault", list(FAULTS)[1:])
def test_a_fault_is_found(bulk, fault):
    result = bulk(fault)
    assert not result.passed
    if result.first_mismatch is None or result.failure:
        assert FAULTS[fault] in result.failure
    else:
        assert result.first_mismatch.node.startswith(FAULTS[fault])
        assert result.mismatches


@pytest.mark.parametrize("fault", FAULTS_OF_PACKETS)
def test_a_fault_of_packets_is_found(bulk, fault):
    result = bulk(fault, design="packets")
    assert result.passed == (fault == "none"), result
    node = result.first_mismatch.node if result.first_mismatch else ""
    assert FAULTS_OF_PACKETS[fault] in (result.failure or node)


@pytest.mark.parametrize(
    "shape",
    [
        {"stream_width": 128, "stream_elements": "single"},
        {"stream_width": 32, "stream_last": "sequence"},
    ],
    ids=["wide", "packed"],
)
def test_packets_of_other_shapes_stay_equal(tmp_path, shape):
    require_simulator("verilator")
    network = small_network(order=3, units=3, dense=11, inputs=5)
    x = np.random.default_rng(0).uniform(-1, 1, (4, 40, 5))
    lmu_hw.emit(lmu_hw.quantize(network, x), tmp_path / "out", **shape)
    (result,) = lmu_hw.simulate(tmp_path / "out", bulk=2_000)
    assert result.passed, result
    assert result.cycles_per_step == result.bulk.planned_cycles


@pytest.fixture(scope="module")
def streams(tmp_path_factory) -> Path:
    """Two layers that feed back, of four streams, in packets."""
    require_simulator("verilator")
    network = small_network(layers=2, order=2, units=2, dense=2, inputs=3, hidden_to_memory=True)
    design = lmu_hw.quantize(network, np.random.default_rng(0).uniform(-1, 1, (4, 40, 3)))
    folder = tmp_path_factory.mktemp("bulk") / "streams"
    lmu_hw.emit(design, folder, lanes=4, streams=4)
    return folder


@pytest.mark.parametrize("fault", FAULTS_OF_STREAMS)
def test_streams_stay_equal_and_a_fault_is_found(streams, monkeypatch, fault):
    top, files = library.bulk_top, run.rtl_files
    monkeypatch.setattr(library, "bulk_top", lambda *given: with_faults_of_streams(top(*given)))
    text = {"fault.hex": f"{list(FAULTS_OF_STREAMS).index(fault):x}\n"}
    monkeypatch.setattr(run, "rtl_files", lambda folder: files(folder) | text)
    (result,) = lmu_hw.simulate(streams, bulk=2_000)
    assert result.passed == (fault == "none"), result
    if result.passed:
        planned = json.loads((streams / "manifest.json").read_text())["streams"]["cycles_per_step"]
        assert result.cycles_per_step == result.bulk.planned_cycles == planned
        assert all(result.coverage.resets.values()) and result.bulk.sequences > 100
    elif result.failure:
        assert FAULTS_OF_STREAMS[fault] in result.failure
    else:
        assert result.first_mismatch.node.startswith(FAULTS_OF_STREAMS[fault])


@pytest.fixture(scope="module")
def everything(tmp_path_factory) -> Path:
    """Two layers that feed back, memories that can be reloaded, wide ports, one answer."""
    require_simulator("verilator")
    network = small_network(
        layers=2,
        order=3,
        theta=12.0,
        units=3,
        dense=5,
        inputs=9,
        hidden_to_memory=True,
        return_sequences=False,
    )
    x = np.random.default_rng(0).uniform(-1, 1, (4, 40, 9))
    design = lmu_hw.quantize(network, x, realization=Realization.SEMISEPARABLE)
    folder = tmp_path_factory.mktemp("bulk") / "everything"
    lmu_hw.emit(design, folder, lanes=4, reloadable="memory")
    return folder


@pytest.mark.parametrize("theta", [None, 14.0])
def test_wide_ports_feedback_and_another_window_stay_equal(everything, theta):
    (result,) = lmu_hw.simulate(everything, bulk=2_000, theta=theta)
    assert result.passed, result
    assert result.cycles_per_step == result.bulk.planned_cycles


def test_the_users_data_run_over_and_over(everything):
    x = np.random.default_rng(1).uniform(-1, 1, (3, 20, 9))
    (result,) = lmu_hw.simulate(everything, x, bulk=1_000)
    assert result.passed, result
    assert result.input_steps == result.input_steps_given == 60


def test_a_wrong_word_of_a_rom_is_named_with_both_values(everything, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(everything, folder)
    rom = next(path for path in (folder / "rtl").glob("*.hex") if "lmu1_weights" in path.name)
    text = re.sub(r"[0-9a-f](?=\n)", lambda m: f"{int(m[0], 16) ^ 15:x}", rom.read_text())
    rom.write_text(text)
    (result,) = lmu_hw.simulate(folder, bulk=1_000)
    first = result.first_mismatch
    assert not result.passed and result.changed_files == (f"rtl/{rom.name}",)
    assert first.node.startswith("lmu1.") and first.step == 0 and first.expected != first.got


def test_a_rom_without_its_words_is_refused(everything, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(everything, folder)
    rom = next((folder / "rtl").glob("*head*weights*.hex"), None) or next(
        (folder / "rtl").glob("*.hex")
    )
    rom.write_text("0\n")
    with pytest.raises(lmu_hw.ToolError, match=f"the Verilog must run, .*{rom.name} must hold"):
        lmu_hw.simulate(folder, bulk=100)
