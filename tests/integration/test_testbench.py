# SPDX-License-Identifier: Apache-2.0
"""The testbench in a design's folder passes without Python, and fails where it must."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import lmu_hw
from tests.integration.designs import design
from tests.integration.scripts import run

PASS = "PASS tiny: "


def verdicts(answer: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in answer.stdout.splitlines() if line.startswith(("PASS", "FAIL"))]


@pytest.fixture
def copy(folder, tmp_path) -> Path:
    """A copy of a design's folder, to be changed."""
    return shutil.copytree(folder, tmp_path / "out")


def edit(path: Path, change: Callable[[str], str]) -> None:
    text = path.read_text()
    changed = change(text)
    assert changed != text
    path.write_text(changed)


def test_it_passes_and_says_how_much_it_compared(copy):
    answer = run(copy)
    beats = len((copy / "testbench" / "tiny_answers.hex").read_text().split())
    assert answer.returncode == 0, answer.stdout
    assert len(verdicts(answer)) == 1
    assert verdicts(answer)[0].startswith(f"{PASS}{beats} beats of answers equal, ")


SHAPES = {
    "bytes": (8, "packed", "vector"),
    "words, to the end of a sequence": (32, "packed", "sequence"),
    "an element in a beat": (16, "single", "vector"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_it_passes_with_packets(tmp_path, shape):
    width, elements, last = SHAPES[shape]
    lmu_hw.emit(
        design(),
        tmp_path / "out",
        lanes=2,
        stream_width=width,
        stream_elements=elements,
        stream_last=last,
    )
    assert verdicts(run(tmp_path / "out"))[0].startswith(PASS)


def _ignore_reset(text: str) -> str:
    """Let reset work once only; nothing is handed over in any."""
    head, body = text.split("endmodule", 1)
    head = head.replace(".rst(rst)", ".rst(rst & first)")
    state = "  reg first = 1;\n  always @(posedge clk) if (!rst) first <= 0;\n"
    return f"{head}{state}endmodule{body}"


def _driven(port: str, value: str) -> Callable[[str], str]:
    """Return what ties an output of the top."""
    return lambda text: re.sub(rf"assign {port} = .*;", f"assign {port} = {value};", text, count=1)


BROKEN = {
    "a sum": lambda text: re.sub(r"(module \w+_mac\(.*?) \+ ", r"\1 - ", text, count=1, flags=re.S),
    "no answers": _driven("m_axis_tvalid", "0"),
    "unknown handshake": _driven("s_axis_tready", "1'bx"),
    "beats in reset": _driven("s_axis_tready", "1"),
    "reset without effect": _ignore_reset,
}


@pytest.mark.parametrize("what", BROKEN)
def test_it_fails_on_changed_verilog(copy, what):
    edit(copy / "rtl" / "tiny.v", BROKEN[what])
    answer = run(copy)
    assert answer.returncode != 0
    assert [line[:10] for line in verdicts(answer)] == ["FAIL tiny:"]


def _flip(text: str) -> str:
    """Change the lowest bit of every word."""
    return re.sub(r"(.)$", lambda digit: f"{int(digit[1], 16) ^ 1:x}", text, flags=re.MULTILINE)


FILES = {
    "rtl/tiny__lmu0_weights.hex": _flip,
    "testbench/tiny_input.hex": _flip,
    "testbench/tiny_answers.hex": _flip,
}


@pytest.mark.parametrize("name", FILES)
def test_it_fails_on_changed_contents(copy, name):
    edit(copy / name, FILES[name])
    answer = run(copy)
    assert answer.returncode != 0
    assert [line[:10] for line in verdicts(answer)] == ["FAIL tiny:"]


@pytest.mark.parametrize("name", ["tiny_input.hex", "tiny_answers.hex"])
def test_it_fails_without_all_vectors(copy, name):
    edit(copy / "testbench" / name, lambda text: text[: text.rindex("\n", 0, -1) + 1])
    answer = run(copy)
    assert answer.returncode != 0
    assert f"{name} must hold all beats" in verdicts(answer)[0]


def test_it_passes_and_fails_on_verilator(copy):
    answer = run(copy, "verilator")
    assert answer.returncode == 0, answer.stderr
    assert "%Warning" not in answer.stderr
    assert verdicts(answer)[0].startswith(PASS)
    edit(copy / "testbench" / "tiny_answers.hex", _flip)
    program = copy / "testbench" / "tiny_verilated" / "tiny"
    again = subprocess.run([program], cwd=copy, capture_output=True, text=True, check=False)
    assert again.returncode != 0
    assert verdicts(again)[0].startswith("FAIL tiny: ")


def test_without_verilator_it_says_what_is_missing(folder):
    command = ["sh", str(folder / "testbench" / "verilator.sh")]
    environment = {"PATH": "/usr/bin:/bin", "PYTHON": "false"}
    answer = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert answer.returncode == 2
    assert answer.stderr.startswith("verilator must be installed, or be a package of false")
    assert not (folder / "testbench" / "tiny_verilated").exists()


def test_it_dumps_waves_where_it_is_asked(copy):
    assert run(copy).returncode == 0
    assert not (copy / "tiny.vcd").exists()
    assert run(copy, "icarus", "+dump").returncode == 0
    assert "$enddefinitions" in (copy / "tiny.vcd").read_text()
