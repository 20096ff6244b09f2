# SPDX-License-Identifier: Apache-2.0
"""Checkers in the emitted Verilog: silent for a sound design, and each of them can fail."""

from __future__ import annotations

import functools
import os
import re
import subprocess

import numpy as np
import pytest

from lmu_hw.hdl import emit_verilog
from lmu_hw.hdl.assertions import MACRO
from lmu_hw.hdl.checkers import CHECKERS
from lmu_hw.hdl.checkers.registers import OF_REGISTERS
from lmu_hw.prove.control.trace import Trace, replay
from lmu_hw.simulate import Simulator, find
from tests import networks, registered
from tests.broken_control import (
    BROKEN,
    BROKEN_PACKETS,
    broken,
    broken_packets,
    small_design,
    small_packets,
)
from tests.interleaved import plan_of
from tests.replays import failures
from tests.simulators import require_simulator


def run(folder, files):
    """Drive a small design at random, with a reset on the way; return what fails, in order.

    Packets are mostly malformed then.
    """
    random = np.random.default_rng(3)
    names = ["rst", "s_axis_tvalid", "s_axis_tlast", "m_axis_tready", "s_axis_tdata"]
    widths = dict.fromkeys(names, 1) | {"s_axis_tdata": 16}
    if "s_axis_tkeep" in files["tiny.v"]:
        names += ["s_axis_tkeep", "s_axis_tuser"]
        widths |= {"s_axis_tkeep": 4, "s_axis_tuser": 1, "s_axis_tdata": 32}
    cycles = []
    for cycle in range(500):
        bits = dict(zip(names, random.integers(0, 2, len(names)).tolist(), strict=True))
        cycles.append(
            {**bits, "rst": int(cycle in (0, 1, 250)), "s_axis_tvalid": int(cycle % 7 != 0)}
        )
    trace = Trace(widths=widths, cycles=cycles, failed="")
    return failures(folder, files, replay("tiny", trace))


def test_nothing_of_them_is_read_without_the_macro():
    _, _, files = small_design()
    text = files["tiny.v"]
    guarded = re.compile(rf"^`ifdef {MACRO}\n.*?^`endif\n", re.MULTILINE | re.DOTALL)
    assert "check_" in text
    assert not re.search(r"check_|assert", guarded.sub("", text))


OF_PACKETS = {"receiver", "answers", "sender"}


@functools.cache
def small_streams():
    """Return the files of a design of two streams."""
    network = networks.quantized(networks.network(order=2, units=2))
    return emit_verilog(network, plan_of(network, 2, width=32), digest="0" * 64)


@pytest.mark.parametrize("kind", CHECKERS)
def test_every_kind_is_in_a_design_and_asserts_its_properties(kind):
    files = (small_packets if kind in OF_PACKETS else small_design)()[2]
    files = small_streams() if kind == "stream_answers" else files
    files = registered.emitted() if kind in OF_REGISTERS else files
    module = re.search(rf"^module tiny__check_{kind}\(.*?^endmodule", files["tiny.v"], re.M | re.S)
    assert re.search(rf"^  tiny__check_{kind} ", files["tiny.v"], re.MULTILINE)
    assert re.findall(r"assert \((\w+)\)", module[0]) == list(CHECKERS[kind].properties)


def test_a_sound_design_fails_none(tmp_path):
    _, _, files = small_design()
    assert run(tmp_path, files) == []


def test_answers_of_several_streams_that_wait_fail_none(tmp_path):
    """Five and more are held, which 2 bits do not count."""
    ones = ("rst", "s_axis_tvalid", "s_axis_tlast", "s_axis_tuser", "s_axis_tid", "m_axis_tready")
    widths = dict.fromkeys(ones, 1) | {"s_axis_tdata": 32, "s_axis_tkeep": 4}
    offered = {**dict.fromkeys(widths, 0), "s_axis_tvalid": 1, "s_axis_tlast": 1}
    cycles = [{**offered, "rst": int(n < 2), "m_axis_tready": int(n > 400)} for n in range(500)]
    trace = Trace(widths=widths, cycles=cycles, failed="")
    assert failures(tmp_path, small_streams(), replay("tiny", trace)) == []


def test_packets_that_are_malformed_fail_none(tmp_path):
    assert run(tmp_path, small_packets()[2]) == []


@pytest.mark.parametrize("how", BROKEN_PACKETS)
def test_broken_packets_fail_their_assertion(tmp_path, how):
    assert BROKEN_PACKETS[how][0] in run(tmp_path, broken_packets(how))


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_design_fails_its_assertion(tmp_path, how):
    assert BROKEN[how][0] in run(tmp_path, broken(how))


def test_verilator_reads_them(tmp_path):
    require_simulator("verilator")
    for name, text in small_design()[2].items():
        (tmp_path / name).write_text(text)
    command = ["verilator", "--lint-only", "--assert", f"-D{MACRO}", "--top-module", "tiny"]
    environment = {**os.environ, **find(Simulator.VERILATOR).environment}
    subprocess.run([*command, "-Wno-lint", "tiny.v"], cwd=tmp_path, env=environment, check=True)
