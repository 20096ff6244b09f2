# SPDX-License-Identifier: Apache-2.0
"""RTLIL to Verilog in a process of its own: ``python -P _yosys.py IN.il OUT.v``.

Yosys keeps global state and ends the process on an error, so it never runs in the caller's.
"""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

# By its path: this process knows nothing of the package.
_NAMED = runpy.run_path(str(Path(__file__).with_name("_net_names.py")))["named"]

_IDENTIFIER = re.compile(r'(?<=\s)\\[^\s"]+')
_MODULE = re.compile(r"^module (\\\S+)$", re.MULTILINE)
_PLAIN = re.compile(r"\\[A-Za-z_]\w*")
_READ = re.compile(r"^  assign (\w+) = (_\d+_);$", re.MULTILINE)
_READ_AT_ONCE = re.compile(r"^  assign \w+ = (\w+)\[.*\];$", re.MULTILINE)
_MEMORY = re.compile(r"^ +reg \[\d+:\d+\] (\w+) \[\d+:\d+\];$", re.MULTILINE)


def plain_names(rtlil: str) -> str:
    """Rename every identifier that Verilog would have to escape; distinct names stay distinct.

    Modules have two underscores behind the name of the top, as no other design has.
    """
    names, modules = set(_IDENTIFIER.findall(rtlil)), set(_MODULE.findall(rtlil))
    used = {name for name in names if _PLAIN.fullmatch(name)}
    renamed = {}
    for name in sorted(names - used):
        top, dot, rest = name[1:].partition(".") if name in modules else ("", "", name[1:])
        plain = f"\\{top}{'__' if dot else ''}" + re.sub(r"\W+", "_", rest).strip("_")
        while plain in used:
            plain += "_"
        used.add(plain)
        renamed[name] = plain
    return _IDENTIFIER.sub(lambda match: renamed.get(match[0], match[0]), rtlil)


def without_collisions(verilog: str) -> str:
    """Mark every memory that is read into a register: no word is used that is read while written.

    Block RAM may then answer anything in that cycle; without the mark Yosys adds registers, a
    comparison of addresses and a multiplexer behind each memory, to answer what was there before.
    A memory that is read at once, without a register, answers what was there before in any chip.
    """
    modules = verilog.split("\nendmodule\n")
    for place, module in enumerate(modules):
        at_once = set(_READ_AT_ONCE.findall(module))
        modules[place] = _MEMORY.sub(
            lambda match, at_once=at_once: (
                match[0] if match[1] in at_once else f"  (* no_rw_check *)\n{match[0]}"
            ),
            module,
        )
    return "\nendmodule\n".join(modules)


def named_reads(verilog: str) -> str:
    """Name the registers behind memories, which `write_verilog` numbers, after what they drive."""
    modules = verilog.split("\nendmodule\n")
    for place, module in enumerate(modules):
        for name, number in _READ.findall(module):
            modules[place] = re.sub(rf"\b{number}\b", f"_{name}_register", modules[place])
    return "\nendmodule\n".join(modules)


def main(source: Path, target: Path) -> None:
    """Convert `source` to `target`; intermediate files lie beside `source`."""
    from pyosys import libyosys as yosys

    clean, plain = source.with_suffix(".clean.il"), source.with_suffix(".plain.il")
    # Plain assigns instead of `always @*`: Icarus never evaluates those without an event.
    _run(
        yosys,
        f'read_rtlil "{source}"',
        # Registers that need a value have a reset; memories are read only where they were written.
        "setattr -unset init w:*",
        "delete t:$meminit_v2",
        # A switch over constants stays logic: a table would be set in an `initial` block.
        "proc -norom",
        "pmuxtree",
        "opt_expr",
        "opt_merge",
        "opt_clean -purge",
        "memory_collect",
        "opt_clean -purge",
        f'write_rtlil "{clean}"',
    )
    plain.write_text(plain_names(_NAMED(clean.read_text())))
    _run(yosys, f'read_rtlil "{plain}"', f'write_verilog -noattr "{target}"')
    target.write_text(named_reads(without_collisions(target.read_text())))


def _run(yosys: object, *commands: str) -> None:
    design = yosys.Design()  # type: ignore[attr-defined]
    for command in commands:
        yosys.run_pass(command, design)  # type: ignore[attr-defined]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
