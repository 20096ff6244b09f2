# SPDX-License-Identifier: Apache-2.0
"""Properties that compare data, shown by the `abc` that comes with Yosys: induction, then PDR."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from lmu_hw.errors import ToolError
from lmu_hw.implement.tools import run_program
from lmu_hw.prove.control.circuit import Bit, Circuit

__all__ = ["aiger", "holds_always"]

_PROVED = "Property proved"
_SOLVED = "Networks are equivalent"


def holds_always(circuit: Circuit, wires: Sequence[str], *, seconds: float) -> bool:
    """Say whether wires are shown to be 1 from the first reset on; False if abc does not decide.

    Raises
    ------
    ToolError
        If abc fails.
    """
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        (work / "net.aig").write_bytes(aiger(circuit, wires))
        script = f"read_aiger net.aig; pdr -T {max(round(seconds), 1)}"
        status, said = run_program([str(_abc()), "-c", script], work, "abc.log")
    if status:
        raise ToolError(f"abc must not fail, but did: {said[-200:]}")
    return _PROVED in said


def _abc() -> Path:
    spec = find_spec("pyosys")
    if spec is None or spec.origin is None:
        raise ToolError("pyosys must be installed: abc comes with it")
    return Path(spec.origin).with_name("yosys-abc")


def aiger(circuit: Circuit, wires: Sequence[str]) -> bytes:
    """Return a circuit in binary AIGER, with one output that is 1 where one of some wires is 0.

    All registers begin with 0, as abc wants it. So one more is 0 in the first cycle only: in that
    cycle it puts what is free in the place of what registers hold, and the reset is 1.
    """
    file = _Aiger()
    cone = circuit.cone([circuit.net(name) for name in (*wires, "rst")])
    inputs = {bit: file.input() for bit in cone.free}
    contents = {bit: file.input() for bit in cone.registers}
    started = file.register()
    registers = {bit: file.register() for bit in cone.registers}
    literals: dict[Bit, int] = {"0": 0, "1": 1, **inputs}
    reset = file.both(inputs[circuit.reset] ^ 1, started) ^ 1
    literals[circuit.reset] = reset
    for bit, register in registers.items():
        later, first = file.both(register, started), file.both(contents[bit], started ^ 1)
        literals[bit] = file.both(later ^ 1, first ^ 1) ^ 1
    for bit in cone.gates:
        operands = [literals[operand] for operand in circuit.gates[bit]]
        literals[bit] = file.both(*operands) if len(operands) > 1 else operands[0] ^ 1
    file.connect(started, 1)
    for bit, register in registers.items():
        file.connect(register, literals[circuit.registers[bit]])
    holds = started  # before the first reset nothing is claimed
    fine = 1
    for name in wires:
        fine = file.both(fine, literals[circuit.net(name)])
    return file.write(file.both(holds, fine ^ 1))


class _Aiger:
    """Literals of AIGER: twice a number, and 1 more for the opposite."""

    def __init__(self) -> None:
        self._inputs = 0
        self._next: dict[int, int] = {}
        self._ands: list[tuple[int, int, int]] = []

    @property
    def _literal(self) -> int:
        return 2 * (1 + self._inputs + len(self._next) + len(self._ands))

    def input(self) -> int:
        literal, self._inputs = self._literal, self._inputs + 1
        return literal

    def register(self) -> int:
        literal = self._literal
        self._next[literal] = 0
        return literal

    def connect(self, register: int, following: int) -> None:
        self._next[register] = following

    def both(self, a: int, b: int) -> int:
        literal = self._literal
        self._ands.append((literal, max(a, b), min(a, b)))
        return literal

    def write(self, output: int) -> bytes:
        counts = self._inputs, len(self._next), 1, len(self._ands)
        total = self._inputs + len(self._next) + len(self._ands)
        lines = [f"aig {total} {' '.join(map(str, counts))}", *map(str, self._next.values())]
        data = bytearray("\n".join([*lines, str(output), ""]).encode())
        for literal, a, b in self._ands:
            for difference in (literal - a, a - b):
                while difference >= 0x80:
                    data.append(difference & 0x7F | 0x80)
                    difference >>= 7
                data.append(difference)
        return bytes(data)
