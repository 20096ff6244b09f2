# SPDX-License-Identifier: Apache-2.0
"""Several designs in one project, and ROM files that lie elsewhere or not at all."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from lmu_hw.hdl.roms import rom_modules
from lmu_hw.hdl.storage import Rom, RomFiles
from tests import networks
from tests.plain_bench import Design, build
from tests.plans import fastest_plan
from tests.simulators import require_simulator


@pytest.fixture(scope="module")
def pair():
    """Two designs with other weights below the same names of layers."""

    def made(name: str, seed: int):
        model = networks.network(
            order=3, units=2, hidden="simple_rnn", activation="tanh", seed=seed
        )
        network = replace(networks.quantized(model, weight_bits=8, state_bits=10), name=name)
        codes = network.input.format.max_code
        sequence = networks.noise(model, sequences=1, steps=6)[0]
        return Design(
            network=network,
            plan=fastest_plan(network, 2),
            sequences=[(sequence * codes).astype(int), (sequence[:1] * -codes).astype(int)],
        )

    return [made("alpha", 1), made("beta", 2)]


@pytest.fixture(scope="module", params=["icarus", "verilator"])
def simulation(request, pair, tmp_path_factory):
    """The folder of one simulation of both designs, and the command that runs it."""
    require_simulator(request.param)
    folder = tmp_path_factory.mktemp(request.param)
    return folder, build(folder, pair, request.param)


def run(simulation):
    folder, command = simulation
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_two_designs_share_a_simulation(simulation, pair):
    lines = run(simulation).stdout.splitlines()
    for design in pair:
        mine = [line for line in lines if line.startswith(f"{design.name} ")]
        assert len(mine) == 7
        assert mine == design.expected()


@pytest.mark.parametrize("text", [None, "", "00\n"], ids=["missing", "empty", "short"])
def test_a_rom_without_its_words_ends_the_simulation(simulation, text):
    file = simulation[0] / "beta__lmu0_weights.hex"
    words = file.read_text()
    file.unlink()
    if text is not None:
        file.write_text(text)
    done = run(simulation)
    file.write_text(words)
    assert done.returncode != 0
    assert "beta__lmu0_weights.hex must hold" in done.stdout + done.stderr


def test_rom_files_lie_in_the_folder_of_the_macro(pair, tmp_path):
    command = build(tmp_path, pair[:1], defines=('ALPHA_ROM_PATH="roms/"',))
    (tmp_path / "roms").mkdir()
    for file in tmp_path.glob("*.hex"):
        file.rename(tmp_path / "roms" / file.name)
    assert run((tmp_path, command)).stdout.splitlines() == pair[0].expected()


@pytest.mark.parametrize("mode", ["", "-sv", "-formal"])
def test_yosys_reads_rom_files_in_the_folder_of_the_macro(pair, tmp_path, mode):
    for name, text in pair[0].sources().items():
        (tmp_path / name).write_text(text)
    code = "import sys; from pyosys import libyosys as y; y.run_pass(sys.argv[1], y.Design())"
    read = f'read_verilog {mode} -DALPHA_ROM_PATH="{tmp_path}/" {tmp_path}/alpha.v'
    subprocess.run([sys.executable, "-c", code, read], cwd="/", check=True, capture_output=True)


# What a test constructs without simulating it is never elaborated.
@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
@pytest.mark.usefixtures("collected")
@pytest.mark.parametrize(("depth", "forced"), [(10, False), (640, True)])
def test_only_what_fills_blocks_is_forced_into_them(depth, forced):
    roms = RomFiles("design")
    roms.add(Rom(name="r", words=[0] * depth, width=15))
    assert ("block" in "\n".join(rom_modules(roms))) == forced
