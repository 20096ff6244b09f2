# SPDX-License-Identifier: Apache-2.0
"""Netlists against the golden model: gates and cells, unknown at power-up; and wrong ones."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

import lmu_hw
from lmu_hw.implement.flows import Cells
from lmu_hw.implement.netlist import Netlist, make_netlist
from sim.designs import DESIGNS
from tests.networks import network as small_network
from tests.networks import noise
from tests.simulators import require_simulator

CYCLES = 300
KINDS = {
    "passes": {"units": 2, "order": 4, "theta": 12.0, "realization": "two-pass"},
    "reloadable": {
        "units": 2,
        "memory_d": 2,
        "realization": "semiseparable",
        "reloadable": "memory",
    },
    "all coefficients, error feedback": {
        "units": 2,
        "order": 2,
        "memory_d": 2,
        "error_feedback": True,
        "reloadable": "all",
    },
    "gru": {"units": 2, "order": 2, "hidden": "gru"},
}


@pytest.fixture(scope="module")
def smallest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a network of few gates."""
    return _emitted(tmp_path_factory, hidden="rnn", order=2, units=2, dense=1)


def _emitted(
    factory: pytest.TempPathFactory,
    realization: str = "dense",
    error_feedback: bool = False,
    reloadable: str = "none",
    **options,
) -> Path:
    network = small_network(**options)
    words = {"weight_bits": 4, "state_bits": 10, "activation_bits": 5}
    memory = {"realization": realization, "error_feedback": error_feedback}
    design = lmu_hw.quantize(network, noise(network, sequences=4, steps=30), **words, **memory)
    folder = factory.mktemp("netlists") / "small"
    streams = {"stream_width": "vector"}
    lmu_hw.emit(design, folder, lanes=1, name="few", reloadable=reloadable, **streams)
    return folder


@pytest.fixture(scope="module")
def gates(smallest) -> Netlist:
    files = {path.name: path.read_text() for path in (smallest / "rtl").iterdir()}
    return make_netlist(files, "few", Cells.GENERIC)


def simulated(folder: Path, monkeypatch, netlist: Netlist):
    """Return the result of a netlist that stands for that of a folder."""
    from lmu_hw.simulate import subject
    from lmu_hw.simulate.run import simulate

    require_simulator("icarus")
    monkeypatch.setattr(subject, "make_netlist", lambda *_: netlist)
    (result,) = simulate(folder, simulators=["icarus"], netlist=netlist.cells, max_cycles=CYCLES)
    return result


def test_gates_are_equal_to_the_golden_model(smallest, gates, monkeypatch):
    result = simulated(smallest, monkeypatch, gates)
    assert result.passed
    assert result.netlist.count == gates.count > 0
    assert result.coverage.resets["within a step"] > 0


@pytest.mark.parametrize("cells", [Cells.ECP5, Cells.ICE40, Cells.XILINX7], ids=lambda c: c.value)
def test_cells_are_equal_to_the_golden_model(smallest, cells):
    require_simulator("icarus")
    (result,) = lmu_hw.simulate(smallest, netlist=cells, max_cycles=CYCLES)
    assert result.passed
    assert result.netlist.flip_flops > 100


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_layer_is_equal_as_gates(tmp_path_factory, kind):
    require_simulator("icarus")
    folder = _emitted(tmp_path_factory, **KINDS[kind])
    (result,) = lmu_hw.simulate(folder, netlist="generic", max_cycles=CYCLES)
    assert result.passed


def test_coefficients_that_can_be_written_keep_their_first_words(tmp_path):
    # One memory has one word, which has no address; small ones become flip-flops in cells.
    require_simulator("icarus")
    design, lanes = DESIGNS["reloadable_scan"]()
    lmu_hw.emit(design, tmp_path / "scan", lanes=lanes, reloadable="memory")
    (result,) = lmu_hw.simulate(tmp_path / "scan", netlist=Cells.ICE40, max_cycles=CYCLES)
    assert result.passed
    assert result.netlist.words > 0


def _first_gate(verilog: str) -> str:
    """Exchange a gate in the path of the answers for another."""
    return verilog.replace(r"\$_XOR_ ", r"\$_OR_ ", 1)


def _no_reset(verilog: str) -> str:
    """Take the reset away from every flip-flop."""
    return re.sub(r"\.R\(rst\)", ".R(1'h0)", verilog)


def _swapped_bit(verilog: str) -> str:
    """Exchange a bit of a coefficient of the head."""
    words = r"layer_dense\.weight_roms\.rom_0\.bank_0\.rom\.words"
    (entry,) = re.findall(rf"^ +\\{words} \[0\] = .*;$", verilog, re.M)
    digit = entry[-2]
    return verilog.replace(entry, f"{entry[:-2]}{int(digit, 16) ^ 1:x};")


@pytest.mark.parametrize("mutant", [_first_gate, _no_reset, _swapped_bit])
def test_a_wrong_netlist_is_different(smallest, gates, monkeypatch, mutant):
    wrong = mutant(gates.verilog)
    assert wrong != gates.verilog
    result = simulated(smallest, monkeypatch, replace(gates, verilog=wrong))
    assert not result.passed
