# SPDX-License-Identifier: Apache-2.0
"""The driver in C in front of the Verilated design: real digits, other coefficients."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import lmu_hw
from lmu_hw.fixed.ops import dequantize
from lmu_hw.folder import DesignFolder
from lmu_hw.golden import GoldenModel
from lmu_hw.hdl.ports import saturating_nodes
from lmu_hw.hdl.registers.map import register_map
from lmu_hw.manifest import read_plan
from lmu_hw.plan import StateMap
from lmu_hw.quantize import Realization
from lmu_hw.reload import reload, writes_text
from lmu_hw.simulate.process import environment_of
from lmu_hw.simulate.simulators import Simulator, find
from lmu_hw.simulate.simulators.verilator import TOGETHER
from sim.designs import EXAMPLES
from tests.integration.designs import STRICT
from tests.networks import network as small_network
from tests.simulators import require_simulator

IMAGES = 3
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """Return the folder of digits with registers and access to its states, in beats of 32 bits."""
    network = lmu_hw.load(EXAMPLES / "digits" / "model.safetensors")
    calibration = np.load(EXAMPLES / "digits" / "calibrate_x.npy")
    scale, realization = Fraction(1, 16), Realization.SEMISEPARABLE
    design = lmu_hw.quantize(network, calibration, input_scale=scale, realization=realization)
    folder = tmp_path_factory.mktemp("digits")
    lmu_hw.emit(design, folder, registers=True, reloadable=True, state_access=True)
    return folder


@pytest.fixture(scope="module")
def session(digits, tmp_path_factory):
    """Return images, both networks, and what the bench prints of a session with the design."""
    require_simulator("verilator")
    tmp_path = tmp_path_factory.mktemp("driver")
    x = np.load(EXAMPLES / "digits" / "test_x.npy")[:IMAGES].astype(np.float64)
    design = lmu_hw.read_design(digits)
    plan = read_plan(DesignFolder(digits), design.network)
    reloaded = reload(digits, retrained())
    other = reloaded.design.network
    lines = [str(x.shape[1]), *map(repr, x.ravel().tolist())]
    (tmp_path / "x.txt").write_text("\n".join(lines))
    (tmp_path / "writes.h").write_text(
        writes_text(reloaded.writes, "writes.h", bits=reloaded.data_bits)
    )
    places = [r.offset for r in register_map(plan).registers if "SATURATIONS" in r.name]
    (tmp_path / "places.h").write_text(f"#define SATURATIONS {', '.join(map(str, places))}\n")
    said = run(digits, tmp_path).splitlines()
    assert [line for line in said if line.startswith("failed")] == []
    return x, plan, (design.network, other), said


def test_digits_are_classified_through_the_driver_with_two_networks(session):
    x, plan, networks, said = session
    expected, saturations = [], []
    for network in networks:
        golden = GoldenModel(network)
        codes, outside = golden.run(golden.quantize_input(x))
        answers = dequantize(codes, network.output.format)
        saturations.append([outside[node] for node in saturating_nodes(plan)])
        expected += [[float(f"{value:.17g}") for value in row] for row in answers.tolist()]
    got = [list(map(float, line.split()[1:])) for line in said if line.startswith("answer")]
    assert got == expected and expected[:IMAGES] != expected[IMAGES:]
    assert f"saturations {' '.join(map(str, saturations[0]))}" in said
    assert "refused 2" in said
    assert f"counts {2 * x.shape[0] * x.shape[1] + 1} {2 * IMAGES}" in said


def test_a_state_that_was_saved_through_the_driver_is_gone_on_from(session):
    x, plan, (_, network), said = session
    golden, half = GoldenModel(network), x.shape[1] // 2
    codes = golden.quantize_input(x[:1])
    state = golden.trace(codes[:, :half]).state
    saved = [state[block.vector.name].ravel() for block in StateMap(plan).blocks]
    printed = " ".join(map(str, [half + 1, *np.concatenate(saved).tolist()]))
    assert f"state {printed}" in said
    answer = dequantize(golden.run(codes)[0], network.output.format)[0]
    lines = {line.split()[0]: line.split()[1:] for line in said}
    for what in ("gone_on", "restored"):
        assert list(map(float, lines[what])) == [float(f"{value:.17g}") for value in answer]


def retrained():
    """Return a network of the same shape with other weights and another memory."""
    network = lmu_hw.load(EXAMPLES / "digits" / "model.safetensors")
    layer, head = network.layers
    hidden = replace(layer.hidden, W_m=0.9 * layer.hidden.W_m, b=layer.hidden.b[::-1])
    return replace(network, layers=(replace(layer, hidden=hidden), replace(head, W=head.W[::-1])))


@pytest.fixture(scope="module")
def streams(tmp_path_factory):
    """Return the folder of a small design of four streams, with registers and access to states."""
    network = small_network(order=3, units=3, dense=2, inputs=2, hidden_to_memory=True)
    design = lmu_hw.quantize(network, np.random.default_rng(0).uniform(-1, 1, (4, 40, 2)))
    folder = tmp_path_factory.mktemp("streams")
    options = {"name": "digits", "lanes": 4, "streams": 4}  # the name that the benches have
    lmu_hw.emit(design, folder, **options, registers=True, state_access=True)
    return folder


def test_streams_are_driven_in_turn_and_a_state_moves_to_another_one(streams, tmp_path):
    require_simulator("verilator")
    network = lmu_hw.read_design(streams).network
    plan, golden = read_plan(DesignFolder(streams), network), GoldenModel(network)
    x = np.random.default_rng(1).uniform(-1, 1, (4, 8, 2))
    (tmp_path / "x.txt").write_text("\n".join(["8", *map(repr, x.ravel().tolist())]))
    said = run(streams, tmp_path, bench="driver_streams_bench.cpp").splitlines()
    codes = golden.quantize_input(x)
    values = dequantize(golden.run(codes)[0], network.output.format).tolist()
    lines = [
        [what, *map(float, numbers)]
        for what, *numbers in map(str.split, said)
        if what in ("answer", "moved")
    ]
    turns = [["answer", s, *values[s][t]] for t in range(8) for s in (3, 2, 1, 0)]
    assert lines == [*turns, *(["moved", 2, *values[1][t]] for t in range(4, 8))]
    state = golden.trace(codes[1:2, :4]).state
    saved = np.concatenate([state[block.vector.name].ravel() for block in StateMap(plan).blocks])
    assert f"state 5 {' '.join(map(str, saved.tolist()))}" in said
    assert "no stream -3" in said and not [line for line in said if line.startswith("failed")]


def run(design, folder, *, bench="driver_bench.cpp"):
    """Compile driver, design and bench, a file, in a folder; return what the bench prints."""
    own = [HERE / bench, HERE / "driver_port.h"]
    for path in (*design.glob("rtl/*"), *design.glob("driver/*"), *own):
        (folder / path.name).write_bytes(path.read_bytes())
    environment = environment_of(find(Simulator.VERILATOR))
    options = [*TOGETHER, "--cc", "--exe", "--build", "-O3", "--prefix", "Vdut"]
    options += ["--top-module", "digits", "-Wno-fatal", "-Wno-lint", "--x-initial", "unique"]
    options += ["-CFLAGS", "-I.. -O1"]
    for command in (
        ["cc", *STRICT, "-O1", "-c", "digits.c", "-o", "digits.o"],
        ["verilator", *options, "digits.v", bench, "../digits.o", "-o", "bench"],
        [str(folder / "obj_dir" / "bench")],
    ):
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout
