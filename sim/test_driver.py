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
from lmu_hw.quantize import Realization
from lmu_hw.reload import reload, writes_text
from lmu_hw.simulate.process import environment_of
from lmu_hw.simulate.simulators import Simulator, find
from lmu_hw.simulate.simulators.verilator import TOGETHER
from sim.conftest import EXAMPLES
from tests.integration.test_driver import STRICT
from tests.simulators import require_simulator

IMAGES = 3
BENCH = Path(__file__).with_name("driver_bench.cpp")


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """Return the folder of digits with registers, behind streams of 32 bits."""
    network = lmu_hw.load(EXAMPLES / "digits" / "model.safetensors")
    calibration = np.load(EXAMPLES / "digits" / "calibrate_x.npy")
    scale, realization = Fraction(1, 16), Realization.SEMISEPARABLE
    design = lmu_hw.quantize(network, calibration, input_scale=scale, realization=realization)
    folder = tmp_path_factory.mktemp("digits")
    lmu_hw.emit(design, folder, registers=True, reloadable=True, stream_width=32)
    return folder


def test_digits_are_classified_through_the_driver_with_two_networks(digits, tmp_path):
    require_simulator("verilator")
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
    said = run(digits, tmp_path, ",".join(map(str, places))).splitlines()
    expected, saturations = [], []
    for network in (design.network, other):
        golden = GoldenModel(network)
        codes, outside = golden.run(golden.quantize_input(x))
        answers = dequantize(codes, network.output.format)
        saturations.append([outside[node] for node in saturating_nodes(plan)])
        expected += [[float(f"{value:.17g}") for value in row] for row in answers.tolist()]
    got = [list(map(float, line.split()[1:])) for line in said if line.startswith("answer")]
    assert [line for line in said if line.startswith("failed")] == []
    assert got == expected and expected[:IMAGES] != expected[IMAGES:]
    assert f"saturations {' '.join(map(str, saturations[0]))}" in said
    assert "refused 2" in said
    assert f"counts {2 * x.shape[0] * x.shape[1] + 1} {2 * IMAGES}" in said


def retrained():
    """Return a network of the same shape with other weights and another memory."""
    network = lmu_hw.load(EXAMPLES / "digits" / "model.safetensors")
    layer, head = network.layers
    hidden = replace(layer.hidden, W_m=0.9 * layer.hidden.W_m, b=layer.hidden.b[::-1])
    return replace(network, layers=(replace(layer, hidden=hidden), replace(head, W=head.W[::-1])))


def run(design, folder, saturations):
    """Compile driver, design and bench in a folder; return what the bench prints.

    Parameters
    ----------
    saturations : str
        Offsets of their counters.
    """
    for path in (*design.glob("rtl/*"), *design.glob("driver/*"), BENCH):
        (folder / path.name).write_bytes(path.read_bytes())
    environment = environment_of(find(Simulator.VERILATOR))
    options = [
        *TOGETHER,
        "--cc",
        "--exe",
        "--build",
        "-O3",
        "--prefix",
        "Vdut",
        "--top-module",
        "digits",
    ]
    options += [
        "-Wno-fatal",
        "-Wno-lint",
        "--x-initial",
        "unique",
        "-CFLAGS",
        f"-I.. -O1 -DSATURATIONS={saturations}",
    ]
    for command in (
        ["cc", *STRICT, "-O1", "-c", "digits.c", "-o", "digits.o"],
        ["verilator", *options, "digits.v", BENCH.name, "../digits.o", "-o", "bench"],
        [str(folder / "obj_dir" / "bench")],
    ):
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout
