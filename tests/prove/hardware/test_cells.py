# SPDX-License-Identifier: Apache-2.0
"""What cells mean, compared with Icarus: as Yosys reads Verilog, and as the machine runs it."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Sequence

import pytest

from lmu_hw.prove.algebra.atoms import forget
from lmu_hw.prove.algebra.forms import symbol
from lmu_hw.prove.algebra.words import number
from lmu_hw.prove.counterexample import Point
from lmu_hw.prove.hardware.machine import Machine
from lmu_hw.prove.hardware.netlist import Bit, read_netlist
from tests.simulators import require_simulator

_BINARY = ("+", "-", "*", "&", "|", "^", "==", "!=", "<", "<=", ">", ">=", "&&", "||")
_SHIFTS = ("<<", ">>", "<<<", ">>>")
_UNARY = ("-", "~", "!", "&", "|", "^")
_POINTS = 12


def module(rng: random.Random) -> tuple[str, dict[str, int], dict[str, int]]:
    """Return Verilog with one cell of each operator, and the widths of inputs and outputs."""
    inputs = {f"i{n}": rng.randint(1, 9) for n in range(6)}
    signs = {name: rng.choice(["signed ", ""]) for name in inputs}
    outputs: dict[str, int] = {}
    lines = []
    pick = lambda: rng.choice(list(inputs))  # noqa: E731
    texts = [f"{pick()} {operator} {pick()}" for operator in _BINARY for _ in range(3)]
    texts += [f"{operator}{pick()}" for operator in _UNARY for _ in range(3)]
    texts += [f"{pick()} {operator} {rng.randint(0, 9)}" for operator in _SHIFTS for _ in range(3)]
    texts += [f"{pick()} {operator} {pick()}" for operator in _SHIFTS]
    texts += [f"{pick()}[0] ? {pick()} : {pick()}" for _ in range(4)]
    texts += [f"{{ {pick()}, {pick()}[0], 2'h1, {pick()} }}" for _ in range(3)]
    for index, text in enumerate(texts):
        outputs[f"o{index}"] = width = rng.randint(1, 14)
        lines.append(f"  assign o{index} = {text};")
        lines.insert(0, f"  wire {rng.choice(['signed ', ''])}[{width - 1}:0] o{index};")
    ports = [f"input {signs[n]}[{w - 1}:0] {n}" for n, w in inputs.items()]
    ports += [f"output [{w - 1}:0] p{n[1:]}" for n, w in outputs.items()]
    lines += [f"  assign p{name[1:]} = {name};" for name in outputs]
    body = "\n".join(lines)
    return f"module top({', '.join(ports)});\n{body}\nendmodule\n", inputs, outputs


def on_icarus(text: str, inputs: dict[str, int], outputs: dict[str, int], points, where):
    """Return what the outputs are at each point."""
    fields = ", ".join([*inputs, *(f"p{name[1:]}" for name in outputs)])
    lines = [f"  reg [{w - 1}:0] {n};" for n, w in inputs.items()]
    lines += [f"  wire [{w - 1}:0] p{n[1:]};" for n, w in outputs.items()]
    connected = fields.split(", ")
    lines.append(f"  top dut({', '.join(f'.{f}({f})' for f in connected)});\n  initial begin")
    shown = " ".join(["%0d"] * len(outputs))
    for point in points:
        lines.append("    " + " ".join(f"{n} = {v};" for n, v in point.items()) + " #1")
        lines.append(f'    $display("{shown}", {", ".join(f"p{n[1:]}" for n in outputs)});')
    bench = "module bench;\n" + "\n".join(lines) + "\n  end\nendmodule\n"
    (where / "top.v").write_text(text + bench)
    subprocess.run(["iverilog", "-g2012", "-s", "bench", "-o", "a", "top.v"], cwd=where, check=True)
    run = subprocess.run(["vvp", "-n", "a"], cwd=where, check=True, capture_output=True, text=True)
    return [list(map(int, line.split())) for line in run.stdout.splitlines()]


@pytest.mark.parametrize("seed", range(4))
def test_numbers_and_forms_are_what_icarus_computes(seed, tmp_path):
    require_simulator("icarus")
    forget()
    rng = random.Random(seed)
    text, inputs, outputs = module(rng)
    machine = Machine(*_read(text))
    free = {n: symbol("input", (0, i), 0, (1 << w) - 1) for i, (n, w) in enumerate(inputs.items())}
    forms = machine.cycle(free)
    drawn, answers, points = [Point(random.Random(n), n) for n in range(_POINTS)], [], []
    for point in drawn:
        points.append({n: point.value(symbol) for n, symbol in free.items()})
        answers.append([point.value(number(form)) for form in forms])
    masks = [(1 << width) - 1 for width in outputs.values()]
    expected = on_icarus(text, inputs, outputs, points, tmp_path)
    for place, point in enumerate(points):
        known = machine.cycle(point)
        assert known == expected[place]
        if not drawn[place].guessed:
            assert [a & m for a, m in zip(answers[place], masks, strict=True)] == expected[place]


def _read(text: str):
    netlist = read_netlist({"top.v": text.encode()}, "top")
    observed: dict[str, Sequence[Bit]] = {**netlist.ports("output")}
    return netlist, observed
