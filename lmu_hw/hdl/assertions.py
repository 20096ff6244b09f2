# SPDX-License-Identifier: Apache-2.0
"""What holds in every cycle, as checkers in the emitted Verilog: SystemVerilog behind a macro.

A checker sees signals of the module that it stands in, drives nothing, and keeps its own account of
what they did since the last reset. Each of its properties is a wire, true while the property holds,
and an immediate assertion at the clock, which Icarus, Verilator and Yosys all read. The first
reset arms it: before that nothing is known.
"""

from __future__ import annotations

import re

from amaranth.hdl import ClockSignal, Instance, Module, ResetSignal, Value
from amaranth.utils import bits_for

from lmu_hw.hdl.checkers import CHECKERS, Checker
from lmu_hw.hdl.storage import RomFiles

__all__ = ["MACRO", "add_checker", "blocks", "checker_modules", "count_bits", "guarded"]

MACRO = "LMU_HW_ASSERT"
"""Defined by whoever wants the checkers; without it nothing of them is compiled."""


def add_checker(
    m: Module, platform: object, kind: str, place: str = "", **connections: Value | int
) -> None:
    """Let a checker watch signals, where Verilog is emitted.

    Parameters
    ----------
    m : Module
    platform : object
    kind : str
        One of `CHECKERS`.
    place : str
        Tells it from others of its kind in the same module.
    **connections : Value or int
        Its ports and parameters.
    """
    if not isinstance(platform, RomFiles):
        return
    checker = CHECKERS[kind]
    parameters = {f"p_{name}": connections[name] for name in checker.parameters}
    ports = {f"i_{name}": connections[name] for name in checker.ports}
    platform.checkers.add(kind)
    clocked = {"i_clk": ClockSignal(), "i_rst": ResetSignal()}
    m.submodules["_".join(filter(None, ("check", kind, place)))] = Instance(
        _module_name(platform.design, kind), **parameters, **clocked, **ports, a_keep=1
    )


def count_bits(largest: int) -> int:
    """Return the bits of an account that counts to `largest`."""
    return bits_for(max(largest, 1))


def checker_modules(roms: RomFiles) -> list[str]:
    """Return the SystemVerilog of all checkers that a design has, behind the macro."""
    lines = [f"`ifdef {MACRO}"] if roms.checkers else []
    for kind in sorted(roms.checkers):
        lines += _module(_module_name(roms.design, kind), CHECKERS[kind])
    return [*lines, "`endif", ""] if roms.checkers else []


def guarded(verilog: str, roms: RomFiles) -> str:
    """Put every instance of a checker behind the macro."""
    modules = "|".join(_module_name(roms.design, kind) for kind in sorted(roms.checkers))
    if not modules:
        return verilog
    instance = re.compile(rf"^  (?:{modules}) (?:#\(.*?^  \) )?\w+ \(.*?^  \);\n", re.M | re.S)
    return instance.sub(rf"`ifdef {MACRO}\n\g<0>`endif\n", verilog)


def blocks(verilog: str) -> list[str]:
    """Return the parts of emitted Verilog that the macro guards, in order."""
    return re.findall(rf"^`ifdef {MACRO}\n.*?^`endif$", verilog, re.MULTILINE | re.DOTALL)


def _module_name(design: str, kind: str) -> str:
    return f"{design}__check_{kind}"


def _module(name: str, checker: Checker) -> list[str]:
    ports = {"clk": "1", "rst": "1", **checker.ports}
    return [
        "// Asserts what the sentence at each property says, in every cycle after the first reset.",
        f"module {name}({', '.join(ports)});",
        *(f"  parameter {parameter} = 1;" for parameter in checker.parameters),
        *(
            f"  input {'' if width == '1' else f'[{width}-1:0] '}{port};"
            for port, width in ports.items()
        ),
        "  reg armed = 0;",
        "  always @(posedge clk) if (rst) armed <= 1;",
        *checker.text.split("\n"),
        *(
            line
            for name, (expression, sentence) in checker.properties.items()
            for line in (f"  // {sentence}", f"  wire {name} = {expression};")
        ),
        f"  always @(posedge clk) if (armed{'' if checker.in_reset else ' & !rst'}) begin",
        # The name of the block is what simulators print.
        *(f"    begin : assert_{name} assert ({name}); end" for name in checker.properties),
        "  end",
        "endmodule",
        "",
    ]
